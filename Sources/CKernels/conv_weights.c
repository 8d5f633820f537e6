// SPDX-License-Identifier: Apache-2.0
//
// Weight gradients of convolution. Images are cut into a fixed number of groups, each with sums of its own, and the
// groups are added in order: the bits do not depend on the number of threads.
#include <string.h>

#include "conv_internal.h"

enum { STRIP_BYTES = 28 * 1024 };

typedef struct {
  const apus_conv *conv;
  apus_conv_frame frame;           // of the input
  apus_conv_frame gradient_frame;  // of the output gradient: only for its layout
  int64_t groups;
  int64_t strips, strip_rows;
  int64_t blocks, taps;            // blocks of output channels; taps = in_channels * kernel_height * kernel_width
  int64_t sum_floats, frame_floats, gradient_floats;
  const float *src, *gradient;
  int with_bias;
  float *sums, *frames, *gradients;
  // Where the gradient comes pooled: it is spread over an image of each thread.
  const apus_pool *pool;
  const int32_t *argmax;
  float *images;
} weights_plan;

static int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

static int64_t strip_input_rows(const apus_conv *c, int64_t rows) {
  return (rows - 1) * c->stride_h + (c->kernel_height - 1) * c->dilation_h + 1;
}

static weights_plan make_plan(const apus_conv *c) {
  weights_plan p = {
      .conv = c,
      .frame = {c->in_channels, c->in_height, c->in_width, c->src_blocked, c->pad_top, c->pad_left, 1, 1,
                strip_input_rows(c, c->out_height),
                (c->out_width - 1) * c->stride_w + (c->kernel_width - 1) * c->dilation_w + 1},
      .groups = apus_min64(c->batch, APUS_CONV_GROUPS),
      .blocks = (c->out_channels + 7) / 8,
      .taps = c->in_channels * c->kernel_height * c->kernel_width};
  const int64_t channels = apus_conv_stored_channels(c->in_channels, c->src_blocked);
  const int64_t blocks = apus_min64(p.blocks, 2);
  int64_t rows = c->out_height;
  for (;; rows = (rows + 1) / 2) {
    const int64_t floats =
        channels * strip_input_rows(c, rows) * p.frame.padded_width + blocks * rows * c->out_width * 8;
    if (rows == 1 || floats * (int64_t)sizeof(float) <= STRIP_BYTES) break;
  }
  p.strips = apus_ceil_div(c->out_height, rows);
  p.strip_rows = apus_ceil_div(c->out_height, p.strips);
  p.sum_floats = round_up(p.blocks * 8 * (p.taps + 1), 16);  // the bias gradient is one more tap, kept at the end
  if (!apus_conv_frame_is_identity(&p.frame))
    p.frame_floats = round_up(channels * strip_input_rows(c, p.strip_rows) * p.frame.padded_width, 16);
  if (!c->dst_blocked) p.gradient_floats = p.blocks * p.strip_rows * c->out_width * 8;
  return p;
}

static int64_t weights_floats(const apus_conv *conv, int threads) {
  const weights_plan p = make_plan(conv);
  return p.groups * p.sum_floats + apus_max64(threads, 1) * (p.frame_floats + round_up(p.gradient_floats, 16));
}

/// Rows [first, last) of a plain gradient image as [blocks][rows, width, 8].
static void block_gradient(const weights_plan *p, const float *image, int64_t first, int64_t last, float *dst) {
  const apus_conv *c = p->conv;
  const int64_t plane = c->out_height * c->out_width, count = (last - first) * c->out_width;
  for (int64_t b = 0; b < p->blocks; ++b, dst += count * 8)
    for (int64_t lane = 0; lane < 8; ++lane) {
      const float *src = image + (b * 8 + lane) * plane + first * c->out_width;
      const int present = b * 8 + lane < c->out_channels;
      for (int64_t i = 0; i < count; ++i) dst[i * 8 + lane] = present ? src[i] : 0;
    }
}

typedef float V4 __attribute__((vector_size(16)));
typedef float U4 __attribute__((vector_size(16), aligned(4), may_alias));

/// sums[0..<8] += the sum over count pixels of 8 lanes. Four pixels at a time hide the latency of addition.
static void sum_pixels(const float *pixels, int64_t count, float *sums) {
  V4 acc[4][2] = {{{0}}};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (int k = 0; k < 4; ++k) {
      acc[k][0] += *(const U4 *)(pixels + (i + k) * 8);
      acc[k][1] += *(const U4 *)(pixels + (i + k) * 8 + 4);
    }
  for (; i < count; ++i) {
    acc[0][0] += *(const U4 *)(pixels + i * 8);
    acc[0][1] += *(const U4 *)(pixels + i * 8 + 4);
  }
  *(U4 *)sums += (acc[0][0] + acc[1][0]) + (acc[2][0] + acc[3][0]);
  *(U4 *)(sums + 4) += (acc[0][1] + acc[1][1]) + (acc[2][1] + acc[3][1]);
}

/// Adds a strip's products to the sums, laid out [group of two blocks][taps][blocks * 8].
static void add_strip(const weights_plan *p, const float *src, int64_t src_height, int64_t src_width,
                      const float *gradient, int64_t gradient_plane, int64_t rows, float *sums) {
  const apus_conv *c = p->conv;
  const int64_t lanes = c->src_blocked ? 8 : 1, plane = src_height * src_width * lanes;
  const int64_t tap_rows = c->in_channels * c->kernel_height, kw = c->kernel_width;
  const int64_t pieces = apus_ceil_div(kw, APUS_CONV_MOST_TAPS);
  apus_conv_products q = {.gradient_plane = gradient_plane, .pixel_step = c->stride_w * lanes,
                          .row_step = c->stride_h * src_width * lanes, .tap_step = c->dilation_w * lanes, .rows = rows,
                          .width = c->out_width};
  const apus_conv_kernels *kernels = apus_kernels->conv;
  for (int64_t group = 0; group < p->blocks; group += 2) {
    const int blocks = p->blocks - group >= 2 ? 2 : 1;
    float *group_sums = sums + group * 8 * p->taps;
    q.gradient = gradient + group * gradient_plane;
    for (int64_t piece = 0; piece < pieces; ++piece) {
      const int64_t t0 = kw * piece / pieces, taps = kw * (piece + 1) / pieces - t0;
      const int64_t most = (blocks == 2 ? kernels->tap_rows_two : kernels->tap_rows_one)[taps];
      for (int64_t row = 0; row < tap_rows; row += most) {
        const int now = (int)apus_min64(most, tap_rows - row);
        for (int r = 0; r < now; ++r) {
          const int64_t channel = (row + r) / c->kernel_height, ky = (row + r) % c->kernel_height;
          q.src[r] = src + (c->src_blocked ? channel / 8 * plane + channel % 8 : channel * plane) +
                     (ky * c->dilation_h * src_width + t0 * c->dilation_w) * lanes;
          q.sums[r] = group_sums + ((row + r) * kw + t0) * blocks * 8;
        }
        kernels->products(&q, blocks, now, (int)taps);
      }
    }
    if (!p->with_bias) continue;
    for (int b = 0; b < blocks; ++b)
      sum_pixels(q.gradient + b * gradient_plane, rows * c->out_width, sums + p->blocks * 8 * p->taps + (group + b) * 8);
  }
}

/// An image's gradient, sent from its pooled maxima to where they came from.
static void spread_gradient(const weights_plan *p, int64_t image, float *dst) {
  const int64_t pooled_plane = p->pool->out_height * p->pool->out_width * 8;
  const int64_t plane = p->conv->out_height * p->conv->out_width * 8;
  for (int64_t b = 0; b < p->blocks; ++b) {
    const int64_t from = (image * p->blocks + b) * pooled_plane;
    apus_pool_kernels_of(p->pool)->max_backward(p->pool, p->gradient + from, p->argmax + from, dst + b * plane);
  }
}

static void sum_group(void *context, int64_t group, int thread) {
  const weights_plan *p = context;
  const apus_conv *c = p->conv;
  const int64_t lanes = c->src_blocked ? 8 : 1;
  const int64_t src_image = apus_conv_stored_channels(c->in_channels, c->src_blocked) * c->in_height * c->in_width;
  const int64_t out_plane = c->out_height * c->out_width;
  const int64_t gradient_image = apus_conv_stored_channels(c->out_channels, c->dst_blocked) * out_plane;
  float *sums = p->sums + group * p->sum_floats;
  memset(sums, 0, (size_t)p->sum_floats * sizeof(float));
  float *frame = p->frames + thread * p->frame_floats;
  float *blocked = p->gradients + thread * round_up(p->gradient_floats, 16);
  float *spread = p->images + thread * apus_conv_image_floats(c);
  for (int64_t n = c->batch * group / p->groups; n < c->batch * (group + 1) / p->groups; ++n) {
    if (p->pool) spread_gradient(p, n, spread);
    for (int64_t first = 0; first < c->out_height; first += p->strip_rows) {
      const int64_t rows = apus_min64(p->strip_rows, c->out_height - first);
      const float *src = p->src + n * src_image;
      const float *gradient = p->pool ? spread : p->gradient + n * gradient_image;
      int64_t width = c->in_width, height = c->in_height, gradient_plane = out_plane * 8;
      const int64_t origin = first * c->stride_h;
      if (p->frame_floats) {
        width = p->frame.padded_width;
        height = strip_input_rows(c, rows);
        apus_conv_frame_copy(&p->frame, src, origin, origin + height, frame);
        src = frame;
      } else {
        src += origin * width * lanes;
      }
      if (c->dst_blocked) {
        gradient += first * c->out_width * 8;
      } else {
        block_gradient(p, gradient, first, first + rows, blocked);
        gradient = blocked;
        gradient_plane = rows * c->out_width * 8;
      }
      add_strip(p, src, height, width, gradient, gradient_plane, rows, sums);
    }
  }
}

static void sum_weights(weights_plan *p, const float *src, const float *gradient, float *weights_gradient,
                        float *bias_gradient, void *scratch, int threads) {
  p->src = src;
  p->gradient = gradient;
  p->with_bias = bias_gradient != NULL;
  p->sums = scratch;
  p->frames = p->sums + p->groups * p->sum_floats;
  p->gradients = p->frames + apus_max64(threads, 1) * p->frame_floats;
  p->images = p->gradients + apus_max64(threads, 1) * round_up(p->gradient_floats, 16);
  apus_parallel(threads, p->groups, sum_group, p);
  if (p->groups == 0) {
    memset(weights_gradient, 0, (size_t)(p->conv->out_channels * p->taps) * sizeof(float));
    if (bias_gradient) memset(bias_gradient, 0, (size_t)p->conv->out_channels * sizeof(float));
    return;
  }
  const int64_t used = p->blocks * 8 * (p->taps + 1);
  for (int64_t g = 1; g < p->groups; ++g) {
    const float *restrict next = p->sums + g * p->sum_floats;
    float *restrict total = p->sums;
    for (int64_t i = 0; i < used; ++i) total[i] += next[i];
  }
  for (int64_t o = 0; o < p->conv->out_channels; ++o) {
    const int64_t group = o / 16 * 2, lanes = apus_min64(2, p->blocks - group) * 8;
    const float *sums = p->sums + group * 8 * p->taps + (o - group * 8);
    for (int64_t t = 0; t < p->taps; ++t) weights_gradient[o * p->taps + t] = sums[t * lanes];
    if (bias_gradient) bias_gradient[o] = p->sums[p->blocks * 8 * p->taps + o];
  }
}

void apus_conv_backward_weights(const apus_conv *conv, const float *src, const float *dst_gradient,
                                float *weights_gradient, float *bias_gradient, void *scratch, int threads) {
  weights_plan p = make_plan(conv);
  sum_weights(&p, src, dst_gradient, weights_gradient, bias_gradient, scratch, threads);
}

void apus_conv_backward_weights_pooled(const apus_conv *conv, const apus_pool *pool, const float *src,
                                       const float *pooled_gradient, const int32_t *argmax, float *weights_gradient,
                                       float *bias_gradient, void *scratch, int threads) {
  weights_plan p = make_plan(conv);
  p.pool = pool;
  p.argmax = argmax;
  sum_weights(&p, src, pooled_gradient, weights_gradient, bias_gradient, scratch, threads);
}

size_t apus_conv_pooled_scratch(const apus_conv *conv, int pass, int threads) {
  if (pass == 0) return apus_conv_pooled_direct_scratch(conv, threads);
  return (size_t)(weights_floats(conv, threads) + apus_max64(threads, 1) * apus_conv_image_floats(conv)) * sizeof(float);
}

size_t apus_conv_scratch(const apus_conv *conv, int pass, int threads) {
  if (pass == 2) return (size_t)weights_floats(conv, threads) * sizeof(float);
  return apus_conv_direct_scratch(conv, pass, threads);
}

int apus_conv_supported(const apus_conv *c, int pass) {
  const int64_t sizes[] = {c->in_channels,   c->in_height, c->in_width, c->out_channels, c->out_height, c->out_width,
                           c->kernel_height, c->kernel_width, c->stride_h, c->stride_w, c->dilation_h, c->dilation_w};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i)
    if (sizes[i] < 1) return 0;
  if (c->pad_top < 0 || c->pad_left < 0) return 0;
  // Private sums and packed weights must stay tiny for these kernels to make sense.
  const int64_t weights = (c->out_channels + 7) * c->in_channels * c->kernel_height * c->kernel_width;
  return pass >= 0 && pass <= 2 && weights <= 1 << 20;
}
