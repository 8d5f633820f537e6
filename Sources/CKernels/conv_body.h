// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of direct convolution. Included once per instruction set with
//   FMA(a, b, c)  a * b + c on V8, fused where the instruction set can
//   FMA_MEMORY(a, p, c)  c = FMA(a, *p, c) with p as a memory operand
// Accumulators stay in registers: every function below is inlined with constant sizes.

typedef float V8 __attribute__((vector_size(32)));
typedef float U8 __attribute__((vector_size(32), aligned(4), may_alias));
#define INLINE static inline __attribute__((always_inline))
#define FULL _Pragma("clang loop unroll(full)")

// A macro: without AVX a function returning V8 would have no agreed calling convention.
#define conv_splat(x)                        \
  ({                                         \
    const float x_ = (x);                    \
    (V8){x_, x_, x_, x_, x_, x_, x_, x_};    \
  })

typedef int32_t M8 __attribute__((vector_size(32)));
#define RELU8(x) ((V8)(~(M8)((x) <= (V8){0}) & (M8)(x)))

/// `step` is the pixel step when it is known at compile time (1 and 8 become address constants), else 0.
INLINE void conv_run_pixels(const apus_conv_run *r, const int blocks, const int pixels, const int64_t step) {
  const int64_t pixel = step ? step : r->pixel_step;
  V8 acc[2][12];
  FULL for (int b = 0; b < blocks; ++b)
    FULL for (int p = 0; p < pixels; ++p) acc[b][p] = *(const U8 *)(r->bias + 8 * b);
  const float *w = r->weights;
  for (int64_t t = 0; t < r->taps; ++t, w += blocks * 8) {
    const float *s = r->src + r->offsets[t];
    V8 weight[2];
    FULL for (int b = 0; b < blocks; ++b) weight[b] = *(const U8 *)(w + 8 * b);
    FULL for (int p = 0; p < pixels; ++p) {
      const V8 x = conv_splat(s[p * pixel]);
      FULL for (int b = 0; b < blocks; ++b) acc[b][p] = FMA(x, weight[b], acc[b][p]);
    }
  }
  FULL for (int b = 0; b < blocks; ++b)
    FULL for (int p = 0; p < pixels; ++p)
      *(U8 *)(r->dst + b * r->dst_plane + 8 * p) = r->relu ? RELU8(acc[b][p]) : acc[b][p];
}

#define RUN_CASE(blocks, pixels)                                         \
  case pixels:                                                           \
    if (r->pixel_step == 1) return conv_run_pixels(r, blocks, pixels, 1); \
    if (r->pixel_step == 8) return conv_run_pixels(r, blocks, pixels, 8); \
    return conv_run_pixels(r, blocks, pixels, 0);

static void conv_run(const apus_conv_run *r, int blocks, int pixels) {
  if (blocks == 2) {
    switch (pixels) { RUN_CASE(2, 1) RUN_CASE(2, 2) RUN_CASE(2, 3) RUN_CASE(2, 4) RUN_CASE(2, 5) RUN_CASE(2, 6) }
    return;
  }
  switch (pixels) {
    RUN_CASE(1, 1) RUN_CASE(1, 2) RUN_CASE(1, 3) RUN_CASE(1, 4) RUN_CASE(1, 5) RUN_CASE(1, 6) RUN_CASE(1, 7)
    RUN_CASE(1, 8) RUN_CASE(1, 9) RUN_CASE(1, 10) RUN_CASE(1, 11) RUN_CASE(1, 12)
  }
}

/// One block of channels is bound by loads, not by products, unless each input read serves every tap that meets it.
/// So the weights of a kernel row stay in registers and the run goes along the input's columns; columns known to be
/// zero are left out. Every output still sums its taps in the same order.
INLINE void conv_dense_pixels(const apus_conv_run *r, const int taps, const int pixels, const int64_t step) {
  // With so many accumulators there is no register left for weights: they become memory operands.
  const int weights_in_memory = pixels > 10;
  V8 acc[14];
  FULL for (int p = 0; p < pixels; ++p) acc[p] = *(const U8 *)r->bias;
  const float *w = r->weights;
  const int64_t first = r->first_column, last = r->last_column;
  for (int64_t t = 0; t < r->taps; t += taps, w += taps * 8) {
    const float *s = r->src + r->offsets[t];
    V8 weight[5];
    if (!weights_in_memory) FULL for (int k = 0; k < taps; ++k) weight[k] = *(const U8 *)(w + 8 * k);
    FULL for (int j = 0; j < pixels + taps - 1; ++j) {
      if (j < first || j >= last) continue;
      const V8 x = conv_splat(s[j * step]);
      FULL for (int k = 0; k < taps; ++k)
        if (j - k >= 0 && j - k < pixels) {
          if (weights_in_memory) {
            FMA_MEMORY(x, (const U8 *)(w + 8 * k), acc[j - k]);
          } else {
            acc[j - k] = FMA(x, weight[k], acc[j - k]);
          }
        }
    }
  }
  FULL for (int p = 0; p < pixels; ++p) *(U8 *)(r->dst + 8 * p) = r->relu ? RELU8(acc[p]) : acc[p];
}

#define DENSE_CASE(taps, pixels)                                             \
  case taps * 16 + pixels:                                                   \
    if (r->pixel_step == 1) return conv_dense_pixels(r, taps, pixels, 1);     \
    return conv_dense_pixels(r, taps, pixels, 8);

static void conv_dense_run(const apus_conv_run *r, int kernel_width, int pixels) {
  switch (kernel_width * 16 + pixels) {
    DENSE_CASE(3, 1) DENSE_CASE(3, 2) DENSE_CASE(3, 3) DENSE_CASE(3, 4) DENSE_CASE(3, 5) DENSE_CASE(3, 6)
    DENSE_CASE(3, 7) DENSE_CASE(3, 8) DENSE_CASE(3, 9) DENSE_CASE(3, 10) DENSE_CASE(5, 1) DENSE_CASE(5, 2)
    DENSE_CASE(5, 3) DENSE_CASE(5, 4) DENSE_CASE(5, 5) DENSE_CASE(5, 6) DENSE_CASE(5, 7) DENSE_CASE(5, 8) DENSE_CASE(5, 9) DENSE_CASE(5, 10) DENSE_CASE(5, 11)
    DENSE_CASE(5, 12) DENSE_CASE(5, 13) DENSE_CASE(5, 14)
  }
}

#undef RUN_CASE
#undef DENSE_CASE
