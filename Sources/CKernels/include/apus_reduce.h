// SPDX-License-Identifier: Apache-2.0
//
// Reductions of contiguous arrays viewed as [outer, reduced, inner].
//
// Precision of f32 sums (here and in apus_fused_reduce): rows (inner == 1) of at most 32 elements are summed in double.
// Of longer rows, blocks of at most 4096 consecutive elements are summed in 32 vector lanes of f32, at most 128 additions
// each; lanes and blocks are then summed in double and rounded once. So |error| <= 128 * 2^-24 * sum|x| + half an ulp of the result, and typically far less.
// Columns (inner > 1) are summed row after row in f32, at most 128 rows, then in double: the same bound.
// f64 sums use the same order with double throughout. Products likewise.
#ifndef APUS_REDUCE_H
#define APUS_REDUCE_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// output[o, i] = reduction over r of input[o, r, i]. dtype: APUS_F32, APUS_F64, APUS_I32 or APUS_I64; the output has the
/// input's dtype, integer sums and products wrap around. An empty reduction gives the neutral element (for integer max
/// and min: the type's smallest and largest value).
void apus_reduce(apus_reduction kind, apus_dtype dtype, const void *input, void *output, int64_t outer, int64_t reduced,
                 int64_t inner, int threads);

/// output[o, i] = the index r of the largest (is_max != 0) or smallest input[o, r, i]; the first index wins ties, and the
/// first NaN wins over every number for both. reduced must be at least 1.
void apus_argreduce(int is_max, apus_dtype dtype, const void *input, int64_t *output, int64_t outer, int64_t reduced,
                    int64_t inner, int threads);

#if defined(__cplusplus)
}
#endif
#endif
