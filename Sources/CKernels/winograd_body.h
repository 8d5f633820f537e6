// SPDX-License-Identifier: Apache-2.0
//
// The transforms of F(4x4, 3x3), for a block of channels at once. Included once per instruction set with
//   BLOCK  channels in a block
// Interpolation points 0, 1, -1, 2, -2 and infinity; the matrices are those of Lavin and Gray.

typedef float W_VECTOR __attribute__((vector_size(BLOCK * 4)));
typedef int32_t W_MASK __attribute__((vector_size(BLOCK * 4)));
typedef float W_MEMORY __attribute__((vector_size(BLOCK * 4), aligned(4), may_alias));

/// Nothing here must equal anything unfused to the bit.
#define WINOGRAD_CONTRACT _Pragma("clang fp contract(fast)")

/// Six numbers times the matrix of the image's transform.
#define WINOGRAD_IMAGE(d0, d1, d2, d3, d4, d5, r0, r1, r2, r3, r4, r5) \
  do {                                                                 \
    const W_VECTOR even = (d4) - 4 * (d2), odd = (d3) - 4 * (d1);      \
    const W_VECTOR outer = (d4) - (d2), inner = 2 * ((d3) - (d1));     \
    r0 = 4 * (d0) - 5 * (d2) + (d4);                                   \
    r1 = even + odd;                                                   \
    r2 = even - odd;                                                   \
    r3 = outer + inner;                                                \
    r4 = outer - inner;                                                \
    r5 = 4 * (d1) - 5 * (d3) + (d5);                                   \
  } while (0)

/// Six numbers times the matrix of the result's transform.
#define WINOGRAD_RESULT(m0, m1, m2, m3, m4, m5, r0, r1, r2, r3)  \
  do {                                                          \
    const W_VECTOR a = (m1) + (m2), b = (m1) - (m2);            \
    const W_VECTOR c = (m3) + (m4), d = (m3) - (m4);            \
    r0 = (m0) + a + c;                                          \
    r1 = b + 2 * d;                                             \
    r2 = a + 4 * c;                                             \
    r3 = b + 8 * d + (m5);                                      \
  } while (0)

/// Transforms the 6x6 pixels from (y, x) on; those outside the image are zero. Result k goes to dst + k * step.
static void winograd_image(const float *plane, int64_t height, int64_t width, int64_t y, int64_t x, float *dst,
                           int64_t step) {
  WINOGRAD_CONTRACT
  W_VECTOR pixels[6][6], half[6][6];
  if (y >= 0 && x >= 0 && y + 6 <= height && x + 6 <= width) {
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < 6; ++j) pixels[i][j] = *(const W_MEMORY *)(plane + ((y + i) * width + x + j) * BLOCK);
  } else {
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < 6; ++j) {
        const int inside = y + i >= 0 && y + i < height && x + j >= 0 && x + j < width;
        pixels[i][j] = inside ? *(const W_MEMORY *)(plane + ((y + i) * width + x + j) * BLOCK) : (W_VECTOR){0};
      }
  }
  _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; ++j)
    WINOGRAD_IMAGE(pixels[0][j], pixels[1][j], pixels[2][j], pixels[3][j], pixels[4][j], pixels[5][j], half[0][j],
                   half[1][j], half[2][j], half[3][j], half[4][j], half[5][j]);
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; ++i) {
    W_VECTOR r[6];
    WINOGRAD_IMAGE(half[i][0], half[i][1], half[i][2], half[i][3], half[i][4], half[i][5], r[0], r[1], r[2], r[3], r[4],
                   r[5]);
    for (int j = 0; j < 6; ++j) *(W_MEMORY *)(dst + (6 * i + j) * step) = r[j];
  }
}

/// Transforms 36 numbers back to 4x4 pixels from (y, x) on; those outside the image are left out.
/// What lies at the same place of `added`, unless it is NULL, is added first.
static void winograd_result(const float *src, int64_t step, const float *bias, int relu, const float *added,
                            float *plane, int64_t height, int64_t width, int64_t y, int64_t x) {
  WINOGRAD_CONTRACT
  W_VECTOR half[4][6];
  _Pragma("clang loop unroll(full)") for (int j = 0; j < 6; ++j) {
    W_VECTOR m[6];
    for (int i = 0; i < 6; ++i) m[i] = *(const W_MEMORY *)(src + (6 * i + j) * step);
    WINOGRAD_RESULT(m[0], m[1], m[2], m[3], m[4], m[5], half[0][j], half[1][j], half[2][j], half[3][j]);
  }
  const W_VECTOR shift = *(const W_MEMORY *)bias;
  const int64_t rows = apus_min64(4, height - y), columns = apus_min64(4, width - x);
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; ++i) {
    if (i >= rows) break;
    W_VECTOR r[4];
    WINOGRAD_RESULT(half[i][0], half[i][1], half[i][2], half[i][3], half[i][4], half[i][5], r[0], r[1], r[2], r[3]);
    float *row = plane + ((y + i) * width + x) * BLOCK;
    _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; ++j) {
      r[j] += shift;
      if (added && j < columns) r[j] += *(const W_MEMORY *)(added + ((y + i) * width + x + j) * BLOCK);
      if (relu) r[j] = (W_VECTOR)((r[j] > 0) & (W_MASK)r[j]);
      if (j < columns) *(W_MEMORY *)(row + j * BLOCK) = r[j];
    }
  }
}

/// Transforms the 3x3 taps of `columns` filters, a multiple of BLOCK; tap t of filter k lies at taps[t * columns + k], and
/// result r of it goes to dst[r * step + k].
static void winograd_weights(const float *taps, int64_t columns, float *dst, int64_t step) {
  WINOGRAD_CONTRACT
  for (int64_t k = 0; k < columns; k += BLOCK) {
    W_VECTOR half[6][3];
    for (int j = 0; j < 3; ++j) {
      const W_VECTOR a = *(const W_MEMORY *)(taps + j * columns + k);
      const W_VECTOR b = *(const W_MEMORY *)(taps + (3 + j) * columns + k);
      const W_VECTOR c = *(const W_MEMORY *)(taps + (6 + j) * columns + k);
      const W_VECTOR sum = (a + c) * (-1.f / 6), quarter = a * (1.f / 24) + c * (1.f / 6);
      half[0][j] = a * 0.25f;
      half[1][j] = sum - b * (1.f / 6);
      half[2][j] = sum + b * (1.f / 6);
      half[3][j] = quarter + b * (1.f / 12);
      half[4][j] = quarter - b * (1.f / 12);
      half[5][j] = c;
    }
    for (int i = 0; i < 6; ++i) {
      const W_VECTOR a = half[i][0], b = half[i][1], c = half[i][2];
      const W_VECTOR sum = (a + c) * (-1.f / 6), quarter = a * (1.f / 24) + c * (1.f / 6);
      float *to = dst + 6 * i * step + k;
      *(W_MEMORY *)to = a * 0.25f;
      *(W_MEMORY *)(to + step) = sum - b * (1.f / 6);
      *(W_MEMORY *)(to + 2 * step) = sum + b * (1.f / 6);
      *(W_MEMORY *)(to + 3 * step) = quarter + b * (1.f / 12);
      *(W_MEMORY *)(to + 4 * step) = quarter - b * (1.f / 12);
      *(W_MEMORY *)(to + 5 * step) = c;
    }
  }
}

/// Four numbers times the transpose of the result's matrix.
#define WINOGRAD_GRADIENT(g0, g1, g2, g3, r0, r1, r2, r3, r4, r5) \
  do {                                                            \
    const W_VECTOR a = (g0) + (g2), b = (g1) + (g3);              \
    const W_VECTOR c = (g0) + 4 * (g2), d = 2 * (g1) + 8 * (g3);  \
    r0 = (g0);                                                    \
    r1 = a + b;                                                   \
    r2 = a - b;                                                   \
    r3 = c + d;                                                   \
    r4 = c - d;                                                   \
    r5 = (g3);                                                    \
  } while (0)

/// Transforms 4x4 pixels of a result's gradient from (y, x) on; those outside the image are zero.
static void winograd_gradient(const float *plane, int64_t height, int64_t width, int64_t y, int64_t x, float *dst,
                              int64_t step) {
  WINOGRAD_CONTRACT
  W_VECTOR pixels[4][4], half[6][4];
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) {
      const int inside = y + i < height && x + j < width;
      pixels[i][j] = inside ? *(const W_MEMORY *)(plane + ((y + i) * width + x + j) * BLOCK) : (W_VECTOR){0};
    }
  _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; ++j)
    WINOGRAD_GRADIENT(pixels[0][j], pixels[1][j], pixels[2][j], pixels[3][j], half[0][j], half[1][j], half[2][j],
                      half[3][j], half[4][j], half[5][j]);
  _Pragma("clang loop unroll(full)") for (int i = 0; i < 6; ++i) {
    W_VECTOR r[6];
    WINOGRAD_GRADIENT(half[i][0], half[i][1], half[i][2], half[i][3], r[0], r[1], r[2], r[3], r[4], r[5]);
    for (int j = 0; j < 6; ++j) *(W_MEMORY *)(dst + (6 * i + j) * step) = r[j];
  }
}

/// Six numbers times the transpose of the weights' matrix.
#define WINOGRAD_TAPS(u0, u1, u2, u3, u4, u5, r0, r1, r2)            \
  do {                                                               \
    const W_VECTOR a = (u1) + (u2), b = (u2) - (u1);                 \
    const W_VECTOR c = (u3) + (u4), d = (u3) - (u4);                 \
    r0 = 0.25f * (u0) - (1.f / 6) * a + (1.f / 24) * c;              \
    r1 = (1.f / 6) * b + (1.f / 12) * d;                             \
    r2 = (1.f / 6) * (c - a) + (u5);                                 \
  } while (0)

/// The reverse of winograd_weights, transposed: 36 sums of each of `columns` filters become its 9 taps' gradients.
static void winograd_taps(const float *sums, int64_t step, float *taps, int64_t columns) {
  WINOGRAD_CONTRACT
  for (int64_t k = 0; k < columns; k += BLOCK) {
    W_VECTOR half[3][6];
    for (int j = 0; j < 6; ++j) {
      W_VECTOR u[6];
      for (int i = 0; i < 6; ++i) u[i] = *(const W_MEMORY *)(sums + (6 * i + j) * step + k);
      WINOGRAD_TAPS(u[0], u[1], u[2], u[3], u[4], u[5], half[0][j], half[1][j], half[2][j]);
    }
    for (int i = 0; i < 3; ++i) {
      W_VECTOR r[3];
      WINOGRAD_TAPS(half[i][0], half[i][1], half[i][2], half[i][3], half[i][4], half[i][5], r[0], r[1], r[2]);
      for (int j = 0; j < 3; ++j) *(W_MEMORY *)(taps + (3 * i + j) * columns + k) = r[j];
    }
  }
}

static const apus_winograd_kernels winograd_kernels = {BLOCK,           winograd_image,    winograd_result,
                                                       winograd_weights, winograd_gradient, winograd_taps};

#undef BLOCK
#undef WINOGRAD_CONTRACT
#undef WINOGRAD_IMAGE
#undef WINOGRAD_RESULT
#undef WINOGRAD_GRADIENT
#undef WINOGRAD_TAPS
