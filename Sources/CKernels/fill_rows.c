// SPDX-License-Identifier: Apache-2.0
//
// Filling, and moving whole rows by index.
#include <string.h>

#include "internal.h"

enum { CHUNK_BYTES = 65536 };

typedef struct {
  int element_size;
  char *dst;
  const void *value;
  int64_t count, per_chunk;
} fill_job;

#define FILL(T)                                                                                                  \
  do {                                                                                                           \
    T value;                                                                                                     \
    memcpy(&value, job->value, sizeof(T));                                                                       \
    T *d = (T *)job->dst + first;                                                                                \
    for (int64_t i = 0; i < count; ++i) d[i] = value;                                                            \
  } while (0)

static void fill_chunk(void *context, int64_t chunk, int thread) {
  (void)thread;
  const fill_job *job = context;
  const int64_t first = chunk * job->per_chunk, count = apus_min64(job->per_chunk, job->count - first);
  switch (job->element_size) {
    case 1: FILL(uint8_t); break;
    case 2: FILL(uint16_t); break;
    case 4: FILL(uint32_t); break;
    default: FILL(uint64_t); break;
  }
}

void apus_fill(int element_size, void *dst, const void *value, int64_t count, int threads) {
  fill_job job = {element_size, dst, value, count, threads <= 1 ? apus_max64(count, 1) : CHUNK_BYTES / element_size};
  apus_parallel(threads, apus_ceil_div(count, job.per_chunk), fill_chunk, &job);
}

typedef struct {
  const char *src;
  char *dst;
  const int64_t *indices;
  int64_t rows, row_bytes, count, per_chunk;
} gather_job;

static void gather_chunk(void *context, int64_t chunk, int thread) {
  (void)thread;
  const gather_job *g = context;
  const int64_t end = apus_min64((chunk + 1) * g->per_chunk, g->count);
  for (int64_t j = chunk * g->per_chunk; j < end; ++j) {
    const int64_t row = g->indices[j];
    char *d = g->dst + j * g->row_bytes;
    if (row < 0 || row >= g->rows) {
      memset(d, 0, (size_t)g->row_bytes);
    } else {
      memcpy(d, g->src + row * g->row_bytes, (size_t)g->row_bytes);
    }
  }
}

/// The first position whose index is out of range, or -1.
static int64_t first_invalid(const int64_t *indices, int64_t count, int64_t rows) {
  for (int64_t j = 0; j < count; ++j)
    if (indices[j] < 0 || indices[j] >= rows) return j;
  return -1;
}

int64_t apus_gather_rows(int element_size, const void *src, int64_t rows, int64_t row_length, const int64_t *indices,
                         int64_t count, void *dst, int threads) {
  const int64_t row_bytes = row_length * element_size;
  if (row_bytes > 0) {
    gather_job g = {src, dst, indices, rows, row_bytes, count, apus_max64(1, CHUNK_BYTES / row_bytes)};
    apus_parallel(threads, apus_ceil_div(count, g.per_chunk), gather_chunk, &g);
  }
  return first_invalid(indices, count, rows);
}

typedef struct {
  apus_dtype dtype;
  char *dst;
  const char *src;
  const int64_t *indices;
  int64_t rows, row_length, count, shares;
} scatter_job;

/// A share is a range of columns of every row: threads never touch the same element, and each element receives its
/// addends in the order of the indices.
static void scatter_share(void *context, int64_t share, int thread) {
  (void)thread;
  const scatter_job *s = context;
  const int64_t first = s->row_length * share / s->shares, last = s->row_length * (share + 1) / s->shares;
  for (int64_t j = 0; j < s->count; ++j) {
    const int64_t row = s->indices[j];
    if (row < 0 || row >= s->rows) continue;
    if (s->dtype == APUS_F32) {
      float *d = (float *)s->dst + row * s->row_length;
      const float *v = (const float *)s->src + j * s->row_length;
      for (int64_t c = first; c < last; ++c) d[c] += v[c];
    } else {
      double *d = (double *)s->dst + row * s->row_length;
      const double *v = (const double *)s->src + j * s->row_length;
      for (int64_t c = first; c < last; ++c) d[c] += v[c];
    }
  }
}

int64_t apus_scatter_add_rows(apus_dtype dtype, void *dst, int64_t rows, int64_t row_length, const int64_t *indices,
                              int64_t count, const void *src, int threads) {
  // Shares narrower than 16 elements would have threads write to the same cache lines.
  scatter_job s = {dtype, dst, src, indices, rows, row_length, count,
                   apus_max64(1, apus_min64(threads, row_length / 16))};
  if (row_length > 0) apus_parallel(threads, s.shares, scatter_share, &s);
  return first_invalid(indices, count, rows);
}
