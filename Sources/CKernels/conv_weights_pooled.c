// SPDX-License-Identifier: Apache-2.0
//
// Weight gradients of a convolution that goes through max-pooling, or through batch normalisation, ReLU and max-pooling:
// an image of its result's gradient is made, and used while it is in the cache.
#include "conv_internal.h"
#include "norm_pooled.h"

typedef struct {
  const apus_conv *conv;
  const apus_pool *pool;
  const float *gradient;
  const int32_t *argmax;
} pooled;

/// An image's gradient, sent from its pooled maxima to where they came from.
static void spread(const void *context, int64_t image, int thread, float *dst) {
  (void)thread;
  const pooled *p = context;
  const int64_t blocks = (p->conv->out_channels + 7) / 8, plane = p->conv->out_height * p->conv->out_width * 8;
  const int64_t pooled_plane = p->pool->out_height * p->pool->out_width * 8;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t from = (image * blocks + b) * pooled_plane;
    apus_pool_kernels_of(p->pool)->max_backward(p->pool, p->gradient + from, p->argmax + from, dst + b * plane);
  }
}

void apus_conv_backward_weights_pooled(const apus_conv *conv, const apus_pool *pool, const float *src,
                                       const float *pooled_gradient, const int32_t *argmax, float *weights_gradient,
                                       float *bias_gradient, void *scratch, int threads) {
  const pooled p = {conv, pool, pooled_gradient, argmax};
  const apus_conv_gradient made = {spread, &p};
  apus_conv_sum_weights(conv, src, NULL, &made, weights_gradient, bias_gradient, scratch, threads);
}

size_t apus_conv_pooled_scratch(const apus_conv *conv, int pass, int threads) {
  if (pass == 0) return apus_conv_pooled_direct_scratch(conv, threads);
  return (size_t)apus_conv_weights_floats(conv, threads, 1) * sizeof(float);
}

/// An image's gradient through the pool, the ReLU and the normalisation.
static void normalized(const void *context, int64_t image, int thread, float *dst) {
  const apus_norm_pooled_job *job = context;
  const int64_t first = image * job->per_image;
  apus_norm_pooled_planes(job, first, first + job->per_image, thread, dst);
}

static size_t norm_bytes(const apus_batch_norm *norm, const apus_pool *pool, int threads) {
  return (size_t)apus_ceil_div(apus_batch_norm_pooled_scratch(norm, pool, threads), 64) * 64;
}

void apus_conv_backward_weights_normalized(const apus_conv *conv, const apus_batch_norm_pooled *forward, const float *src,
                                           float *weights_gradient, float *bias_gradient, float *gscale, float *gshift,
                                           void *scratch, int threads) {
  apus_norm_pooled_gradient g;
  apus_norm_pooled_begin(&g, forward, gscale, gshift, scratch, threads);
  const apus_conv_gradient made = {normalized, &g.job};
  char *rest = (char *)scratch + norm_bytes(forward->norm, forward->pool, threads);
  apus_conv_sum_weights(conv, src, NULL, &made, weights_gradient, bias_gradient, rest, threads);
}

size_t apus_conv_normalized_scratch(const apus_conv *conv, const apus_batch_norm *norm, const apus_pool *pool,
                                    int threads) {
  return norm_bytes(norm, pool, threads) + apus_conv_pooled_scratch(conv, 2, threads);
}
