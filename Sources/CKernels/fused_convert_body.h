// SPDX-License-Identifier: Apache-2.0
//
// Loads that convert to the compute type and stores that convert from it. Part of fused_ops_body.h.

// A stride of one is its own loop so that it vectorises; a stride of zero repeats one value.
#define LOAD(name, S)                                                                                            \
  static void NAME(name)(void *dst, const void *src, int64_t stride, int64_t count) {                            \
    T *restrict d = dst;                                                                                         \
    const S *restrict s = src;                                                                                   \
    if (stride == 1) {                                                                                           \
      for (int64_t i = 0; i < count; ++i) d[i] = (T)s[i];                                                        \
    } else if (stride == 0) {                                                                                    \
      const T value = (T)s[0];                                                                                   \
      for (int64_t i = 0; i < count; ++i) d[i] = value;                                                          \
    } else {                                                                                                     \
      for (int64_t i = 0; i < count; ++i) d[i] = (T)s[i * stride];                                               \
    }                                                                                                            \
  }

LOAD(load_f32, float)
LOAD(load_f64, double)
LOAD(load_i32, int32_t)
LOAD(load_i64, int64_t)
LOAD(load_u8, uint8_t)

#define STORE(name, S, conversion)                                                                               \
  static void NAME(name)(void *dst, const void *src, int64_t count) {                                            \
    S *restrict d = dst;                                                                                         \
    const T *restrict s = src;                                                                                   \
    for (int64_t i = 0; i < count; ++i) {                                                                        \
      const T x = s[i];                                                                                          \
      d[i] = (S)(conversion);                                                                                    \
    }                                                                                                            \
  }

// The upper bounds are the first values that do not fit: exact in either type, unlike the largest that does.
STORE(store_f32, float, x)
STORE(store_f64, double, x)
STORE(store_i32, int32_t, x >= (T)2147483648.0 ? INT32_MAX : x < (T)-2147483648.0 ? INT32_MIN : x != x ? 0 : (int32_t)x)
STORE(store_i64, int64_t,
      x >= (T)9223372036854775808.0 ? INT64_MAX : x < (T)-9223372036854775808.0 ? INT64_MIN : x != x ? 0 : (int64_t)x)
STORE(store_u8, uint8_t, x >= (T)256 ? 255 : x > (T)0 ? (uint8_t)x : 0)
STORE(store_bool, uint8_t, x != (T)0)

#undef LOAD
#undef STORE
