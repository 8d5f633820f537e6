// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "apus_image.h"

// Fraction bits of the weights: sums of 8-bit values with weights of sum 1 stay below 2^31.
#define FRACTION_BITS 22

// How one line of pixels becomes another: new pixel i is the weighted sum of count[i] old ones from first[i] on.
typedef struct {
  int32_t *first, *count, *weights;
  int32_t most;
} apus_taps;

static void free_taps(apus_taps *taps) {
  free(taps->first);
  free(taps->count);
  free(taps->weights);
}

// The taps of new pixels start to start + length of a line that shrinks or grows from old_length to new_length: a triangle
// whose half width is one pixel of the coarser line.
static int make_taps(apus_taps *taps, uint32_t old_length, uint32_t new_length, uint32_t start, uint32_t length) {
  double scale = (double)old_length / new_length;
  double support = scale > 1 ? scale : 1;
  taps->most = (int32_t)ceil(support) * 2 + 1;
  taps->first = malloc(length * sizeof *taps->first);
  taps->count = malloc(length * sizeof *taps->count);
  taps->weights = malloc((size_t)length * (size_t)taps->most * sizeof *taps->weights);
  double *weights = malloc((size_t)taps->most * sizeof *weights);
  if (taps->first == NULL || taps->count == NULL || taps->weights == NULL || weights == NULL) {
    free(weights);
    return -1;
  }
  for (uint32_t i = 0; i < length; i++) {
    double centre = ((double)(start + i) + 0.5) * scale;
    int32_t first = (int32_t)(centre - support + 0.5), end = (int32_t)(centre + support + 0.5);
    if (first < 0) first = 0;
    if (end > (int32_t)old_length) end = (int32_t)old_length;
    double total = 0;
    for (int32_t k = 0; k < end - first; k++) {
      double distance = fabs((k + first - centre + 0.5) * (1 / support));
      weights[k] = distance < 1 ? 1 - distance : 0;
      total += weights[k];
    }
    taps->first[i] = first;
    taps->count[i] = end - first;
    for (int32_t k = 0; k < end - first; k++) {
      double weight = total == 0 ? weights[k] : weights[k] / total;
      taps->weights[(size_t)i * (size_t)taps->most + (size_t)k] = (int32_t)(0.5 + weight * (1 << FRACTION_BITS));
    }
  }
  free(weights);
  return 0;
}

static inline uint8_t rounded(int32_t sum) {
  int32_t value = sum >> FRACTION_BITS;
  return (uint8_t)(value > 255 ? 255 : value);
}

// A row of the part's columns, from interleaved to interleaved.
static void resize_row(const uint8_t *row, int channels, const apus_taps *taps, uint32_t length, uint8_t *out) {
  for (uint32_t x = 0; x < length; x++) {
    const int32_t *weights = taps->weights + (size_t)x * (size_t)taps->most;
    const uint8_t *from = row + (size_t)taps->first[x] * (size_t)channels;
    for (int channel = 0; channel < channels; channel++) {
      int32_t sum = 1 << (FRACTION_BITS - 1);
      for (int32_t k = 0; k < taps->count[x]; k++) sum += weights[k] * from[k * channels + channel];
      out[x * (uint32_t)channels + (uint32_t)channel] = rounded(sum);
    }
  }
}

// A row of the result, as planes, from rows that begin with the first one the part needs.
static void resize_column(const uint8_t *rows, int channels, int32_t first_row, const apus_taps *taps,
                          const apus_resizing *resizing, uint32_t y, int32_t *sums, uint8_t *planes) {
  size_t stride = (size_t)resizing->part_width * (size_t)channels;
  for (size_t i = 0; i < stride; i++) sums[i] = 1 << (FRACTION_BITS - 1);
  const uint8_t *row = rows + (size_t)(taps->first[y] - first_row) * stride;
  const int32_t *weights = taps->weights + (size_t)y * (size_t)taps->most;
  for (int32_t k = 0; k < taps->count[y]; k++, row += stride) {
    for (size_t i = 0; i < stride; i++) sums[i] += weights[k] * row[i];
  }
  size_t plane = (size_t)resizing->part_width * resizing->part_height;
  for (uint32_t x = 0; x < resizing->part_width; x++) {
    for (int channel = 0; channel < channels; channel++) {
      planes[(size_t)channel * plane + (size_t)y * resizing->part_width + x] =
          rounded(sums[x * (uint32_t)channels + (uint32_t)channel]);
    }
  }
}

static int resize_with(const uint8_t *pixels, int channels, const apus_resizing *resizing, const apus_taps *across,
                       const apus_taps *down, uint8_t *planes) {
  int32_t first_row = down->first[0];
  uint32_t last = resizing->part_height - 1;
  int32_t row_count = down->first[last] + down->count[last] - first_row;
  size_t stride = (size_t)resizing->part_width * (size_t)channels;
  uint8_t *rows = malloc((size_t)row_count * stride);
  int32_t *sums = malloc(stride * sizeof *sums);
  if (rows != NULL && sums != NULL) {
    for (int32_t y = 0; y < row_count; y++) {
      const uint8_t *row = pixels + (size_t)(first_row + y) * resizing->width * (size_t)channels;
      resize_row(row, channels, across, resizing->part_width, rows + (size_t)y * stride);
    }
    for (uint32_t y = 0; y < resizing->part_height; y++) {
      resize_column(rows, channels, first_row, down, resizing, y, sums, planes);
    }
  }
  int status = rows != NULL && sums != NULL ? 0 : -1;
  free(rows);
  free(sums);
  return status;
}

int apus_resize(const uint8_t *pixels, int channels, const apus_resizing *resizing, uint8_t *planes) {
  apus_taps across = {0}, down = {0};
  int status = make_taps(&across, resizing->width, resizing->new_width, resizing->left, resizing->part_width);
  if (status == 0) {
    status = make_taps(&down, resizing->height, resizing->new_height, resizing->top, resizing->part_height);
  }
  if (status == 0) status = resize_with(pixels, channels, resizing, &across, &down, planes);
  free_taps(&across);
  free_taps(&down);
  return status;
}
