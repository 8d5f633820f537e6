// SPDX-License-Identifier: Apache-2.0
//
// What follows the matrix products in one step of a recurrent network, f32 or f64. Arrays are contiguous: states
// [rows, units], gates [rows, gates * units] side by side in each row.
#ifndef APUS_RECURRENT_H
#define APUS_RECURRENT_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// i, f, o = sigmoid(x + r), g = tanh(x + r) in the order i, f, g, o; c = f * before + i * g; h = o * tanh(c).
void apus_lstm_step(apus_dtype dtype, const void *x, const void *r, const void *before, void *h, void *c, void *gates,
                    int64_t rows, int64_t units, int threads);

/// All steps of an LSTM. Everything is contiguous: x and gates [steps, rows, 4 units], h, c and what stood before each step
/// in `h_before`, `c_before` [steps, rows, units], the states before the first step and after the last one [rows, units].
/// Of gates, h, c, h_before and c_before any may be NULL.
typedef struct {
  int64_t steps, rows, units;
  int reversed;        // from the last step to the first
  const void *x;
  const void *weights;  // [4 units, units], packed by apus_gemm_pack with transpose_b
  const void *first_h, *first_c;
  void *last_h, *last_c;
  void *gates, *h, *c, *h_before, *c_before;
  void *scratch;       // 4 * rows * units elements
} apus_lstm_loop;

/// Every thread takes some units through all steps, with all rows: its part of the weights stays in its own cache. Units must
/// be a multiple of apus_lstm_loop_group. The same bits as apus_gemm_packed and apus_lstm_step, for any number of threads.
void apus_lstm_loop_run(apus_dtype dtype, const apus_lstm_loop *loop, int threads);
int64_t apus_lstm_loop_group(apus_dtype dtype);

/// From the gradients of h and c those of the gates' sums (`sums`, like gates) and of the cell state before.
void apus_lstm_step_backward(apus_dtype dtype, const void *gates, const void *before, const void *c, const void *dh,
                             const void *dc, void *sums, void *dbefore, int64_t rows, int64_t units, int threads);

/// r, z = sigmoid(x + s), n = tanh(x + r * s) in the order r, z, n; h = n + z * (before - n).
void apus_gru_step(apus_dtype dtype, const void *x, const void *s, const void *before, void *h, void *gates,
                   int64_t rows, int64_t units, int threads);

/// From the gradient of h those of x and s (like gates) and of the state before.
void apus_gru_step_backward(apus_dtype dtype, const void *gates, const void *s, const void *before, const void *dh,
                            void *dx, void *ds, void *dbefore, int64_t rows, int64_t units, int threads);

#if defined(__cplusplus)
}
#endif
#endif
