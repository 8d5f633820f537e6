// SPDX-License-Identifier: Apache-2.0
//
// Direct f32 convolution for few channels, groups = 1, where oneDNN's kernels are slow.
// Activations are plain NCHW or nChw8c: [N, ceil(C/8), H, W, 8], channels padded to a multiple of 8. Padding lanes must be
// zero in what is read and are written as zero. Weights and their gradient are plain OIHW.
#ifndef APUS_CONV_H
#define APUS_CONV_H

#include "apus_pool.h"
#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// Output pixel (y, x) reads input (y * stride_h - pad_top + i * dilation_h, x * stride_w - pad_left + j * dilation_w),
/// zero outside. src_* is the layer's input and its gradient, dst_* its output and its gradient.
typedef struct {
  int64_t batch, in_channels, in_height, in_width, out_channels, out_height, out_width, kernel_height, kernel_width,
      stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
  int src_blocked;  // 0: plain NCHW, 1: nChw8c
  int dst_blocked;  // 0: plain NCHW, 1: nChw8c
  int relu;         // forward: max(x, 0) after the bias, NaN stays NaN
} apus_conv;

/// 1 if the pass (0 forward, 1 backward data, 2 backward weights) runs here, else 0: then no other function may be called.
/// A yes promises correct results for every layout, stride and dilation. Fast is narrower: few input channels and blocked
/// output; backward data only with stride 1 (a strided one multiplies with the zeros between the gradient's pixels).
int apus_conv_supported(const apus_conv *conv, int pass);

/// Bytes of scratch the pass needs, 64-byte aligned by the caller; contents need not be kept between calls.
size_t apus_conv_scratch(const apus_conv *conv, int pass, int threads);

/// dst = convolution(src, weights) + bias, then ReLU if asked. bias: [out_channels] or NULL.
void apus_conv_forward(const apus_conv *conv, const float *src, const float *weights, const float *bias, float *dst,
                       void *scratch, int threads);

/// src_gradient = the gradient with respect to src, overwritten. `relu` is ignored: mask dst_gradient before.
void apus_conv_backward_data(const apus_conv *conv, const float *dst_gradient, const float *weights,
                             float *src_gradient, void *scratch, int threads);

/// weights_gradient and bias_gradient (or NULL) are overwritten. Images are summed in 16 fixed groups of consecutive
/// images, the groups then in order. `relu` is ignored.
void apus_conv_backward_weights(const apus_conv *conv, const float *src, const float *dst_gradient,
                                float *weights_gradient, float *bias_gradient, void *scratch, int threads);

/// The two passes of a convolution that goes through max-pooling at once, image by image: what is pooled never reaches
/// memory. `pool` describes blocks of 8 channels and no window that may miss the image; `dst_blocked` must be 1.
/// The same bits as the convolution and the pool one after the other. Scratch as apus_conv_pooled_scratch says, for pass 0
/// or 2.
void apus_conv_forward_pooled(const apus_conv *conv, const apus_pool *pool, const float *src, const float *weights,
                              const float *bias, float *dst, int32_t *argmax, void *scratch, int threads);

void apus_conv_backward_weights_pooled(const apus_conv *conv, const apus_pool *pool, const float *src,
                                       const float *pooled_gradient, const int32_t *argmax, float *weights_gradient,
                                       float *bias_gradient, void *scratch, int threads);

size_t apus_conv_pooled_scratch(const apus_conv *conv, int pass, int threads);

#if defined(__cplusplus)
}
#endif
#endif
