// SPDX-License-Identifier: Apache-2.0
//
// Direct convolution on vectors of 16, after conv_body.h: two blocks of 8 output channels, or one block of two
// neighbouring pixels. A pair of pixels lies interleaved, channel by channel, so that what it reads of a plain image is
// one 64-bit broadcast; it is separated when it is stored.

typedef float V16 __attribute__((vector_size(64)));
typedef float U16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t M16 __attribute__((vector_size(64)));
#define RELU16(x) ((V16)(~(M16)((x) <= (V16){0}) & (M16)(x)))
#define SPLAT16(x) ((V16)_mm512_set1_ps(x))

/// Each of 8 numbers twice, one after the other.
INLINE V16 conv_twice(V8 x) {
  return __builtin_shufflevector(x, x, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
}

/// An interleaved pair of pixels as two pixels, one after the other.
INLINE V16 conv_separated(V16 x) {
  return __builtin_shufflevector(x, x, 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
}

/// What a pair of pixels reads: s[0] for the first, s[step] for the second.
INLINE V16 conv_pair(const float *s, const int64_t step) {
  if (step == 1) {
    double both;
    memcpy(&both, s, sizeof both);
    return (V16)_mm512_set1_pd(both);
  }
  return (V16)_mm512_mask_blend_ps(0xAAAA, SPLAT16(s[0]), SPLAT16(s[step]));
}

INLINE void conv_two_blocks(const apus_conv_run *r, const int pixels, const int64_t step) {
  const int64_t pixel = step ? step : r->pixel_step;
  V16 acc[14];
  FULL for (int p = 0; p < pixels; ++p) acc[p] = *(const U16 *)r->bias;
  const float *w = r->weights;
  for (int64_t t = 0; t < r->taps; ++t, w += 16) {
    const float *s = r->src + r->offsets[t];
    const V16 weight = *(const U16 *)w;
    FULL for (int p = 0; p < pixels; ++p) acc[p] = _mm512_fmadd_ps(SPLAT16(s[p * pixel]), weight, acc[p]);
  }
  FULL for (int p = 0; p < pixels; ++p) {
    const V16 sum = r->relu ? RELU16(acc[p]) : acc[p];
    *(U8 *)(r->dst + 8 * p) = __builtin_shufflevector(sum, sum, 0, 1, 2, 3, 4, 5, 6, 7);
    *(U8 *)(r->dst + r->dst_plane + 8 * p) = __builtin_shufflevector(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}

#define WIDE_CASE(pixels)                                        \
  case pixels:                                                   \
    if (r->pixel_step == 1) return conv_two_blocks(r, pixels, 1); \
    if (r->pixel_step == 8) return conv_two_blocks(r, pixels, 8); \
    return conv_two_blocks(r, pixels, 0);

static void conv_wide_run(const apus_conv_run *r, int blocks, int pixels) {
  if (blocks == 1) return conv_run(r, 1, pixels);
  switch (pixels) {
    WIDE_CASE(1) WIDE_CASE(2) WIDE_CASE(3) WIDE_CASE(4) WIDE_CASE(5) WIDE_CASE(6) WIDE_CASE(7)
    WIDE_CASE(8) WIDE_CASE(9) WIDE_CASE(10) WIDE_CASE(11) WIDE_CASE(12) WIDE_CASE(13) WIDE_CASE(14)
  }
}

/// As conv_dense_pixels, for pairs of pixels.
INLINE void conv_dense_pairs(const apus_conv_run *r, const int taps, const int pairs, const int64_t step) {
  V16 acc[14];
  const V16 bias = conv_twice(*(const U8 *)r->bias);
  FULL for (int p = 0; p < pairs; ++p) acc[p] = bias;
  const float *w = r->weights;
  const int64_t first = r->first_column, last = r->last_column;
  for (int64_t t = 0; t < r->taps; t += taps, w += taps * 8) {
    const float *s = r->src + r->offsets[t];
    V16 weight[5];
    FULL for (int k = 0; k < taps; ++k) weight[k] = conv_twice(*(const U8 *)(w + 8 * k));
    FULL for (int j = 0; j < 2 * pairs + taps - 2; ++j) {
      if (j + 1 < first || j >= last) continue;
      const V16 x = conv_pair(s + j * step, step);
      FULL for (int k = 0; k < taps; ++k)
        if ((j - k) % 2 == 0 && j - k >= 0 && j - k < 2 * pairs)
          acc[(j - k) / 2] = _mm512_fmadd_ps(x, weight[k], acc[(j - k) / 2]);
    }
  }
  FULL for (int p = 0; p < pairs; ++p) {
    const V16 sum = conv_separated(acc[p]);
    *(U16 *)(r->dst + 16 * p) = r->relu ? RELU16(sum) : sum;
  }
}

#define PAIRS_CASE(taps, pairs)                                             \
  case taps * 16 + pairs:                                                   \
    if (r->pixel_step == 1) conv_dense_pairs(r, taps, pairs, 1);            \
    else conv_dense_pairs(r, taps, pairs, 8);                               \
    break;

static void conv_dense_wide_run(const apus_conv_run *r, int kernel_width, int pixels) {
  switch (kernel_width * 16 + pixels / 2) {
    PAIRS_CASE(3, 1) PAIRS_CASE(3, 2) PAIRS_CASE(3, 3) PAIRS_CASE(3, 4) PAIRS_CASE(3, 5) PAIRS_CASE(3, 6)
    PAIRS_CASE(3, 7) PAIRS_CASE(3, 8) PAIRS_CASE(3, 9) PAIRS_CASE(3, 10) PAIRS_CASE(3, 11) PAIRS_CASE(3, 12)
    PAIRS_CASE(3, 13) PAIRS_CASE(3, 14) PAIRS_CASE(5, 1) PAIRS_CASE(5, 2) PAIRS_CASE(5, 3) PAIRS_CASE(5, 4)
    PAIRS_CASE(5, 5) PAIRS_CASE(5, 6) PAIRS_CASE(5, 7) PAIRS_CASE(5, 8) PAIRS_CASE(5, 9) PAIRS_CASE(5, 10)
    PAIRS_CASE(5, 11) PAIRS_CASE(5, 12) PAIRS_CASE(5, 13) PAIRS_CASE(5, 14)
  }
  if (pixels % 2 == 0) return;
  apus_conv_run rest = *r;
  rest.src += (pixels - 1) * r->pixel_step;
  rest.dst += (pixels - 1) * 8;
  rest.first_column -= pixels - 1;
  rest.last_column -= pixels - 1;
  conv_dense_run(&rest, kernel_width, 1);
}

INLINE void conv_products_of_two(const apus_conv_products *q, const int tap_rows, const int taps, const int64_t step) {
  const int64_t tap = step ? step : q->tap_step;
  V16 acc[5][6];
  FULL for (int r = 0; r < tap_rows; ++r)
    FULL for (int t = 0; t < taps; ++t) acc[r][t] = (V16){0};
  for (int64_t y = 0; y < q->rows; ++y) {
    const float *g = q->gradient + y * q->width * 8;
    int64_t offset = y * q->row_step;
    for (int64_t x = 0; x < q->width; ++x, g += 8, offset += q->pixel_step) {
      const V8 low = *(const U8 *)g, high = *(const U8 *)(g + q->gradient_plane);
      const V16 both = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      FULL for (int r = 0; r < tap_rows; ++r)
        FULL for (int t = 0; t < taps; ++t)
          acc[r][t] = _mm512_fmadd_ps(SPLAT16(q->src[r][offset + t * tap]), both, acc[r][t]);
    }
  }
  FULL for (int r = 0; r < tap_rows; ++r)
    FULL for (int t = 0; t < taps; ++t) {
      U16 *sum = (U16 *)(q->sums[r] + t * 16);
      *sum = *sum + acc[r][t];
    }
}

/// The sums of a pair's even and odd lanes, added to where they belong. They go through memory: taken apart in registers,
/// the compiler keeps half of the sums in memory all along.
INLINE void conv_add_pairs(const apus_conv_products *q, const int tap_rows, const int taps, V16 acc[5][6]) {
  FULL for (int r = 0; r < tap_rows; ++r)
    FULL for (int t = 0; t < taps; ++t) {
      float both[16];
      *(U16 *)both = conv_separated(acc[r][t]);
      U8 *sum = (U8 *)(q->sums[r] + t * 8);
      *sum = *sum + (*(const U8 *)both + *(const U8 *)(both + 8));
    }
}

/// The last pixels of odd rows: pairs whose second gradient is zero. A loop of its own, so that the sums of the other one
/// stay in registers.
INLINE void conv_products_of_last(const apus_conv_products *q, const int tap_rows, const int taps) {
  V16 acc[5][6];
  FULL for (int r = 0; r < tap_rows; ++r)
    FULL for (int t = 0; t < taps; ++t) acc[r][t] = (V16){0};
  for (int64_t y = 0; y < q->rows; ++y) {
    const int64_t x = q->width - 1, offset = y * q->row_step + x * q->pixel_step;
    const V16 alone = (V16)_mm512_maskz_mov_ps(0x5555, conv_twice(*(const U8 *)(q->gradient + (y * q->width + x) * 8)));
    FULL for (int r = 0; r < tap_rows; ++r)
      FULL for (int t = 0; t < taps; ++t)
        acc[r][t] = _mm512_fmadd_ps(SPLAT16(q->src[r][offset + t * q->tap_step]), alone, acc[r][t]);
  }
  conv_add_pairs(q, tap_rows, taps, acc);
}

INLINE void conv_products_of_pairs(const apus_conv_products *q, const int tap_rows, const int taps, const int64_t step) {
  const int64_t tap = step ? step : q->tap_step, pixel = step ? step : q->pixel_step;
  V16 acc[5][6];
  FULL for (int r = 0; r < tap_rows; ++r)
    FULL for (int t = 0; t < taps; ++t) acc[r][t] = (V16){0};
  const float *src[5];
  FULL for (int r = 0; r < tap_rows; ++r) src[r] = q->src[r];
  for (int64_t y = 0; y < q->rows; ++y) {
    const float *g = q->gradient + y * q->width * 8;
    int64_t offset = y * q->row_step;
    for (int64_t x = 0; x + 2 <= q->width; x += 2, g += 16, offset += 2 * pixel) {
      const V16 apart = *(const U16 *)g;
      const V16 pair = __builtin_shufflevector(apart, apart, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
      FULL for (int r = 0; r < tap_rows; ++r)
        FULL for (int t = 0; t < taps; ++t)
          acc[r][t] = _mm512_fmadd_ps(conv_pair(src[r] + offset + t * tap, pixel), pair, acc[r][t]);
    }
  }
  conv_add_pairs(q, tap_rows, taps, acc);
  if (q->width % 2 == 1) conv_products_of_last(q, tap_rows, taps);
}

#define WIDE_PRODUCT_CASE(tap_rows, taps)                                                                  \
  case tap_rows * 8 + taps:                                                                                \
    if (blocks == 2 && q->tap_step == 1) return conv_products_of_two(q, tap_rows, taps, 1);                \
    if (blocks == 2 && q->tap_step == 8) return conv_products_of_two(q, tap_rows, taps, 8);                \
    if (blocks == 2) return conv_products_of_two(q, tap_rows, taps, 0);                                    \
    if (q->tap_step == 1 && q->pixel_step == 1) return conv_products_of_pairs(q, tap_rows, taps, 1);       \
    if (q->tap_step == 8 && q->pixel_step == 8) return conv_products_of_pairs(q, tap_rows, taps, 8);       \
    return conv_products_of_pairs(q, tap_rows, taps, 0);

static void conv_wide_products(const apus_conv_products *q, int blocks, int tap_rows, int taps) {
  switch (tap_rows * 8 + taps) {
    WIDE_PRODUCT_CASE(1, 1) WIDE_PRODUCT_CASE(1, 2) WIDE_PRODUCT_CASE(1, 3) WIDE_PRODUCT_CASE(1, 4)
    WIDE_PRODUCT_CASE(1, 5) WIDE_PRODUCT_CASE(1, 6) WIDE_PRODUCT_CASE(2, 1) WIDE_PRODUCT_CASE(2, 2)
    WIDE_PRODUCT_CASE(2, 3) WIDE_PRODUCT_CASE(2, 4) WIDE_PRODUCT_CASE(2, 5) WIDE_PRODUCT_CASE(2, 6)
    WIDE_PRODUCT_CASE(3, 1) WIDE_PRODUCT_CASE(3, 2) WIDE_PRODUCT_CASE(3, 3) WIDE_PRODUCT_CASE(3, 4)
    WIDE_PRODUCT_CASE(3, 5) WIDE_PRODUCT_CASE(3, 6) WIDE_PRODUCT_CASE(4, 1) WIDE_PRODUCT_CASE(4, 2)
    WIDE_PRODUCT_CASE(4, 3) WIDE_PRODUCT_CASE(4, 4) WIDE_PRODUCT_CASE(4, 5) WIDE_PRODUCT_CASE(4, 6)
    WIDE_PRODUCT_CASE(5, 1) WIDE_PRODUCT_CASE(5, 2) WIDE_PRODUCT_CASE(5, 3) WIDE_PRODUCT_CASE(5, 4)
    WIDE_PRODUCT_CASE(5, 5)
  }
}

static const apus_conv_kernels conv_kernels = {12, 14, 28, 28, {0, 5, 5, 5, 5, 5, 4}, {0, 5, 5, 5, 5, 5, 4},
                                               conv_wide_run, conv_dense_wide_run, conv_wide_products};

#undef RELU16
#undef WIDE_CASE
#undef PAIRS_CASE
#undef WIDE_PRODUCT_CASE
