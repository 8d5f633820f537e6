// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of matrix products. Included once per instruction set and type with
//   T             element type
//   NAME(x)       x with a suffix unique to this inclusion
//   GEMM_KERNELS  the table type
//   BROADCAST(x)  a vector of T filled with x
//   FMA(a, b, c)  a * b + c on 32-byte vectors of T, fused where the instruction set can
// Every element of C is summed over k in order by one accumulator, wherever its tile lies.

typedef T NAME(wide) __attribute__((vector_size(32)));
typedef T NAME(wide_unaligned) __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
#define V NAME(wide)
#define U NAME(wide_unaligned)
#define L ((int)(32 / sizeof(T)))
#define FULL _Pragma("clang loop unroll(full)")

/// c[i, 0..<2L] = sum over k of a[i * ars + k * acs] * b[k * bs ...], then beta * c is added unless beta is 0.
static inline __attribute__((always_inline)) void NAME(tile_rows)(const int rows, int64_t k, const T *a, int64_t ars,
                                                                  int64_t acs, const T *b, int64_t bs, T beta, T *c,
                                                                  int64_t ldc) {
  V acc[6][2];
  FULL for (int i = 0; i < rows; ++i) acc[i][0] = acc[i][1] = (V){0};
  for (int64_t p = 0; p < k; ++p, a += acs, b += bs) {
    const V b0 = *(const U *)b, b1 = *(const U *)(b + L);
    FULL for (int i = 0; i < rows; ++i) {
      const V x = BROADCAST(a[i * ars]);
      acc[i][0] = FMA(x, b0, acc[i][0]);
      acc[i][1] = FMA(x, b1, acc[i][1]);
    }
  }
  FULL for (int i = 0; i < rows; ++i) {
    U *row = (U *)(c + i * ldc);
    if (beta != 0) {
      acc[i][0] += row[0] * beta;
      acc[i][1] += row[1] * beta;
    }
    row[0] = acc[i][0];
    row[1] = acc[i][1];
  }
}

static void NAME(tile)(int rows, int64_t k, const T *a, int64_t ars, int64_t acs, const T *b, int64_t bs, T beta, T *c,
                       int64_t ldc) {
  switch (rows) {
    case 1: return NAME(tile_rows)(1, k, a, ars, acs, b, bs, beta, c, ldc);
    case 2: return NAME(tile_rows)(2, k, a, ars, acs, b, bs, beta, c, ldc);
    case 3: return NAME(tile_rows)(3, k, a, ars, acs, b, bs, beta, c, ldc);
    case 4: return NAME(tile_rows)(4, k, a, ars, acs, b, bs, beta, c, ldc);
    case 5: return NAME(tile_rows)(5, k, a, ars, acs, b, bs, beta, c, ldc);
    default: return NAME(tile_rows)(6, k, a, ars, acs, b, bs, beta, c, ldc);
  }
}

/// The inner product of two contiguous vectors, in four vectors of partial sums combined in a fixed order.
static T NAME(dot)(const T *x, const T *y, int64_t count) {
  V acc[4] = {{0}, {0}, {0}, {0}};
  int64_t i = 0;
  for (; i + 4 * L <= count; i += 4 * L)
    FULL for (int j = 0; j < 4; ++j)
        acc[j] = FMA(*(const U *)(x + i + j * L), *(const U *)(y + i + j * L), acc[j]);
  for (; i + L <= count; i += L) acc[0] = FMA(*(const U *)(x + i), *(const U *)(y + i), acc[0]);
  const V sum = (acc[0] + acc[1]) + (acc[2] + acc[3]);
  T result = 0;
  for (int j = 0; j < L; ++j) result += sum[j];
  for (; i < count; ++i) result += x[i] * y[i];
  return result;
}

/// y[0..<columns] += sum over r of x[r] * m[r, :], row after row: four at a time to spare loads of y.
static void NAME(add_rows)(const T *m, int64_t ld, int64_t rows, int64_t columns, const T *x, T *y) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4, m += 4 * ld) {
    const V x0 = BROADCAST(x[r]), x1 = BROADCAST(x[r + 1]), x2 = BROADCAST(x[r + 2]), x3 = BROADCAST(x[r + 3]);
    int64_t j = 0;
    for (; j + L <= columns; j += L) {
      V s = *(U *)(y + j);
      s = FMA(x0, *(const U *)(m + j), s);
      s = FMA(x1, *(const U *)(m + ld + j), s);
      s = FMA(x2, *(const U *)(m + 2 * ld + j), s);
      *(U *)(y + j) = FMA(x3, *(const U *)(m + 3 * ld + j), s);
    }
    for (; j < columns; ++j)
      y[j] += x[r] * m[j] + x[r + 1] * m[ld + j] + x[r + 2] * m[2 * ld + j] + x[r + 3] * m[3 * ld + j];
  }
  for (; r < rows; ++r, m += ld)
    for (int64_t j = 0; j < columns; ++j) y[j] += x[r] * m[j];
}

static const GEMM_KERNELS NAME(gemm) = {NAME(tile), NAME(dot), NAME(add_rows)};

#undef V
#undef U
#undef L
