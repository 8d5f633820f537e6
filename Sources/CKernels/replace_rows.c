// SPDX-License-Identifier: Apache-2.0
//
// Rows that are found and replaced by index; the cost grows with the number of indices, not with that of the rows.
#include <string.h>

#include "internal.h"

void apus_first_positions(const int64_t *indices, int64_t count, int64_t *first, int64_t *table, int64_t slots) {
  memset(table, 0xff, (size_t)slots * sizeof(int64_t));
  for (int64_t j = 0; j < count; ++j) {
    // Open addressing; the factor, 2^64 divided by the golden ratio, spreads neighbouring integers (Knuth, 1973).
    int64_t slot = (int64_t)(((uint64_t)indices[j] * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (slots - 1);
    while (table[slot] >= 0 && indices[table[slot]] != indices[j]) slot = (slot + 1) & (slots - 1);
    if (table[slot] < 0) table[slot] = j;
    first[j] = table[slot];
  }
}

typedef struct {
  char *dst;
  const char *src;
  const int64_t *indices;
  int64_t rows, row_bytes, count, shares;
} replace_job;

/// A share is a range of bytes of every row. The first replacement of a row is written last.
static void replace_share(void *context, int64_t share, int thread) {
  (void)thread;
  const replace_job *r = context;
  const int64_t first = r->row_bytes * share / r->shares, end = r->row_bytes * (share + 1) / r->shares;
  for (int64_t j = r->count - 1; j >= 0; --j) {
    const int64_t row = r->indices[j];
    if (row < 0 || row >= r->rows) continue;
    memcpy(r->dst + row * r->row_bytes + first, r->src + j * r->row_bytes + first, (size_t)(end - first));
  }
}

int64_t apus_replace_rows(int element_size, void *dst, int64_t rows, int64_t row_length, const int64_t *indices,
                          int64_t count, const void *src, int threads) {
  const int64_t row_bytes = row_length * element_size;
  // Shares narrower than a cache line would have threads write to the same one.
  replace_job r = {dst, src, indices, rows, row_bytes, count, apus_max64(1, apus_min64(threads, row_bytes / 64))};
  if (row_bytes > 0) apus_parallel(threads, r.shares, replace_share, &r);
  for (int64_t j = 0; j < count; ++j)
    if (indices[j] < 0 || indices[j] >= rows) return j;
  return -1;
}
