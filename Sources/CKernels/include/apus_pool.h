// SPDX-License-Identifier: Apache-2.0
//
// Max and average pooling. Layout: plain NCHW, or (f32 only) [N, ceil(C / block), H, W, block], padding lanes zero in
// what is read and written as zero.
#ifndef APUS_POOL_H
#define APUS_POOL_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// Output pixel (y, x) pools input rows y * stride_h - pad_top + i * dilation_h for i in 0..<kernel_height that lie in the
/// image, columns alike.
typedef struct {
  int64_t batch, channels, in_height, in_width, out_height, out_width, kernel_height, kernel_width, stride_h, stride_w,
      pad_top, pad_left, pad_bottom, pad_right, dilation_h, dilation_w;
  int dtype;              // APUS_F32 or APUS_F64
  int block;              // 0: plain NCHW, 8 or 16: channels in blocks of so many
  int count_include_pad;  // average: divide by the window's positions in the padded image, not only in the image
} apus_pool;

/// dst = the largest value of each window; argmax (or NULL), laid out like dst, its place y * in_width + x in the input
/// plane. The first maximum in window order wins, and the first NaN wins over every number. A window without any pixel
/// gives -inf and -1. Padding lanes of the blocked layout get 0; their argmax means nothing.
void apus_maxpool_forward(const apus_pool *pool, const void *src, void *dst, int32_t *argmax, int threads);

/// src_gradient = dst_gradient sent to each window's maximum, overlapping windows summed in window order; overwritten.
void apus_maxpool_backward(const apus_pool *pool, const void *dst_gradient, const int32_t *argmax, void *src_gradient,
                           int threads);

/// dst = the mean of each window: the sum in window order, divided by the number of pixels counted.
void apus_avgpool_forward(const apus_pool *pool, const void *src, void *dst, int threads);

/// src_gradient = each dst_gradient spread evenly over its window; overwritten.
void apus_avgpool_backward(const apus_pool *pool, const void *dst_gradient, void *src_gradient, int threads);

#if defined(__cplusplus)
}
#endif
#endif
