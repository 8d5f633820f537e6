// SPDX-License-Identifier: Apache-2.0
//
// Softmax over rows of a contiguous [rows, columns] array, f32 or f64. In place is allowed (dst == src, dx == dy).
#ifndef APUS_SOFTMAX_H
#define APUS_SOFTMAX_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// log == 0: dst = exp(src - max) / sum exp(src - max); log != 0: dst = (src - max) - log(sum exp(src - max)).
/// As in PyTorch a row of only -inf, or with a +inf or NaN, gives NaN. Sums as in apus_reduce.h.
void apus_softmax_rows(apus_dtype dtype, int log, const void *src, void *dst, int64_t rows, int64_t columns,
                       int threads);

/// y is what apus_softmax_rows gave. log == 0: dx = y * (dy - sum(dy * y)); log != 0: dx = dy - exp(y) * sum(dy).
void apus_softmax_rows_backward(apus_dtype dtype, int log, const void *y, const void *dy, void *dx, int64_t rows,
                                int64_t columns, int threads);

#if defined(__cplusplus)
}
#endif
#endif
