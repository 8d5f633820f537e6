// SPDX-License-Identifier: Apache-2.0
//
// Steps of recurrent networks: chunks of rows in parallel.
#include "internal.h"

enum { CHUNK_WORK = 2048, MOST_OPERANDS = 5 };

typedef struct {
  apus_recurrent_kernel kernel;
  const void *in[MOST_OPERANDS];
  void *out[MOST_OPERANDS];
  int64_t in_row[MOST_OPERANDS], out_row[MOST_OPERANDS];  // bytes
  int64_t rows, units, per_chunk;
} job;

static void chunk_of_rows(void *context, int64_t chunk, int thread) {
  (void)thread;
  const job *j = context;
  const int64_t first = chunk * j->per_chunk;
  const void *in[MOST_OPERANDS];
  void *out[MOST_OPERANDS];
  for (int i = 0; i < MOST_OPERANDS; ++i) {
    in[i] = (const char *)j->in[i] + first * j->in_row[i];
    out[i] = (char *)j->out[i] + first * j->out_row[i];
  }
  j->kernel(in, out, apus_min64(j->per_chunk, j->rows - first), j->units);
}

/// Runs a kernel over rows; widths are in units, 0 behind the last operand.
static void run(apus_recurrent_kernel kernel, apus_dtype dtype, const void *const in[MOST_OPERANDS],
                const int in_widths[MOST_OPERANDS], void *const out[MOST_OPERANDS], const int out_widths[MOST_OPERANDS],
                int64_t rows, int64_t units, int threads) {
  if (rows <= 0 || units <= 0) return;
  job j = {kernel, {0}, {0}, {0}, {0}, rows, units, apus_max64(1, CHUNK_WORK / units)};
  for (int i = 0; i < MOST_OPERANDS; ++i) {
    j.in[i] = in[i];
    j.out[i] = out[i];
    j.in_row[i] = in_widths[i] * units * apus_size_of(dtype);
    j.out_row[i] = out_widths[i] * units * apus_size_of(dtype);
  }
  apus_parallel(threads, apus_ceil_div(rows, j.per_chunk), chunk_of_rows, &j);
}

void apus_lstm_step(apus_dtype dtype, const void *x, const void *r, const void *before, void *h, void *c, void *gates,
                    int64_t rows, int64_t units, int threads) {
  run(apus_kernels->fused[dtype]->lstm_step, dtype, (const void *[MOST_OPERANDS]){x, r, before},
      (const int[MOST_OPERANDS]){4, 4, 1}, (void *[MOST_OPERANDS]){h, c, gates}, (const int[MOST_OPERANDS]){1, 1, 4},
      rows, units, threads);
}

void apus_lstm_step_backward(apus_dtype dtype, const void *gates, const void *before, const void *c, const void *dh,
                             const void *dc, void *sums, void *dbefore, int64_t rows, int64_t units, int threads) {
  run(apus_kernels->fused[dtype]->lstm_step_backward, dtype,
      (const void *[MOST_OPERANDS]){gates, before, c, dh, dc}, (const int[MOST_OPERANDS]){4, 1, 1, 1, 1},
      (void *[MOST_OPERANDS]){sums, dbefore}, (const int[MOST_OPERANDS]){4, 1}, rows, units, threads);
}

void apus_gru_step(apus_dtype dtype, const void *x, const void *s, const void *before, void *h, void *gates,
                   int64_t rows, int64_t units, int threads) {
  run(apus_kernels->fused[dtype]->gru_step, dtype, (const void *[MOST_OPERANDS]){x, s, before},
      (const int[MOST_OPERANDS]){3, 3, 1}, (void *[MOST_OPERANDS]){h, gates}, (const int[MOST_OPERANDS]){1, 3}, rows,
      units, threads);
}

void apus_gru_step_backward(apus_dtype dtype, const void *gates, const void *s, const void *before, const void *dh,
                            void *dx, void *ds, void *dbefore, int64_t rows, int64_t units, int threads) {
  run(apus_kernels->fused[dtype]->gru_step_backward, dtype, (const void *[MOST_OPERANDS]){gates, s, before, dh},
      (const int[MOST_OPERANDS]){3, 3, 1, 1}, (void *[MOST_OPERANDS]){dx, ds, dbefore},
      (const int[MOST_OPERANDS]){3, 3, 1}, rows, units, threads);
}
