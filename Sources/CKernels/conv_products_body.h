// SPDX-License-Identifier: Apache-2.0
//
// The products of weight gradients, on vectors of 8 channels. Included after conv_body.h where nothing wider is.

INLINE void conv_products_taps(const apus_conv_products *q, const int blocks, const int tap_rows, const int taps,
                               const int64_t step) {
  const int64_t tap = step ? step : q->tap_step;
  V8 acc[4][6][2];
  FULL for (int r = 0; r < tap_rows; ++r)
    FULL for (int t = 0; t < taps; ++t)
      FULL for (int b = 0; b < blocks; ++b) acc[r][t][b] = conv_splat(0);
  for (int64_t y = 0; y < q->rows; ++y) {
    const float *g = q->gradient + y * q->width * 8;
    int64_t offset = y * q->row_step;
    for (int64_t x = 0; x < q->width; ++x, g += 8, offset += q->pixel_step) {
      V8 gradient[2];
      FULL for (int b = 0; b < blocks; ++b) gradient[b] = *(const U8 *)(g + b * q->gradient_plane);
      FULL for (int r = 0; r < tap_rows; ++r)
        FULL for (int t = 0; t < taps; ++t) {
          const V8 s = conv_splat(q->src[r][offset + t * tap]);
          FULL for (int b = 0; b < blocks; ++b) acc[r][t][b] = FMA(s, gradient[b], acc[r][t][b]);
        }
    }
  }
  FULL for (int r = 0; r < tap_rows; ++r)
    FULL for (int t = 0; t < taps; ++t)
      FULL for (int b = 0; b < blocks; ++b) {
        U8 *sum = (U8 *)(q->sums[r] + (t * blocks + b) * 8);
        *sum = *sum + acc[r][t][b];
      }
}

#define PRODUCT_CASE(blocks, tap_rows, taps)                                         \
  case (blocks * 8 + tap_rows) * 8 + taps:                                           \
    if (q->tap_step == 1) return conv_products_taps(q, blocks, tap_rows, taps, 1);    \
    if (q->tap_step == 8) return conv_products_taps(q, blocks, tap_rows, taps, 8);    \
    return conv_products_taps(q, blocks, tap_rows, taps, 0);

static void conv_products(const apus_conv_products *q, int blocks, int tap_rows, int taps) {
  switch ((blocks * 8 + tap_rows) * 8 + taps) {
    PRODUCT_CASE(1, 1, 1) PRODUCT_CASE(1, 1, 2) PRODUCT_CASE(1, 1, 3) PRODUCT_CASE(1, 1, 4) PRODUCT_CASE(1, 1, 5)
    PRODUCT_CASE(1, 1, 6) PRODUCT_CASE(1, 2, 1) PRODUCT_CASE(1, 2, 2) PRODUCT_CASE(1, 2, 3) PRODUCT_CASE(1, 2, 4)
    PRODUCT_CASE(1, 2, 5) PRODUCT_CASE(1, 2, 6) PRODUCT_CASE(1, 3, 1) PRODUCT_CASE(1, 3, 2) PRODUCT_CASE(1, 3, 3)
    PRODUCT_CASE(1, 3, 4) PRODUCT_CASE(1, 4, 1) PRODUCT_CASE(1, 4, 2) PRODUCT_CASE(1, 4, 3) PRODUCT_CASE(2, 1, 1)
    PRODUCT_CASE(2, 1, 2) PRODUCT_CASE(2, 1, 3) PRODUCT_CASE(2, 1, 4) PRODUCT_CASE(2, 1, 5) PRODUCT_CASE(2, 1, 6)
    PRODUCT_CASE(2, 2, 1) PRODUCT_CASE(2, 2, 2) PRODUCT_CASE(2, 2, 3) PRODUCT_CASE(2, 3, 1) PRODUCT_CASE(2, 3, 2)
    PRODUCT_CASE(2, 4, 1)
  }
}

static const apus_conv_kernels conv_kernels = {12, 6, 10, 14, {0, 4, 4, 4, 3, 2, 2}, {0, 4, 3, 2, 1, 1, 1},
                                               conv_run, conv_dense_run, conv_products};

#undef PRODUCT_CASE
