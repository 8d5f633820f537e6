// SPDX-License-Identifier: Apache-2.0
//
// Softmax over rows: chunks of rows in parallel.
#include "internal.h"

enum { CHUNK_WORK = 4096 };

typedef struct {
  const apus_fused_kernels *kernels;
  int log_space, element_size;
  const char *y, *dy;
  char *dx;
  int64_t rows, columns, per_chunk;
} job;

static void softmax_chunk(void *context, int64_t chunk, int thread) {
  (void)thread;
  const job *j = context;
  const int64_t first = chunk * j->per_chunk, offset = first * j->columns * j->element_size;
  const int64_t rows = apus_min64(j->per_chunk, j->rows - first);
  if (j->dy) {
    j->kernels->softmax_backward(j->y + offset, j->dy + offset, j->dx + offset, rows, j->columns, j->log_space);
  } else {
    j->kernels->softmax(j->y + offset, j->dx + offset, rows, j->columns, j->log_space);
  }
}

static void run(apus_dtype dtype, int log_space, const void *y, const void *dy, void *dx, int64_t rows,
                int64_t columns, int threads) {
  if (rows <= 0 || columns <= 0) return;
  job j = {apus_kernels->fused[dtype], log_space, apus_size_of(dtype), y, dy, dx, rows, columns,
           apus_max64(1, CHUNK_WORK / columns)};
  apus_parallel(threads, apus_ceil_div(rows, j.per_chunk), softmax_chunk, &j);
}

void apus_softmax_rows(apus_dtype dtype, int log, const void *src, void *dst, int64_t rows, int64_t columns,
                       int threads) {
  run(dtype, log, src, NULL, dst, rows, columns, threads);
}

void apus_softmax_rows_backward(apus_dtype dtype, int log, const void *y, const void *dy, void *dx, int64_t rows,
                                int64_t columns, int threads) {
  run(dtype, log, y, dy, dx, rows, columns, threads);
}
