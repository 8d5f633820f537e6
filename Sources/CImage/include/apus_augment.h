// SPDX-License-Identifier: Apache-2.0
//
// Random changes of pictures: sampling along an affine map, and changes of values. Every function gives the same bits on
// every machine: no fused multiply-add, no other order of sums.
#ifndef APUS_AUGMENT_H
#define APUS_AUGMENT_H

#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// Where the values of a new picture come from: column x, row y of the new picture is taken from column
/// xx * x + xy * y + x0 and row yx * x + yy * y + y0 of the old one, between its pixels by bilinear interpolation.
/// Coordinates are limited to [low_x, high_x] and [low_y, high_y], which lie within [-1, width] and [-1, height]: with
/// these widest bounds zeros surround the old picture, with [0, width - 1] and [0, height - 1] its edges go on.
typedef struct {
  float xx, xy, x0, yx, yy, y0;
  float low_x, high_x, low_y, high_y;
} apus_affine;

/// Floats of scratch memory that apus_affine_sample needs, all zero before its first use for pictures of this size.
static inline int64_t apus_affine_scratch(int64_t height, int64_t width) { return (height + 3) * (width + 3); }

/// Samples a plane of bytes or f32, height x width, into dst, new_height x new_width.
void apus_affine_sample_u8(const uint8_t *src, int64_t height, int64_t width, const apus_affine *map, float *scratch,
                           float *dst, int64_t new_height, int64_t new_width);
void apus_affine_sample_f32(const float *src, int64_t height, int64_t width, const apus_affine *map, float *scratch,
                            float *dst, int64_t new_height, int64_t new_width);

/// Samples a plane of labels at the nearest pixel, or outside where there is none.
void apus_affine_nearest_i32(const int32_t *src, int64_t height, int64_t width, const apus_affine *map, int32_t outside,
                             int32_t *dst, int64_t new_height, int64_t new_width);

/// dst[i] = src[i].
void apus_widen_u8(const uint8_t *src, float *dst, int64_t count);

/// The sum of values, over 16 lanes that are added in order.
float apus_lane_sum(const float *values, int64_t count);

/// How the values of a picture change: (v - pivot) * gain + pivot + offset + noise, limited to [low, high].
/// noise is amplitude times the sum of the four bytes of a random word less its mean of 510: a bell-shaped distribution
/// over [-510, 510] * amplitude with the standard deviation sqrt(21845) * amplitude. The word of value i is a hash of i
/// and the two keys.
typedef struct {
  float pivot, gain, offset, amplitude, low, high;
  uint32_t keys[2];
} apus_value_change;

/// Changes values in place.
void apus_change_values(float *values, int64_t count, const apus_value_change *change);

/// dst[i] = a[i] * part + b[i] * (1 - part).
void apus_mix(const float *a, const float *b, float part, float *dst, int64_t count);

#if defined(__cplusplus)
}
#endif
#endif
