// What the load generator asks, and which reply it expects: the lines of a file of keys, and names that it invents.
// Reads that file.
#ifndef LOAD_REQUESTS_H
#define LOAD_REQUESTS_H

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load-options.h"

enum { TEXT_MAX = 1200 };

struct request {
  const char *bytes, *reply;
  size_t length, reply_length;
};

// A request that is made for one connection, and holds until it invents its next.
struct invented {
  struct request request;
  char bytes[400];
};

static const char MAP[] = "cyrus ", NOT_FOUND[] = "31:NOTFOUND Mailbox does not exist,";

static struct request *requests;
static size_t request_count, next_request;
static uint64_t invented_count;

static uint64_t random_next(void) { // xorshift64*
  seed ^= seed >> 12;
  seed ^= seed << 25;
  seed ^= seed >> 27;
  return seed * UINT64_C(2685821657736338717);
}

static size_t netstring(char *out, size_t room, const char *prefix, const char *text) {
  int length = snprintf(out, room, "%zu:%s%s,", strlen(prefix) + strlen(text), prefix, text);
  if ((size_t)length >= room) die("longer than %zu bytes: %s", room, text);
  return (size_t)length;
}

static const char *kept(const char *text) {
  char *copy = strdup(text);
  if (copy == NULL) die("no memory for the requests");
  return copy;
}

static struct request make_request(const char *key, const char *reply) {
  char bytes[TEXT_MAX], answer[TEXT_MAX];
  struct request r = {.length = netstring(bytes, sizeof bytes, MAP, key),
                      .reply_length = netstring(answer, sizeof answer, "", reply)};
  r.bytes = kept(bytes);
  r.reply = kept(answer);
  return r;
}

static void read_requests(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) die("%s: %s", path, strerror(errno));
  char *line = NULL;
  size_t room = 0, slots = 0;
  while (getline(&line, &room, file) > 0) {
    line[strcspn(line, "\n")] = 0;
    char *tab = strchr(line, '\t');
    if (tab == NULL) continue;
    *tab = 0;
    if (request_count == slots) {
      slots = slots == 0 ? 1024 : slots * 2;
      requests = realloc(requests, slots * sizeof *requests);
      if (requests == NULL) die("no memory for %zu requests", slots);
    }
    requests[request_count++] = make_request(line, tab + 1);
  }
  free(line);
  fclose(file);
  if (request_count == 0) die("%s: no line with a tab", path);
}

// A name that nobody asked for before, as long as --seed differs from run to run.
static const struct request *invent(struct invented *place) {
  static uint64_t prefix;
  if (prefix == 0) prefix = random_next() & 0xffffffffu;
  char key[300];
  snprintf(key, sizeof key, "x%08" PRIx64 "%07" PRIx64 "@%s", prefix, invented_count++ & 0xfffffffu, unknown_domain);
  place->request.bytes = place->bytes;
  place->request.length = netstring(place->bytes, sizeof place->bytes, MAP, key);
  place->request.reply = NOT_FOUND;
  place->request.reply_length = sizeof NOT_FOUND - 1;
  return &place->request;
}

static const struct request *choose(struct invented *place) {
  switch (mode) {
    case ONCE: return &requests[next_request++];
    case BURST: return &requests[next_request];
    default: break;
  }
  double drawn = unknown_share > 0 ? (double)(random_next() >> 11) / 9007199254740992.0 : 1;
  if (drawn < unknown_share) return invent(place);
  return &requests[random_next() % request_count];
}

#endif
