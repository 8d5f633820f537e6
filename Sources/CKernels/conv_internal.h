// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution in two layers: conv_*.c cut the work and lay out data, conv_body.h does the arithmetic.
#ifndef APUS_CONV_INTERNAL_H
#define APUS_CONV_INTERNAL_H

#include "internal.h"

enum { APUS_CONV_GROUPS = 16, APUS_CONV_MOST_PIXELS = 28, APUS_CONV_MOST_TAPS = 6 };

/// A run of output pixels of one row, for one or two blocks of 8 output channels.
typedef struct {
  const float *src;        // where the offsets start for the first pixel, in an image with its padding made explicit
  const int64_t *offsets;  // [taps] from src to what each tap reads
  const float *weights;    // [taps, blocks * 8]
  int64_t taps;
  const float *bias;       // [blocks * 8]
  int64_t pixel_step;      // floats from what one output pixel reads to what the next does
  int relu;
  float *dst;              // [blocks][pixels, 8] with dst_plane between blocks
  int64_t dst_plane;
  int64_t first_column, last_column;  // of what the run reads, counted from its first pixel's first tap: where the image is
} apus_conv_run;

/// Products of gradients and inputs over a range of output rows, for a few rows of kernel taps.
typedef struct {
  const float *gradient;   // [blocks][rows, width, 8] with gradient_plane between blocks
  int64_t gradient_plane;
  const float *src[5];     // for each tap row, the place its first tap meets at the first output pixel
  int64_t pixel_step, row_step, tap_step;  // floats between output columns, output rows and taps
  int64_t rows, width;
  float *sums[5];          // for each tap row, [taps, blocks * 8], added to
} apus_conv_products;

typedef struct apus_conv_kernels {
  /// The longest runs: of one block, of two, and of dense ones with 3 and 5 kernel columns.
  int pixels_one, pixels_two, pixels_dense_3, pixels_dense_5;
  /// How many rows of taps share a pass over the gradient, by the number of taps in a row: as many as the registers
  /// hold sums for.
  int tap_rows_one[APUS_CONV_MOST_TAPS + 1], tap_rows_two[APUS_CONV_MOST_TAPS + 1];
  void (*run)(const apus_conv_run *run, int blocks, int pixels);
  /// The same for one block, 3 or 5 kernel columns and neighbouring pixels one tap apart (1 or 8 floats).
  void (*dense_run)(const apus_conv_run *run, int kernel_width, int pixels);
  void (*products)(const apus_conv_products *products, int blocks, int tap_rows, int taps);
} apus_conv_kernels;

/// The gradient of a convolution's output with images in the lanes, and what makes the input's of it.
typedef struct {
  const float *gradient;  // [channels, height, width, lanes]
  const float *weights;   // [channels, kernel rows, kernel columns, input channels]
  int64_t channels, height, width, kernel_height, kernel_width, pad_top, pad_left;
  int64_t input_channels;  // those beyond are written as zero
} apus_conv_lanes;

typedef struct apus_conv_lanes_kernels {
  int64_t lanes;
  void (*gather)(const float *src, int64_t image_step, int64_t count, float *dst, int64_t plane);
  void (*row)(const apus_conv_lanes *lanes, int channels, int64_t y, int64_t width, float *dst, int64_t image_step);
} apus_conv_lanes_kernels;

/// Whether images in lanes are worth it for backward data, and the pass itself.
int apus_conv_lanes_pays(const apus_conv *conv);
size_t apus_conv_lanes_scratch(const apus_conv *conv, int threads);
void apus_conv_lanes_backward_data(const apus_conv *conv, const float *dst_gradient, const float *weights,
                                   float *src_gradient, void *scratch, int threads);

/// An image copied into scratch with explicit zeros: around it (negative padding crops) and between its pixels
/// (spread > 1, for the gradient of a strided convolution).
typedef struct {
  int64_t channels, height, width;  // of the image
  int blocked;
  int64_t top, left, spread_h, spread_w;
  int64_t padded_height, padded_width;
} apus_conv_frame;

static inline int64_t apus_conv_stored_channels(int64_t channels, int blocked) {
  return blocked ? (channels + 7) / 8 * 8 : channels;
}

/// Writes rows [first, last) of the padded image to dst: [channels or blocks][last - first, padded_width, 1 or 8].
void apus_conv_frame_copy(const apus_conv_frame *frame, const float *image, int64_t first, int64_t last, float *dst);

size_t apus_conv_direct_scratch(const apus_conv *conv, int pass, int threads);
size_t apus_conv_pooled_direct_scratch(const apus_conv *conv, int threads);

/// Floats of one image's blocked result.
static inline int64_t apus_conv_image_floats(const apus_conv *c) {
  return apus_conv_stored_channels(c->out_channels, 1) * c->out_height * c->out_width;
}

static inline int apus_conv_frame_is_identity(const apus_conv_frame *f) {
  return f->top == 0 && f->left == 0 && f->spread_h == 1 && f->spread_w == 1 && f->padded_height <= f->height &&
         f->padded_width <= f->width;
}

#endif
