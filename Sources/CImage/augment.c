// SPDX-License-Identifier: Apache-2.0
#include "apus_augment.h"

#pragma clang fp contract(off)

// Plain loops that the compiler turns into vectors, once for every x86-64 and once for AVX2, chosen when the program
// starts.
#if defined(__x86_64__) && defined(__linux__)
#define BOTH __attribute__((target_clones("avx2", "default")))
#else
#define BOTH
#endif

#define INLINE static inline __attribute__((always_inline))

// Bilinear sampling of a plane with a frame of zeros: one column and row before it, two after it.
INLINE void sample(const float *restrict framed, int64_t stride, const apus_affine *map, float *restrict dst,
                   int64_t height, int64_t width) {
  const float xx = map->xx, yx = map->yx;
  const float low_x = map->low_x, high_x = map->high_x, low_y = map->low_y, high_y = map->high_y;
  for (int64_t y = 0; y < height; ++y, dst += width) {
    const float from_x = map->xy * (float)y + map->x0, from_y = map->yy * (float)y + map->y0;
    for (int32_t x = 0; x < (int32_t)width; ++x) {
      float sx = xx * (float)x + from_x, sy = yx * (float)x + from_y;
      sx = sx < low_x ? low_x : sx;
      sx = sx > high_x ? high_x : sx;
      sy = sy < low_y ? low_y : sy;
      sy = sy > high_y ? high_y : sy;
      // Truncation is the floor but for negative fractions.
      int32_t column = (int32_t)sx, row = (int32_t)sy;
      column -= (float)column > sx;
      row -= (float)row > sy;
      const float tx = sx - (float)column, ty = sy - (float)row;
      const float *p = framed + (int32_t)((row + 1) * (int32_t)stride + column + 1);
      const float top = p[0] * (1 - tx) + p[1] * tx;
      const float bottom = p[stride] * (1 - tx) + p[stride + 1] * tx;
      dst[x] = top * (1 - ty) + bottom * ty;
    }
  }
}

BOTH void apus_affine_sample_u8(const uint8_t *src, int64_t height, int64_t width, const apus_affine *map,
                                float *scratch, float *dst, int64_t new_height, int64_t new_width) {
  const int64_t stride = width + 3;
  for (int64_t y = 0; y < height; ++y) {
    float *restrict row = scratch + (y + 1) * stride + 1;
    const uint8_t *restrict from = src + y * width;
    for (int64_t x = 0; x < width; ++x) row[x] = from[x];
  }
  sample(scratch, stride, map, dst, new_height, new_width);
}

BOTH void apus_affine_sample_f32(const float *src, int64_t height, int64_t width, const apus_affine *map,
                                 float *scratch, float *dst, int64_t new_height, int64_t new_width) {
  const int64_t stride = width + 3;
  for (int64_t y = 0; y < height; ++y) {
    float *restrict row = scratch + (y + 1) * stride + 1;
    const float *restrict from = src + y * width;
    for (int64_t x = 0; x < width; ++x) row[x] = from[x];
  }
  sample(scratch, stride, map, dst, new_height, new_width);
}

void apus_affine_nearest_i32(const int32_t *src, int64_t height, int64_t width, const apus_affine *map, int32_t outside,
                             int32_t *dst, int64_t new_height, int64_t new_width) {
  for (int64_t y = 0; y < new_height; ++y, dst += new_width) {
    const float from_x = map->xy * (float)y + map->x0, from_y = map->yy * (float)y + map->y0;
    for (int64_t x = 0; x < new_width; ++x) {
      const float sx = map->xx * (float)x + from_x + 0.5f, sy = map->yx * (float)x + from_y + 0.5f;
      const int is_inside = sx >= 0 && sy >= 0 && sx < (float)width && sy < (float)height;
      dst[x] = is_inside ? src[(int64_t)sy * width + (int64_t)sx] : outside;
    }
  }
}

BOTH void apus_widen_u8(const uint8_t *restrict src, float *restrict dst, int64_t count) {
  for (int64_t i = 0; i < count; ++i) dst[i] = src[i];
}

BOTH float apus_lane_sum(const float *values, int64_t count) {
  float lanes[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += values[i + lane];
  for (int lane = 0; i < count; ++i, ++lane) lanes[lane] += values[i];
  float sum = 0;
  for (int lane = 0; lane < 16; ++lane) sum += lanes[lane];
  return sum;
}

// The finaliser of MurmurHash3 (A. Appleby) with the second key between its two multiplications.
INLINE uint32_t hash(uint32_t index, uint32_t key0, uint32_t key1) {
  uint32_t h = index + key0;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h ^= key1;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return h;
}

BOTH void apus_change_values(float *values, int64_t count, const apus_value_change *change) {
  const float pivot = change->pivot, gain = change->gain, shift = change->pivot + change->offset;
  const float amplitude = change->amplitude, low = change->low, high = change->high;
  const uint32_t key0 = change->keys[0], key1 = change->keys[1];
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t word = hash((uint32_t)i, key0, key1);
    const int32_t sum = (int32_t)((word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24)) - 510;
    float value = (values[i] - pivot) * gain + shift + (float)sum * amplitude;
    value = value < low ? low : value;
    values[i] = value > high ? high : value;
  }
}

BOTH void apus_mix(const float *a, const float *b, float part, float *restrict dst, int64_t count) {
  const float rest = 1 - part;
  for (int64_t i = 0; i < count; ++i) dst[i] = a[i] * part + b[i] * rest;
}
