// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation in training, f32. Layout: plain [N, C, S], or [N, ceil(C / block), S, block], padding
// zero in what is read and written as zero.
#ifndef APUS_NORM_H
#define APUS_NORM_H

#include "apus_pool.h"
#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

typedef struct {
  int64_t batch, channels, spatial;
  int block;      // 0: plain, 8 or 16: channels in blocks of so many
  int rectified;  // whether the result is max(y, 0), and gradients are those of that
  double epsilon;
} apus_batch_norm;

/// Bytes of scratch memory for either direction, 64-byte aligned.
int64_t apus_batch_norm_scratch(const apus_batch_norm *norm);

/// mean and variance (biased) of each channel over batch and space, and y = (x - mean) / sqrt(variance + epsilon) * scale
/// + shift. Sums in double, squared distances from each part's own mean. y must not overlap x.
void apus_batch_norm_forward(const apus_batch_norm *norm, const float *x, const float *scale, const float *shift, float *y,
                             float *mean, float *variance, void *scratch, int threads);

/// The gradients for that of the result, `gy`: with n = batch * spatial, gshift = sum gy, gscale = sum gy * xhat and
/// gx = scale / sqrt(variance + epsilon) * (gy - gshift / n - xhat * gscale / n). Rectified, gy counts only where y > 0;
/// `shift` is read only then. gx must not overlap x or gy.
void apus_batch_norm_backward(const apus_batch_norm *norm, const float *x, const float *gy, const float *scale,
                              const float *shift, const float *mean, const float *variance, float *gx, float *gscale,
                              float *gshift, void *scratch, int threads);

/// Bytes of scratch memory for either direction of the pooled form, 64-byte aligned.
int64_t apus_batch_norm_pooled_scratch(const apus_batch_norm *norm, const apus_pool *pool, int threads);

/// y = the max-pooled max(normalised x, 0), where every window has a pixel; `most` and `places`, laid out like y: what x is
/// there, and where in its plane. Of elements of x equal in the window the first is taken.
void apus_batch_norm_pooled_forward(const apus_batch_norm *norm, const apus_pool *pool, const float *x, const float *scale,
                                    const float *shift, float *y, int32_t *places, float *most, float *mean,
                                    float *variance, void *scratch, int threads);

/// The gradients of that, from those of its result, what it found, and x. gx must not overlap x or gy.
void apus_batch_norm_pooled_backward(const apus_batch_norm *norm, const apus_pool *pool, const float *x, const float *gy,
                                     const float *scale, const float *shift, const float *mean, const float *variance,
                                     const int32_t *places, const float *most, float *gx, float *gscale, float *gshift,
                                     void *scratch, int threads);

#if defined(__cplusplus)
}
#endif
#endif
