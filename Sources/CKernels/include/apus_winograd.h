// SPDX-License-Identifier: Apache-2.0
//
// 3x3 convolution with stride 1 by Winograd's minimal filtering F(4x4, 3x3) (Lavin, Gray, 2016), f32, on images in channel
// blocks, [N, ceil(C / block), H, W, block], padding lanes zero in what is read and written as zero.
//
// Products are 36 for 16 results of 9 taps, a quarter of the direct way's; the transforms lose about two digits of the
// result's 7 (see Documentation/Numerics.md).
#ifndef APUS_WINOGRAD_H
#define APUS_WINOGRAD_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// A convolution from an image of in_channels to one of out_channels, out_height = in_height + pad_top + pad_bottom - 2.
typedef struct {
  int64_t batch, in_channels, in_height, in_width, out_channels, out_height, out_width, pad_top, pad_left;
  int relu;  // whether the result is max(y, 0)
  /// Where weight (output o, input c, row i, column j) lies: o * out_step + c * in_step + 3 i + j, or with the taps reversed.
  int64_t out_step, in_step;
  int reversed;
  int prepared;  // whether the weights come transformed by apus_winograd_prepare
} apus_winograd;

/// The channels in a block of the images: 16 where vectors are that wide, else 8.
int apus_winograd_block(void);

/// Bytes of scratch memory, 64-byte aligned, for the result and for the gradient of the weights.
int64_t apus_winograd_scratch(const apus_winograd *problem, int threads);
int64_t apus_winograd_weights_scratch(const apus_winograd *problem);

/// The floats of transformed weights, and how to make them: 64-byte aligned.
int64_t apus_winograd_weight_floats(const apus_winograd *problem);
void apus_winograd_prepare(const apus_winograd *problem, const float *weights, float *transformed, int threads);

/// dst = the convolution of src with weights, plus the bias of each output channel and `added`, which lies as dst does and
/// may be dst, unless they are NULL. The same bits for any number of threads.
void apus_winograd_forward(const apus_winograd *problem, const float *src, const float *weights, const float *bias,
                           const float *added, float *dst, void *scratch, int threads);

/// The gradients of the weights (where the weights lie) and of the bias unless it is NULL, from the images and the
/// gradient of the result; `relu` is not looked at. The same bits for any number of threads.
void apus_winograd_backward_weights(const apus_winograd *problem, const float *src, const float *dst_gradient,
                                    float *weights_gradient, float *bias_gradient, void *scratch, int threads);

#if defined(__cplusplus)
}
#endif
#endif
