// Load generator for a socketmap on a UNIX socket: one thread, epoll, every reply compared byte by byte.
// Says `ready` when its connections are open and the idle ones have asked once; waits for a line, measures, prints
// one line of JSON, and keeps its connections until its standard input ends: so the caller reads CPU time and
// memory of the servers in between. bench/load.ts has the same interface. Linux only. Options: see load-options.h.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "load-options.h"
#include "load-requests.h"
#include "load-result.h"

enum { SESSION_LOOKUPS = 3, DRAIN_SECONDS = 10, EVENTS = 256 };

struct connection {
  int fd;
  bool waiting;    // for a reply
  bool reconnects; // the listener's queue was full
  int answered;    // of this session
  uint64_t since;  // what its latency is counted from
  const struct request *asked;
  struct invented invented;
  size_t have;
  char in[TEXT_MAX];
};

static struct connection *connections;
static struct connection **unused; // a ring of those that wait for something to ask (open loop): each has its turn
static int unused_first, unused_count, waiting_count, reconnecting_count;
static int epoll_fd;
static uint64_t started, ends, issued, unused_since;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// --- connections

// False where the listener's queue is full: to be tried again.
static bool open_connection(struct connection *c, bool patient) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(socket_path) >= sizeof address.sun_path) die("--socket: too long: %s", socket_path);
  strcpy(address.sun_path, socket_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (patient ? 0 : SOCK_NONBLOCK), 0);
  if (fd < 0) die("socket: %s", strerror(errno));
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    int reason = errno;
    close(fd);
    if (reason == EAGAIN) return false;
    die("%s: %s", socket_path, strerror(reason));
  }
  if (patient) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl: %s", strerror(errno));
  c->fd = fd;
  c->have = 0;
  c->answered = 0;
  return true;
}

static void close_connection(struct connection *c) {
  close(c->fd);
  c->fd = -1;
  if (c->waiting) waiting_count--;
  c->waiting = false;
}

static void ask(struct connection *c, uint64_t since) {
  c->asked = choose(&c->invented);
  c->since = since;
  c->have = 0;
  if (send(c->fd, c->asked->bytes, c->asked->length, MSG_NOSIGNAL) != (ssize_t)c->asked->length) {
    lost++;
    close_connection(c);
    return;
  }
  c->waiting = true;
  waiting_count++;
}

static void begin_session(struct connection *c) {
  if (!c->reconnects) c->since = now_ns();
  bool opened = open_connection(c, false);
  if (opened == c->reconnects) reconnecting_count += opened ? -1 : 1;
  c->reconnects = !opened;
  if (opened) ask(c, c->since);
}

// --- replies

static void note_wrong(const struct connection *c) {
  if (wrong++ > 0) return;
  snprintf(wrong_example, sizeof wrong_example, "%.100s was answered %.*s", c->asked->bytes,
           (int)(c->have < 200 ? c->have : 200), c->in);
  for (char *at = wrong_example; *at; at++) {
    if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') *at = '?';
  }
}

// Whether a reply is complete; whether it is the right one is counted.
static bool take_reply(struct connection *c) {
  const struct request *r = c->asked;
  if (c->have <= r->reply_length && memcmp(c->in, r->reply, c->have) == 0) return c->have == r->reply_length;
  char *colon = memchr(c->in, ':', c->have);
  if (colon == NULL && c->have < 6) return false;
  size_t whole = colon == NULL ? 0 : (size_t)(colon - c->in) + 2 + (size_t)atol(c->in);
  if (c->have < whole && whole < sizeof c->in) return false;
  note_wrong(c);
  return true;
}

static void put_unused(struct connection *c, uint64_t now) {
  if (unused_count == 0) unused_since = now;
  unused[(unused_first + unused_count++) % connection_count] = c;
}

static struct connection *take_unused(void) {
  struct connection *c = unused[unused_first];
  unused_first = (unused_first + 1) % connection_count;
  unused_count--;
  return c;
}

static void go_on(struct connection *c, uint64_t now) {
  bool more = now < ends;
  switch (mode) {
    case CLOSED:
      if (more) ask(c, now);
      return;
    case ONCE:
      if (next_request < request_count) ask(c, now);
      return;
    case OPEN:
      put_unused(c, now);
      return;
    case SESSION:
      if (++c->answered < SESSION_LOOKUPS) {
        ask(c, c->since);
        return;
      }
      if (more) sessions++;
      histogram_record(&latency, now - c->since);
      close_connection(c);
      if (more) begin_session(c);
      return;
    case BURST:
      if (waiting_count > 0 || !more || ++next_request == request_count) return;
      for (int i = 0; i < connection_count; i++) {
        if (connections[i].fd >= 0) ask(&connections[i], now);
      }
      return;
  }
}

static void receive(struct connection *c) {
  if (c->fd < 0) return;
  ssize_t got = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    lost++;
    close_connection(c);
    return;
  }
  c->have += (size_t)got;
  if (!c->waiting) {
    if (c->asked == NULL) c->asked = &requests[0];
    note_wrong(c); // bytes that nobody asked for
    c->have = 0;
    return;
  }
  if (!take_reply(c)) return;
  uint64_t now = now_ns();
  c->waiting = false;
  waiting_count--;
  lookups++;
  if (now <= ends) in_window++;
  if (mode != SESSION) histogram_record(&latency, now - c->since);
  go_on(c, now);
}

// --- the run

static uint64_t due_at(uint64_t index) { return started + (uint64_t)((double)index * 1e9 / rate); }

// Asks what is due (open loop). Returns how long epoll may wait, in milliseconds.
static int issue(void) {
  for (;;) {
    uint64_t due = due_at(issued), now = now_ns();
    if (due >= ends) return 100;
    if (due > now) return due - now > 1200000 ? 1 : 0; // spins: a timer's lateness would be measured as theirs
    if (unused_count == 0) return 0;
    // Its own lateness alone: a request that waits for a connection waits for the server.
    histogram_record(&lag, now - (due > unused_since ? due : unused_since));
    issued++;
    ask(take_unused(), due);
  }
}

static bool finished(uint64_t now) {
  if (now >= ends + DRAIN_SECONDS * UINT64_C(1000000000)) return true;
  if (waiting_count > 0 || reconnecting_count > 0) return false;
  if (mode != OPEN) return true;
  return unused_count == 0 || due_at(issued) >= ends;
}

static void begin(void) {
  started = now_ns();
  ends = started + (uint64_t)(seconds * 1e9);
  for (int i = 0; i < connection_count; i++) {
    struct connection *c = &connections[i];
    if (mode == OPEN) put_unused(c, started);
    else if (mode == SESSION) begin_session(c);
    else if (mode != ONCE || next_request < request_count) ask(c, now_ns());
  }
}

static double measure(void) {
  struct epoll_event events[EVENTS];
  uint64_t now;
  begin();
  while (now = now_ns(), !finished(now)) {
    int timeout = mode == OPEN ? issue() : 100;
    if (reconnecting_count > 0) {
      timeout = 1;
      for (int i = 0; i < connection_count; i++) {
        if (connections[i].reconnects) begin_session(&connections[i]);
      }
    }
    int count = epoll_wait(epoll_fd, events, EVENTS, timeout);
    for (int i = 0; i < count; i++) receive(events[i].data.ptr);
  }
  unanswered = (uint64_t)waiting_count;
  // Where the work may run out before the time, the rate is that of the work.
  uint64_t until = mode == ONCE || mode == BURST ? now : ends;
  if (mode == ONCE) in_window = lookups;
  return (double)(until - started) / 1e9;
}

// An idle connection has been used once, as that of an SMTP session that goes on with DATA.
static void use_once(struct connection *c) {
  struct pollfd one = {.fd = c->fd, .events = POLLIN};
  c->asked = &requests[0];
  send(c->fd, c->asked->bytes, c->asked->length, MSG_NOSIGNAL);
  do {
    if (poll(&one, 1, DRAIN_SECONDS * 1000) <= 0) die("no reply on idle connection %td", c - connections);
    ssize_t got = recv(c->fd, c->in + c->have, sizeof c->in - c->have, 0);
    if (got <= 0) die("idle connection %td was closed", c - connections);
    c->have += (size_t)got;
  } while (!take_reply(c));
}

static void raise_file_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void await_line(void) {
  for (int c; (c = getchar()) != EOF && c != '\n';) continue;
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  read_requests(keys_path);
  raise_file_limit();
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  connections = calloc((size_t)(connection_count + idle_count), sizeof *connections);
  unused = calloc((size_t)connection_count, sizeof *unused);
  if (connections == NULL || unused == NULL) die("no memory for the connections");
  for (int i = 0; i < connection_count + idle_count; i++) {
    connections[i].fd = -1;
    if (mode != SESSION || i >= connection_count) open_connection(&connections[i], true);
    if (i >= connection_count) use_once(&connections[i]);
  }
  puts("ready");
  fflush(stdout);
  await_line();
  double cpu = own_cpu_seconds(), measured = measure();
  print_result(measured, own_cpu_seconds() - cpu);
  while (getchar() != EOF) continue;
  return 0;
}
