// SPDX-License-Identifier: Apache-2.0
//
// Reductions of a contiguous run into APUS_LANES lanes, of rows into a row of accumulators, of those into doubles,
// and of short rows into one double each. Part of fused_ops_body.h.

#define REDUCE(name, vector, scalar)                                                                             \
  static void NAME(run_##name)(void *lanes, const void *src, int64_t count) {                                    \
    enum { parts = APUS_LANES / LANES };                                                                         \
    T *l = lanes;                                                                                                \
    const T *s = src;                                                                                            \
    V acc[parts];                                                                                                \
    for (int j = 0; j < parts; ++j) acc[j] = *(U *)(l + j * LANES);                                              \
    int64_t i = 0;                                                                                               \
    for (; i + APUS_LANES <= count; i += APUS_LANES) {                                                           \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < parts; ++j) {                                       \
        const V a = acc[j], b = *(const U *)(s + i + j * LANES);                                                 \
        acc[j] = (vector);                                                                                       \
      }                                                                                                          \
    }                                                                                                            \
    for (int j = 0; j < parts; ++j) *(U *)(l + j * LANES) = acc[j];                                              \
    for (int64_t j = 0; i + j < count; ++j) {                                                                    \
      const T a = l[j], b = s[i + j];                                                                            \
      l[j] = (scalar);                                                                                           \
    }                                                                                                            \
  }                                                                                                              \
  static void NAME(accumulate_##name)(void *acc, const void *src, int64_t count, int64_t rows) {                 \
    T *d = acc;                                                                                                  \
    const T *s = src;                                                                                            \
    int64_t i = 0;                                                                                               \
    for (; i + 4 * LANES <= count; i += 4 * LANES) {                                                             \
      V sum[4];                                                                                                  \
      for (int j = 0; j < 4; ++j) sum[j] = *(U *)(d + i + j * LANES);                                            \
      for (int64_t r = 0; r < rows; ++r)                                                                         \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < 4; ++j) {                                         \
          const V a = sum[j], b = *(const U *)(s + r * count + i + j * LANES);                                   \
          sum[j] = (vector);                                                                                     \
        }                                                                                                        \
      for (int j = 0; j < 4; ++j) *(U *)(d + i + j * LANES) = sum[j];                                            \
    }                                                                                                            \
    for (; i + LANES <= count; i += LANES) {                                                                     \
      V a = *(U *)(d + i);                                                                                       \
      for (int64_t r = 0; r < rows; ++r) {                                                                       \
        const V b = *(const U *)(s + r * count + i);                                                             \
        a = (vector);                                                                                            \
      }                                                                                                          \
      *(U *)(d + i) = a;                                                                                         \
    }                                                                                                            \
    for (; i < count; ++i) {                                                                                     \
      T a = d[i];                                                                                                \
      for (int64_t r = 0; r < rows; ++r) {                                                                       \
        const T b = s[r * count + i];                                                                            \
        a = (scalar);                                                                                            \
      }                                                                                                          \
      d[i] = a;                                                                                                  \
    }                                                                                                            \
  }                                                                                                              \
  static void NAME(merge_##name)(double *totals, const void *acc, int64_t count) {                               \
    const T *s = acc;                                                                                            \
    for (int64_t i = 0; i < count; ++i) {                                                                        \
      const double a = totals[i], b = s[i];                                                                      \
      totals[i] = (scalar);                                                                                      \
    }                                                                                                            \
  }                                                                                                              \
  static void NAME(rows_##name)(double *results, const void *src, int64_t rows, int64_t count) {                 \
    const T *s = src;                                                                                            \
    for (int64_t r = 0; r < rows; ++r, s += count) {                                                             \
      double a = s[0];                                                                                           \
      for (int64_t i = 1; i < count; ++i) {                                                                      \
        const double b = s[i];                                                                                   \
        a = (scalar);                                                                                            \
      }                                                                                                          \
      results[r] = a;                                                                                            \
    }                                                                                                            \
  }

REDUCE(sum, a + b, a + b)
REDUCE(max, NAME(larger)(a, b), a > b || a != a ? a : b)
REDUCE(min, NAME(smaller)(a, b), a < b || a != a ? a : b)
REDUCE(prod, a * b, a * b)

#undef REDUCE
