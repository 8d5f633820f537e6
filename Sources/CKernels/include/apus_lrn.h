// SPDX-License-Identifier: Apache-2.0
//
// Local response normalisation across channels. Layout: plain [N, C, S], or (f32 only)
// [N, ceil(C / block), S, block], padding lanes zero in what is read and written as zero.
#ifndef APUS_LRN_H
#define APUS_LRN_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// The neighbours of channel c are channels c - size / 2 to c + (size - 1) / 2, as far as there are any.
typedef struct {
  int64_t batch, channels, spatial, size;
  int dtype;  // APUS_F32 or APUS_F64
  int block;  // 0: plain, else channels in blocks of so many
  double factor, beta, k;
} apus_lrn;

/// Bytes of scratch memory for either direction on so many threads, 64-byte aligned.
int64_t apus_lrn_scratch(const apus_lrn *lrn, int threads);

/// y_c = x_c * d_c^-beta with d_c = k + factor * the sum of the neighbours' squares.
void apus_lrn_forward(const apus_lrn *lrn, const void *x, void *y, void *scratch, int threads);

/// The gradient for that of the result, `gy`: gy_c * d_c^-beta - 2 factor beta x_c * the sum, over the channels c' that c
/// is a neighbour of, of gy_c' x_c' d_c'^(-beta - 1).
void apus_lrn_backward(const apus_lrn *lrn, const void *x, const void *gy, void *gx, void *scratch, int threads);

#if defined(__cplusplus)
}
#endif
#endif
