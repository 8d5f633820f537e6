// SPDX-License-Identifier: Apache-2.0
//
// Reductions of a contiguous run into APUS_LANES lanes, and of one row into a row of accumulators. Part of
// fused_ops_body.h.

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
  static void NAME(accumulate_##name)(void *acc, const void *src, int64_t count) {                               \
    T *d = acc;                                                                                                  \
    const T *s = src;                                                                                            \
    int64_t i = 0;                                                                                               \
    for (; i + LANES <= count; i += LANES) {                                                                     \
      const V a = *(U *)(d + i), b = *(const U *)(s + i);                                                        \
      *(U *)(d + i) = (vector);                                                                                  \
    }                                                                                                            \
    for (; i < count; ++i) {                                                                                     \
      const T a = d[i], b = s[i];                                                                                \
      d[i] = (scalar);                                                                                           \
    }                                                                                                            \
  }

REDUCE(sum, a + b, a + b)
REDUCE(max, NAME(larger)(a, b), a > b || a != a ? a : b)
REDUCE(min, NAME(smaller)(a, b), a < b || a != a ? a : b)
REDUCE(prod, a * b, a * b)

#undef REDUCE
