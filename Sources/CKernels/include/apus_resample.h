// SPDX-License-Identifier: Apache-2.0
//
// Enlarging and shrinking images by tables. Layout: plain [N, C, H, W], or (f32 only)
// [N, ceil(C / block), H, W, block], padding lanes zero in what is read and written as zero.
#ifndef APUS_RESAMPLE_H
#define APUS_RESAMPLE_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// Where a row or column of the result comes from: (1 - weight) * first + weight * second.
typedef struct {
  int64_t first, second;
  double weight;
} apus_resample_source;

typedef struct {
  int64_t planes;     // batch * channels, or in blocks batch * ceil(channels / block)
  int64_t in_height, in_width, out_height, out_width;
  const apus_resample_source *rows, *columns;  // [out_height], [out_width]
  int copies;         // take `first` alone
  int dtype;          // APUS_F32 or APUS_F64
  int block;          // 0: plain, 8 or 16: channels in blocks of so many
} apus_resample;

/// Bytes of scratch memory for either direction on so many threads, 64-byte aligned.
int64_t apus_resample_scratch(const apus_resample *resample, int threads);

/// dst = src at the sources of each row and column: rows are mixed first, then columns.
void apus_resample_forward(const apus_resample *resample, const void *src, void *dst, void *scratch, int threads);

/// src_gradient = each element of dst_gradient shared out between its sources, in the order of the result; overwritten.
void apus_resample_backward(const apus_resample *resample, const void *dst_gradient, void *src_gradient, void *scratch,
                            int threads);

#if defined(__cplusplus)
}
#endif
#endif
