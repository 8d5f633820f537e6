// SPDX-License-Identifier: Apache-2.0
//
// Data movement: bytes are copied, never converted. element_size is 1, 2, 4 or 8 (bytes).
#ifndef APUS_DATA_H
#define APUS_DATA_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// dst[i...] = src[i...] over the index space `extents` (rank at most 16). Strides are in elements; src strides may be 0
/// (broadcast), both may be negative; distinct indices must have distinct places in dst. src and dst must not overlap.
void apus_copy_strided(int element_size, int rank, const int64_t *extents, const void *src, const int64_t *src_strides,
                       void *dst, const int64_t *dst_strides, int threads);

/// dst[0..<count] = *value.
void apus_fill(int element_size, void *dst, const void *value, int64_t count, int threads);

/// dst[j, :] = src[indices[j], :] for j in 0..<count; src is [rows, row_length]. An index outside 0..<rows gives a row of
/// zero bytes and makes the function return the position j of the first such index; otherwise it returns -1.
int64_t apus_gather_rows(int element_size, const void *src, int64_t rows, int64_t row_length, const int64_t *indices,
                         int64_t count, void *dst, int threads);

/// dst[indices[j], :] += src[j, :], in the order of j (so the result is reproducible); dst is [rows, row_length].
/// dtype: APUS_F32 or APUS_F64. Indices outside 0..<rows are skipped; returns the first such position, otherwise -1.
int64_t apus_scatter_add_rows(apus_dtype dtype, void *dst, int64_t rows, int64_t row_length, const int64_t *indices,
                              int64_t count, const void *src, int threads);

/// first[j] = the smallest i with indices[i] == indices[j]. table is scratch memory of `slots` elements, a power of two
/// and more than count.
void apus_first_positions(const int64_t *indices, int64_t count, int64_t *first, int64_t *table, int64_t slots);

/// dst[indices[j], :] = src[j, :], of equal indices the first; dst is [rows, row_length], and its other rows are not
/// touched. Indices outside 0..<rows are skipped; returns the first such position, otherwise -1.
int64_t apus_replace_rows(int element_size, void *dst, int64_t rows, int64_t row_length, const int64_t *indices,
                          int64_t count, const void *src, int threads);

#if defined(__cplusplus)
}
#endif
#endif
