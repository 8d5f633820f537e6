// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of matrix products. Included once per instruction set and type with
//   T             element type
//   NAME(x)       x with a suffix unique to this inclusion
//   GEMM_KERNELS  the table type
//   BROADCAST(x)  a vector of T filled with x
//   FMA(a, b, c)  a * b + c on vectors of T, fused where the instruction set can
//   BYTES         of a vector
//   TILE_ROWS     rows of a register tile: 6 or 12, so that it and what it reads fit into the registers
// Every element of C is summed over k in order by one accumulator, wherever its tile lies.

typedef T NAME(wide) __attribute__((vector_size(BYTES)));
typedef T NAME(wide_unaligned) __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));
#define V NAME(wide)
#define U NAME(wide_unaligned)
#define L ((int)(BYTES / sizeof(T)))
#define FULL _Pragma("clang loop unroll(full)")

/// c[i, 0..<2L] = sum over k of a[i * ars + k * acs] * b[k * bs ...], then beta * c is added unless beta is 0.
static inline __attribute__((always_inline)) void NAME(tile_rows)(const int rows, int64_t k, const T *a, int64_t ars,
                                                                  int64_t acs, const T *b, int64_t bs, T beta, T *c,
                                                                  int64_t ldc) {
  V acc[TILE_ROWS][2];
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

#define TILE_CASE(rows) \
  case rows: return NAME(tile_rows)(rows, k, a, ars, acs, b, bs, beta, c, ldc);

static void NAME(tile)(int rows, int64_t k, const T *a, int64_t ars, int64_t acs, const T *b, int64_t bs, T beta, T *c,
                       int64_t ldc) {
  switch (rows) {
    TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6)
#if TILE_ROWS == 12
    TILE_CASE(7) TILE_CASE(8) TILE_CASE(9) TILE_CASE(10) TILE_CASE(11) TILE_CASE(12)
#endif
  }
}

/// The same for one or two rows and several packed panels, `step` apart: a tile of one panel would wait for its few sums.
static inline __attribute__((always_inline)) void NAME(strip_of)(const int rows, const int panels, int64_t k, const T *a,
                                                                 int64_t ars, int64_t acs, const T *b, int64_t step,
                                                                 T beta, T *c, int64_t ldc) {
  V acc[2][8];
  FULL for (int i = 0; i < rows; ++i)
    FULL for (int j = 0; j < 2 * panels; ++j) acc[i][j] = (V){0};
  for (int64_t p = 0; p < k; ++p, a += acs, b += 2 * L) {
    V x[2];
    FULL for (int i = 0; i < rows; ++i) x[i] = BROADCAST(a[i * ars]);
    FULL for (int j = 0; j < 2 * panels; ++j) {
      const V y = *(const U *)(b + j / 2 * step + j % 2 * L);
      FULL for (int i = 0; i < rows; ++i) acc[i][j] = FMA(x[i], y, acc[i][j]);
    }
  }
  FULL for (int i = 0; i < rows; ++i)
    FULL for (int j = 0; j < 2 * panels; ++j) {
      U *place = (U *)(c + i * ldc + j * L);
      *place = beta != 0 ? acc[i][j] + *place * beta : acc[i][j];
    }
}

static void NAME(strip)(int rows, int64_t k, const T *a, int64_t ars, int64_t acs, const T *b, int64_t step, T beta, T *c,
                        int64_t ldc) {
  if (rows == 1) return NAME(strip_of)(1, 4, k, a, ars, acs, b, step, beta, c, ldc);
  NAME(strip_of)(2, 2, k, a, ars, acs, b, step, beta, c, ldc);
}

/// sums[r, ...] += the sum over k of b[r * ldb + k] * x[k * 2L ...], in one or two vectors, for rows of b.
static inline __attribute__((always_inline)) void NAME(dot_rows_of)(const int rows, const int vectors, int64_t k,
                                                                    const T *b, int64_t ldb, const T *x, T *sums) {
  V acc[TILE_ROWS][2];
  FULL for (int i = 0; i < rows; ++i)
    FULL for (int j = 0; j < vectors; ++j) acc[i][j] = *(const U *)(sums + (2 * i + j) * L);
  for (int64_t p = 0; p < k; ++p, x += 2 * L) {
    V y[2];
    FULL for (int j = 0; j < vectors; ++j) y[j] = *(const U *)(x + j * L);
    FULL for (int i = 0; i < rows; ++i) {
      const V w = BROADCAST(b[i * ldb + p]);
      FULL for (int j = 0; j < vectors; ++j) acc[i][j] = FMA(w, y[j], acc[i][j]);
    }
  }
  FULL for (int i = 0; i < rows; ++i)
    FULL for (int j = 0; j < vectors; ++j) *(U *)(sums + (2 * i + j) * L) = acc[i][j];
}

#define DOT_CASE(rows)                                                        \
  case rows:                                                                  \
    if (vectors == 1) return NAME(dot_rows_of)(rows, 1, k, b, ldb, x, sums);  \
    return NAME(dot_rows_of)(rows, 2, k, b, ldb, x, sums);

static void NAME(dot_rows)(int rows, int vectors, int64_t k, const T *b, int64_t ldb, const T *x, T *sums) {
  switch (rows) {
    DOT_CASE(1) DOT_CASE(2) DOT_CASE(3) DOT_CASE(4) DOT_CASE(5) DOT_CASE(6)
#if TILE_ROWS == 12
    DOT_CASE(7) DOT_CASE(8) DOT_CASE(9) DOT_CASE(10) DOT_CASE(11) DOT_CASE(12)
#endif
  }
}

#undef TILE_CASE
#undef DOT_CASE

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

/// y[j] = sum over r of x[r] * m[r, j] for 8 vectors or one vector of columns, held in registers over all rows.
static inline __attribute__((always_inline)) void NAME(sum_rows_of)(const int vectors, const T *m, int64_t ld,
                                                                    int64_t rows, const T *x, T *y) {
  V acc[8];
  FULL for (int j = 0; j < vectors; ++j) acc[j] = (V){0};
  for (int64_t r = 0; r < rows; ++r, m += ld) {
    const V scale = BROADCAST(x[r]);
    FULL for (int j = 0; j < vectors; ++j) acc[j] = FMA(scale, *(const U *)(m + j * L), acc[j]);
  }
  FULL for (int j = 0; j < vectors; ++j) *(U *)(y + j * L) = acc[j];
}

static void NAME(sum_rows)(const T *m, int64_t ld, int64_t rows, int64_t columns, const T *x, T *y) {
  int64_t j = 0;
  for (; j + 8 * L <= columns; j += 8 * L) NAME(sum_rows_of)(8, m + j, ld, rows, x, y + j);
  for (; j + L <= columns; j += L) NAME(sum_rows_of)(1, m + j, ld, rows, x, y + j);
  for (; j < columns; ++j) {
    y[j] = 0;
    for (int64_t r = 0; r < rows; ++r) y[j] += x[r] * m[r * ld + j];
  }
}

static const GEMM_KERNELS NAME(gemm) = {TILE_ROWS, 2 * L, NAME(tile), NAME(strip), NAME(dot_rows), NAME(dot),
                                         NAME(sum_rows)};

#undef V
#undef U
#undef L
