// The command line of the load generator, as bench/load-options.ts reads it too, and how it ends where something is wrong.
// Reads nothing but the command line.
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mode { CLOSED, OPEN, SESSION, BURST, ONCE };
static const char *const mode_names[] = {"closed", "open", "session", "burst", "once"};

static enum mode mode = CLOSED;
static const char *socket_path, *keys_path;
static int connection_count = 1, idle_count = 0;
static double seconds = 1, rate = 1000, unknown_share = 0;
static const char *unknown_domain = "example.jp";
static uint64_t seed = 1;

static void usage(void) {
  fputs("usage: load --socket PATH --keys FILE [--mode closed|open|session|burst|once] [--connections N]\n"
        "            [--idle N] [--seconds S] [--rate LOOKUPS_A_SECOND] [--unknown-share 0..1]\n"
        "            [--unknown-domain DOMAIN] [--seed N]\n"
        "FILE has a line `KEY<TAB>REPLY` for each key, such as `alice@example.jp<TAB>OK alice@example.jp`\n",
        stderr);
  exit(64);
}

static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(70);
}

static double number(const char *text, const char *name, double least) {
  char *end;
  double value = strtod(text, &end);
  if (*text == 0 || *end != 0 || value < least) die("--%s is %s: must be a number from %g", name, text, least);
  return value;
}

static void read_options(int argc, char **argv) {
  static const struct option options[] = {
      {"socket", 1, 0, 's'},  {"keys", 1, 0, 'k'},          {"mode", 1, 0, 'm'},
      {"idle", 1, 0, 'i'},    {"connections", 1, 0, 'c'},   {"seconds", 1, 0, 't'},
      {"rate", 1, 0, 'r'},    {"unknown-share", 1, 0, 'u'}, {"unknown-domain", 1, 0, 'd'},
      {"seed", 1, 0, 'e'},    {0, 0, 0, 0}};
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (option) {
      case 's': socket_path = optarg; break;
      case 'k': keys_path = optarg; break;
      case 'm':
        for (mode = CLOSED; strcmp(mode_names[mode], optarg) != 0; mode++) {
          if (mode == ONCE) usage();
        }
        break;
      case 'i': idle_count = (int)number(optarg, "idle", 0); break;
      case 'c': connection_count = (int)number(optarg, "connections", 1); break;
      case 't': seconds = number(optarg, "seconds", 0.001); break;
      case 'r': rate = number(optarg, "rate", 1); break;
      case 'u': unknown_share = number(optarg, "unknown-share", 0); break;
      case 'd': unknown_domain = optarg; break;
      case 'e': seed = (uint64_t)number(optarg, "seed", 1) * UINT64_C(0x9e3779b97f4a7c15); break;
      default: usage();
    }
  if (socket_path == NULL || keys_path == NULL || optind != argc) usage();
}

#endif
