// A histogram of nanoseconds after HdrHistogram: 256 steps to each power of two, so that a value is kept to 0.4 %
// whatever its size. The same buckets as bench/histogram.ts, which merges what several runs printed. No I/O but print.
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

enum { STEP_BITS = 8, STEPS = 1 << STEP_BITS, MAX_BITS = 40, BUCKETS = (MAX_BITS - STEP_BITS + 1) * STEPS };

struct histogram {
  uint64_t counts[BUCKETS];
};

static inline void histogram_record(struct histogram *h, uint64_t ns) {
  const uint64_t most = (UINT64_C(1) << MAX_BITS) - 1; // 18 minutes
  if (ns > most) ns = most;
  int shift = ns < STEPS ? 0 : 63 - __builtin_clzll(ns) - STEP_BITS;
  h->counts[shift * STEPS + (ns >> shift)]++;
}

// The middle of a bucket.
static inline uint64_t histogram_value(int bucket) {
  int shift = bucket < 2 * STEPS ? 0 : bucket / STEPS - 1;
  uint64_t lowest = (uint64_t)(bucket - shift * STEPS) << shift;
  return lowest + ((UINT64_C(1) << shift) >> 1);
}

// [[ns,count],…], the buckets that hold anything.
static inline void histogram_print(const struct histogram *h, FILE *out) {
  const char *separator = "";
  fputc('[', out);
  for (int i = 0; i < BUCKETS; i++) {
    if (h->counts[i] == 0) continue;
    fprintf(out, "%s[%" PRIu64 ",%" PRIu64 "]", separator, histogram_value(i), h->counts[i]);
    separator = ",";
  }
  fputc(']', out);
}

#endif
