// SPDX-License-Identifier: Apache-2.0
//
// Gradients of a convolution's input with images in the lanes of a vector: nothing is lost to channels that do not fill a
// vector or to taps outside the image. Images are taken in groups, each transposed into scratch first.
#include <string.h>

#include "conv_internal.h"

typedef struct {
  const apus_conv *conv;
  const float *gradient, *weights;
  float *dst;
  float *groups;  // a group's transposed gradient for each thread
  int64_t group_floats;
  int channels;   // of the input, padded to what the kernels know
} lanes_job;

static int64_t padded_channels(const apus_conv *c) { return c->in_channels <= 4 ? 4 : c->in_channels <= 6 ? 6 : 8; }

static int64_t weight_floats(const apus_conv *c) {
  return c->out_channels * c->kernel_height * c->kernel_width * padded_channels(c);
}

static int64_t group_floats(const apus_conv *c) {
  return apus_conv_image_floats(c) * apus_kernels->conv_lanes->lanes;
}

int apus_conv_lanes_pays(const apus_conv *c) {
  if (!apus_kernels->conv_lanes) return 0;
  const int64_t lanes = apus_kernels->conv_lanes->lanes;
  // Groups are the units of work, so there must be some.
  return c->batch % lanes == 0 && c->batch >= 2 * lanes && c->in_channels <= 8 && c->src_blocked && c->dst_blocked && c->stride_h == 1 &&
         c->stride_w == 1 && c->dilation_h == 1 && c->dilation_w == 1 && group_floats(c) <= 128 * 1024;
}

size_t apus_conv_lanes_scratch(const apus_conv *c, int threads) {
  return (size_t)(weight_floats(c) + apus_max64(threads, 1) * group_floats(c)) * sizeof(float);
}

/// [out_channels, kernel rows, kernel columns, padded input channels].
static void pack_weights(const apus_conv *c, const float *weights, float *dst) {
  const int64_t taps = c->kernel_height * c->kernel_width, channels = padded_channels(c);
  for (int64_t o = 0; o < c->out_channels; ++o)
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t i = 0; i < channels; ++i)
        *dst++ = i < c->in_channels ? weights[(o * c->in_channels + i) * taps + t] : 0;
}

static void convolve_group(void *context, int64_t group, int thread) {
  const lanes_job *j = context;
  const apus_conv *c = j->conv;
  const apus_conv_lanes_kernels *kernels = apus_kernels->conv_lanes;
  const int64_t plane = c->out_height * c->out_width, image = apus_conv_image_floats(c);
  float *transposed = j->groups + thread * j->group_floats;
  const float *gradient = j->gradient + group * kernels->lanes * image;
  for (int64_t block = 0; block < (c->out_channels + 7) / 8; ++block)
    kernels->gather(gradient + block * plane * 8, image, plane, transposed + block * 8 * plane * kernels->lanes,
                    plane * kernels->lanes);
  const apus_conv_lanes lanes = {.gradient = transposed, .weights = j->weights, .channels = c->out_channels,
                                 .height = c->out_height, .width = c->out_width, .kernel_height = c->kernel_height,
                                 .kernel_width = c->kernel_width, .pad_top = c->pad_top, .pad_left = c->pad_left,
                                 .input_channels = c->in_channels};
  const int64_t step = 8 * c->in_height * c->in_width;
  float *dst = j->dst + group * kernels->lanes * step;
  for (int64_t y = 0; y < c->in_height; ++y)
    kernels->row(&lanes, j->channels, y, c->in_width, dst + y * c->in_width * 8, step);
}

void apus_conv_lanes_backward_data(const apus_conv *conv, const float *dst_gradient, const float *weights,
                                   float *src_gradient, void *scratch, int threads) {
  float *packed = scratch;
  pack_weights(conv, weights, packed);
  lanes_job j = {.conv = conv, .gradient = dst_gradient, .weights = packed, .dst = src_gradient,
                 .groups = packed + weight_floats(conv), .group_floats = group_floats(conv),
                 .channels = (int)padded_channels(conv)};
  apus_parallel(threads, conv->batch / apus_kernels->conv_lanes->lanes, convolve_group, &j);
}
