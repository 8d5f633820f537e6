// SPDX-License-Identifier: Apache-2.0
//
// Forward and backward-data convolution. Backward data is a forward convolution too: of the output gradient, framed
// with zeros (and spread out by the stride), with flipped weights whose channels change places.
#include <string.h>

#include "conv_internal.h"

enum { STRIP_BYTES = 40 * 1024 };

typedef struct {
  apus_conv_frame frame;
  int64_t batch;
  int64_t out_channels, out_height, out_width;
  int64_t kernel_height, kernel_width, stride_h, stride_w, dilation_h, dilation_w;
  int out_blocked, relu;
  int whole_images;            // not cut into strips
  int64_t strips, strip_rows;  // every image's output rows are cut into strips
  int64_t weight_floats, frame_floats;
  int64_t width, plane;        // of the image the kernel reads: floats per row / 1 or 8, floats per channel (block)
  int64_t row_taps;            // taps of one kernel row: channels * kernel_width
  const float *src;
  float *dst;
  float *weights, *bias, *frames;
  int64_t *offsets;            // [kernel rows, channels, kernel columns] from a window's origin to what each tap reads
  // Where the result is pooled at once: an image's result for each thread, and what goes to memory.
  const apus_pool *pool;
  float *images, *pooled;
  int32_t *argmax;
  int64_t image_floats;
} direct;

static int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

static int64_t strip_input_rows(const direct *d, int64_t rows) {
  return (rows - 1) * d->stride_h + (d->kernel_height - 1) * d->dilation_h + 1;
}

/// Sizes alone decide the strips: small enough for the cache, and several when there are few images.
static void plan(direct *d) {
  const int64_t channels = apus_conv_stored_channels(d->frame.channels, d->frame.blocked);
  const int64_t row_bytes = channels * d->frame.padded_width * (int64_t)sizeof(float);
  int64_t rows = d->out_height;
  while (!d->whole_images && rows > 1 && strip_input_rows(d, rows) * row_bytes > STRIP_BYTES) rows = (rows + 1) / 2;
  if (!d->whole_images && d->batch < 8) rows = apus_min64(rows, apus_ceil_div(d->out_height * apus_max64(d->batch, 1), 8));
  d->strips = apus_ceil_div(d->out_height, rows);
  d->strip_rows = apus_ceil_div(d->out_height, d->strips);
  d->weight_floats =
      round_up(d->out_channels, 8) * d->frame.channels * d->kernel_height * d->kernel_width;
  const int64_t lanes = d->frame.blocked ? 8 : 1;
  d->frame_floats = 0;
  d->width = d->frame.width;
  d->plane = d->frame.height * d->frame.width * lanes;
  if (!apus_conv_frame_is_identity(&d->frame)) {
    d->width = d->frame.padded_width;
    d->plane = strip_input_rows(d, d->strip_rows) * d->width * lanes;
    d->frame_floats = round_up(channels / lanes * d->plane, 16);
  }
  d->row_taps = d->frame.channels * d->kernel_width;
}

static direct forward_plan(const apus_conv *c, int whole_images) {
  direct d = {
      .frame = {c->in_channels, c->in_height, c->in_width, c->src_blocked, c->pad_top, c->pad_left, 1, 1,
                (c->out_height - 1) * c->stride_h + (c->kernel_height - 1) * c->dilation_h + 1,
                (c->out_width - 1) * c->stride_w + (c->kernel_width - 1) * c->dilation_w + 1},
      .batch = c->batch, .out_channels = c->out_channels, .out_height = c->out_height, .out_width = c->out_width,
      .kernel_height = c->kernel_height, .kernel_width = c->kernel_width, .stride_h = c->stride_h,
      .stride_w = c->stride_w, .dilation_h = c->dilation_h, .dilation_w = c->dilation_w, .out_blocked = c->dst_blocked,
      .relu = c->relu, .whole_images = whole_images};
  plan(&d);
  return d;
}

static direct backward_plan(const apus_conv *c) {
  const int64_t reach_h = (c->kernel_height - 1) * c->dilation_h, reach_w = (c->kernel_width - 1) * c->dilation_w;
  direct d = {
      .frame = {c->out_channels, c->out_height, c->out_width, c->dst_blocked, reach_h - c->pad_top,
                reach_w - c->pad_left, c->stride_h, c->stride_w, c->in_height + reach_h, c->in_width + reach_w},
      .batch = c->batch, .out_channels = c->in_channels, .out_height = c->in_height, .out_width = c->in_width,
      .kernel_height = c->kernel_height, .kernel_width = c->kernel_width, .stride_h = 1, .stride_w = 1,
      .dilation_h = c->dilation_h, .dilation_w = c->dilation_w, .out_blocked = c->src_blocked};
  plan(&d);
  return d;
}

static int64_t scratch_floats(const direct *d, int threads) {
  return 2 * round_up(d->kernel_height * d->row_taps, 16) + round_up(d->weight_floats, 16) +
         round_up(d->out_channels, 16) + apus_max64(threads, 1) * d->frame_floats;
}

size_t apus_conv_direct_scratch(const apus_conv *conv, int pass, int threads) {
  if (pass == 1 && apus_conv_lanes_pays(conv)) return apus_conv_lanes_scratch(conv, threads);
  const direct d = pass == 0 ? forward_plan(conv, 0) : backward_plan(conv);
  return (size_t)scratch_floats(&d, threads) * sizeof(float);
}

size_t apus_conv_pooled_direct_scratch(const apus_conv *conv, int threads) {
  const direct d = forward_plan(conv, 1);
  return (size_t)(scratch_floats(&d, threads) + apus_max64(threads, 1) * apus_conv_image_floats(conv)) * sizeof(float);
}

static void divide_scratch(direct *d, void *scratch) {
  d->offsets = scratch;
  d->weights = (float *)(d->offsets + round_up(d->kernel_height * d->row_taps, 16));
  d->bias = d->weights + round_up(d->weight_floats, 16);
  d->frames = d->bias + round_up(d->out_channels, 16);
}

/// Taps are ordered [kernel rows, channels, kernel columns], so that leaving out kernel rows leaves a contiguous range.
static void list_offsets(const direct *d) {
  const int64_t lanes = d->frame.blocked ? 8 : 1;
  int64_t *next = d->offsets;
  for (int64_t i = 0; i < d->kernel_height; ++i)
    for (int64_t c = 0; c < d->frame.channels; ++c)
      for (int64_t j = 0; j < d->kernel_width; ++j)
        *next++ = (d->frame.blocked ? c / 8 * d->plane + c % 8 : c * d->plane) +
                  (i * d->dilation_h * d->width + j * d->dilation_w) * lanes;
}

/// Packs weights as [group of two blocks][taps in the order of the offsets][blocks * 8], zero for padding lanes. The
/// weight of (output o, channel c) is at o * out_step + c * channel_step + tap, or with the taps reversed.
static void pack_weights(const direct *d, const float *weights, int64_t out_step, int64_t channel_step, int flip) {
  const int64_t blocks = (d->out_channels + 7) / 8, taps = d->kernel_height * d->kernel_width;
  float *dst = d->weights;
  for (int64_t group = 0; group < blocks; group += 2) {
    const int64_t lanes = apus_min64(2, blocks - group) * 8;
    const int64_t present = apus_min64(lanes, d->out_channels - group * 8);
    for (int64_t i = 0; i < d->kernel_height; ++i)
      for (int64_t c = 0; c < d->frame.channels; ++c)
        for (int64_t j = 0; j < d->kernel_width; ++j, dst += lanes) {
          const int64_t tap = i * d->kernel_width + j;
          const float *src = weights + group * 8 * out_step + c * channel_step + (flip ? taps - 1 - tap : tap);
          for (int64_t o = 0; o < present; ++o) dst[o] = src[o * out_step];
          for (int64_t o = present; o < lanes; ++o) dst[o] = 0;
        }
  }
}

static void pack_bias(const direct *d, const float *bias) {
  for (int64_t o = 0; o < round_up(d->out_channels, 8); ++o) d->bias[o] = bias && o < d->out_channels ? bias[o] : 0;
}

/// Kernel rows that meet the image when the window starts at padded row `row`; the rest would only add zeros.
static void meeting_rows(const direct *d, int64_t row, int64_t *first, int64_t *last) {
  const int64_t last_pixel = d->frame.top + (d->frame.height - 1) * d->frame.spread_h;
  *first = apus_ceil_div(apus_max64(d->frame.top - row, 0), d->dilation_h);
  *last = last_pixel < row ? 0 : apus_min64(d->kernel_height, (last_pixel - row) / d->dilation_h + 1);
  if (*last < *first) *last = *first = 0;
}

/// Stores pixels computed as [blocks][pixels, 8] into a plain image.
static void store_plain(const direct *d, const float *pixels, int64_t first_channel, int64_t blocks, int64_t count,
                        float *image, int64_t offset) {
  const int64_t plane = d->out_height * d->out_width;
  const int64_t channels = apus_min64(blocks * 8, d->out_channels - first_channel);
  for (int64_t o = 0; o < channels; ++o)
    for (int64_t p = 0; p < count; ++p)
      image[(first_channel + o) * plane + offset + p] = pixels[(o / 8 * count + p) * 8 + o % 8];
}

static void convolve_strip(void *context, int64_t unit, int thread) {
  const direct *d = context;
  const apus_conv_frame *f = &d->frame;
  const int64_t image = unit / d->strips, first = unit % d->strips * d->strip_rows;
  const int64_t last = apus_min64(first + d->strip_rows, d->out_height);
  if (first >= last) return;
  const int64_t in_channels = apus_conv_stored_channels(f->channels, f->blocked), lanes = f->blocked ? 8 : 1;
  const float *src = d->src + image * in_channels * f->height * f->width;
  const int64_t origin = first * d->stride_h;
  if (d->frame_floats) {
    float *frame = d->frames + thread * d->frame_floats;
    apus_conv_frame_copy(f, src, origin, origin + strip_input_rows(d, d->strip_rows), frame);
    src = frame;
  } else {
    src += origin * d->width * lanes;
  }

  const int64_t out_plane = d->out_height * d->out_width, blocks = (d->out_channels + 7) / 8;
  float *dst = d->pool ? d->images + thread * d->image_floats
                       : d->dst + image * apus_conv_stored_channels(d->out_channels, d->out_blocked) * out_plane;
  apus_conv_run run = {.pixel_step = d->stride_w * lanes, .relu = d->relu};
  float pixels[2 * APUS_CONV_MOST_PIXELS * 8];
  const apus_conv_kernels *kernels = apus_kernels->conv;
  for (int64_t group = 0; group < blocks; group += 2) {
    const int now = blocks - group >= 2 ? 2 : 1;
    const int dense =
        now == 1 && d->stride_w == 1 && d->dilation_w == 1 && (d->kernel_width == 3 || d->kernel_width == 5);
    const int64_t wide = kernels->pixels_dense_5;
    // Rows that fit one long run of 5 taps are taken whole.
    const int64_t most = dense ? (d->kernel_width == 5 && d->out_width <= wide ? wide : kernels->pixels_dense_3)
                         : now == 2 ? kernels->pixels_two
                                    : kernels->pixels_one;
    const int64_t runs = apus_ceil_div(d->out_width, most);
    run.bias = d->bias + group * 8;
    for (int64_t y = first; y < last; ++y) {
      int64_t first_row, last_row;
      meeting_rows(d, y * d->stride_h, &first_row, &last_row);
      run.taps = (last_row - first_row) * d->row_taps;
      run.offsets = d->offsets + first_row * d->row_taps;
      run.weights = d->weights + (group * d->kernel_height + first_row * now) * d->row_taps * 8;
      for (int64_t k = 0; k < runs; ++k) {
        const int64_t x = d->out_width * k / runs, count = d->out_width * (k + 1) / runs - x;
        run.src = src + ((y - first) * d->stride_h * d->width + x * d->stride_w) * lanes;
        run.dst = d->out_blocked ? dst + group * out_plane * 8 + (y * d->out_width + x) * 8 : pixels;
        run.dst_plane = d->out_blocked ? out_plane * 8 : count * 8;
        if (dense) {
          run.first_column = f->left - x;
          run.last_column = run.first_column + (f->width - 1) * f->spread_w + 1;
          kernels->dense_run(&run, (int)d->kernel_width, (int)count);
        } else {
          kernels->run(&run, now, (int)count);
        }
        if (!d->out_blocked) store_plain(d, pixels, group * 8, now, count, dst, y * d->out_width + x);
      }
    }
  }
  if (!d->pool) return;
  const int64_t pooled_plane = d->pool->out_height * d->pool->out_width * 8;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t to = (image * blocks + b) * pooled_plane;
    apus_pool_kernels_of(d->pool)->max_forward(d->pool, dst + b * out_plane * 8, d->pooled + to,
                                               d->argmax ? d->argmax + to : NULL);
  }
}

static void forward(direct *d, const apus_conv *conv, const float *src, const float *weights, const float *bias,
                    void *scratch, int threads) {
  d->src = src;
  divide_scratch(d, scratch);
  const int64_t taps = conv->kernel_height * conv->kernel_width;
  pack_weights(d, weights, conv->in_channels * taps, taps, 0);
  pack_bias(d, bias);
  list_offsets(d);
  apus_parallel(threads, d->batch * d->strips, convolve_strip, d);
}

void apus_conv_forward(const apus_conv *conv, const float *src, const float *weights, const float *bias, float *dst,
                       void *scratch, int threads) {
  direct d = forward_plan(conv, 0);
  d.dst = dst;
  forward(&d, conv, src, weights, bias, scratch, threads);
}

void apus_conv_forward_pooled(const apus_conv *conv, const apus_pool *pool, const float *src, const float *weights,
                              const float *bias, float *dst, int32_t *argmax, void *scratch, int threads) {
  direct d = forward_plan(conv, 1);
  d.pool = pool;
  d.pooled = dst;
  d.argmax = argmax;
  d.image_floats = apus_conv_image_floats(conv);
  d.images = (float *)scratch + scratch_floats(&d, threads);
  forward(&d, conv, src, weights, bias, scratch, threads);
}

void apus_conv_backward_data(const apus_conv *conv, const float *dst_gradient, const float *weights,
                             float *src_gradient, void *scratch, int threads) {
  if (apus_conv_lanes_pays(conv))
    return apus_conv_lanes_backward_data(conv, dst_gradient, weights, src_gradient, scratch, threads);
  direct d = backward_plan(conv);
  d.src = dst_gradient;
  d.dst = src_gradient;
  divide_scratch(&d, scratch);
  const int64_t taps = conv->kernel_height * conv->kernel_width;
  pack_weights(&d, weights, taps, conv->in_channels * taps, 1);
  pack_bias(&d, NULL);
  list_offsets(&d);
  apus_parallel(threads, d.batch * d.strips, convolve_strip, &d);
}
