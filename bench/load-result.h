// What the load generator counts, and the line of JSON that it prints of it, which bench/generator.ts reads.
#ifndef LOAD_RESULT_H
#define LOAD_RESULT_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "histogram.h"
#include "load-options.h"

static uint64_t in_window, lookups, sessions, wrong, lost, unanswered;
static char wrong_example[400];
static struct histogram latency, lag;

static double own_cpu_seconds(void) {
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
         (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}

static void print_result(double measured, double cpu) {
  printf("{\"mode\":\"%s\",\"connections\":%d,\"idle\":%d,\"seconds\":%.6f,\"lookups\":%" PRIu64
         ",\"lookupsInTime\":%" PRIu64 ",\"sessions\":%" PRIu64 ",\"wrong\":%" PRIu64 ",\"wrongExample\":\"%s\""
         ",\"lost\":%" PRIu64 ",\"unanswered\":%" PRIu64 ",\"cpuSeconds\":%.6f,\"latency\":",
         mode_names[mode], connection_count, idle_count, measured, lookups, in_window, sessions, wrong,
         wrong_example, lost, unanswered, cpu);
  histogram_print(&latency, stdout);
  fputs(",\"lag\":", stdout);
  histogram_print(&lag, stdout);
  fputs("}\n", stdout);
  fflush(stdout);
}

#endif
