// SPDX-License-Identifier: Apache-2.0
//
// One tight loop per operation of a fused program. Included once per instruction set and compute type with
//   T, I        element type and the signed integer of its size
//   MANTISSA_BITS  of T, without the leading one
//   LANES       elements per vector
//   NAME(x)     x with a suffix unique to this inclusion
//   APUS_SLEEF(function, accuracy)  its full name; MAP(map) the loop that calls it, see sleef.h
//   FMOD        libm's fmod for T
// Loads and stores are unaligned: inputs and outputs are read and written where the caller has them.

typedef T NAME(vector) __attribute__((vector_size(LANES * sizeof(T))));
typedef T NAME(unaligned) __attribute__((vector_size(LANES * sizeof(T)), aligned(sizeof(T)), may_alias));
typedef I NAME(mask) __attribute__((vector_size(LANES * sizeof(T))));
#define V NAME(vector)
#define U NAME(unaligned)
#define M NAME(mask)

#define UNROLL _Pragma("clang loop unroll_count(4)")

#define UNARY(name, expression)                                                                                  \
  static void NAME(name)(const apus_operand *o, const apus_instruction *in, int64_t vectors) {                   \
    char *d = o[in->dst].values;                                                                                 \
    const char *pa = o[in->a].values;                                                                            \
    const ptrdiff_t sa = o[in->a].step;                                                                          \
    UNROLL for (int64_t i = 0; i < vectors; ++i) {                                                               \
      const V a = *(const U *)(pa + i * sa);                                                                     \
      *(U *)(d + i * (ptrdiff_t)sizeof(V)) = (expression);                                                       \
    }                                                                                                            \
  }

#define BINARY(name, expression)                                                                                 \
  static void NAME(name)(const apus_operand *o, const apus_instruction *in, int64_t vectors) {                   \
    char *d = o[in->dst].values;                                                                                 \
    const char *pa = o[in->a].values, *pb = o[in->b].values;                                                     \
    const ptrdiff_t sa = o[in->a].step, sb = o[in->b].step;                                                      \
    UNROLL for (int64_t i = 0; i < vectors; ++i) {                                                               \
      const V a = *(const U *)(pa + i * sa), b = *(const U *)(pb + i * sb);                                      \
      *(U *)(d + i * (ptrdiff_t)sizeof(V)) = (expression);                                                       \
    }                                                                                                            \
  }

#define TERNARY(name, expression)                                                                                \
  static void NAME(name)(const apus_operand *o, const apus_instruction *in, int64_t vectors) {                   \
    char *d = o[in->dst].values;                                                                                 \
    const char *pa = o[in->a].values, *pb = o[in->b].values, *pc = o[in->c].values;                              \
    const ptrdiff_t sa = o[in->a].step, sb = o[in->b].step, sc = o[in->c].step;                                  \
    UNROLL for (int64_t i = 0; i < vectors; ++i) {                                                               \
      const V a = *(const U *)(pa + i * sa), b = *(const U *)(pb + i * sb), c = *(const U *)(pc + i * sc);       \
      *(U *)(d + i * (ptrdiff_t)sizeof(V)) = (expression);                                                       \
    }                                                                                                            \
  }

#define SPLAT(x) ((V){0} + (T)(x))

static inline V NAME(blend)(M mask, V yes, V no) { return (V)((mask & (M)yes) | (~mask & (M)no)); }
static inline V NAME(one_where)(M mask) { return (V)(mask & (M)SPLAT(1)); }
static inline V NAME(zero_where)(M mask, V otherwise) { return (V)(~mask & (M)otherwise); }

// Both give NaN if either value is NaN: comparisons with NaN are false, so b wins, and b is NaN or a is chosen as NaN.
static inline V NAME(larger)(V a, V b) { return NAME(blend)((a > b) | (a != a), a, b); }
static inline V NAME(smaller)(V a, V b) { return NAME(blend)((a < b) | (a != a), a, b); }

static inline V NAME(sign_of)(V a) {
  V sign = NAME(one_where)(a > SPLAT(0)) - NAME(one_where)(a < SPLAT(0));
  return NAME(blend)(a != a, a, sign);
}

/// dst = function(a, b) over vectors that follow each other, or at steps of 0.
static inline void NAME(map)(void (*function)(void), void *dst, const apus_operand *a, const apus_operand *b,
                             int64_t vectors) {
  MAP(&((apus_map){function, dst, a->values, a->step, b->values, b->step, vectors}));
}

#define SLEEF_UNARY(name, accuracy)                                                                              \
  static void NAME(name)(const apus_operand *o, const apus_instruction *in, int64_t vectors) {                   \
    NAME(map)(APUS_SLEEF(name, accuracy), o[in->dst].values, &o[in->a], &o[in->a], vectors);                     \
  }
#define SLEEF_BINARY(name, accuracy)                                                                             \
  static void NAME(name)(const apus_operand *o, const apus_instruction *in, int64_t vectors) {                   \
    NAME(map)(APUS_SLEEF(name, accuracy), o[in->dst].values, &o[in->a], &o[in->b], vectors);                     \
  }

/// 1 / (1 + exp(-a)). exp of a nonpositive number never overflows, so both tails keep their relative accuracy.
static void NAME(sigmoid)(const apus_operand *o, const apus_instruction *in, int64_t vectors) {
  V e[APUS_TILE_BYTES / sizeof(V)];
  const char *pa = o[in->a].values;
  char *d = o[in->dst].values;
  const ptrdiff_t sa = o[in->a].step;
  for (int64_t i = 0; i < vectors; ++i) e[i] = -__builtin_elementwise_abs(*(const U *)(pa + i * sa));
  const apus_operand exps = {(char *)e, sizeof(V)};
  NAME(map)(APUS_SLEEF(exp, u10), e, &exps, &exps, vectors);
  for (int64_t i = 0; i < vectors; ++i) {
    const V a = *(const U *)(pa + i * sa);
    *(U *)(d + i * (ptrdiff_t)sizeof(V)) = NAME(blend)(a >= SPLAT(0), SPLAT(1), e[i]) / (SPLAT(1) + e[i]);
  }
}

// fmod is exact only with its long division; no vector form is worth its price here.
static inline V NAME(remainders)(V a, V b) {
  V r;
  for (int i = 0; i < LANES; ++i) r[i] = FMOD(a[i], b[i]);
  return r;
}

UNARY(copy, a)
UNARY(neg, -a)
UNARY(abs, __builtin_elementwise_abs(a))
UNARY(sign, NAME(sign_of)(a))
SLEEF_UNARY(exp, u10)
SLEEF_UNARY(expm1, u10)
SLEEF_UNARY(log, u10)
SLEEF_UNARY(log1p, u10)
UNARY(sqrt, __builtin_elementwise_sqrt(a))
UNARY(rsqrt, SPLAT(1) / __builtin_elementwise_sqrt(a))
UNARY(reciprocal, SPLAT(1) / a)
SLEEF_UNARY(sin, u10)
SLEEF_UNARY(cos, u10)
SLEEF_UNARY(tan, u10)
SLEEF_UNARY(tanh, u10)
SLEEF_UNARY(atan, u10)
SLEEF_UNARY(erf, u10)
SLEEF_UNARY(erfc, u15)
UNARY(floor, __builtin_elementwise_floor(a))
UNARY(ceil, __builtin_elementwise_ceil(a))
UNARY(round, __builtin_elementwise_roundeven(a))
UNARY(relu, NAME(zero_where)(a <= SPLAT(0), a))
UNARY(square, a * a)
UNARY(not, NAME(one_where)(a == SPLAT(0)))
UNARY(isnan, NAME(one_where)(a != a))
UNARY(isfinite, NAME(one_where)(a - a == SPLAT(0)))
BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
BINARY(div, a / b)
BINARY(max, NAME(larger)(a, b))
BINARY(min, NAME(smaller)(a, b))
SLEEF_BINARY(pow, u10)
SLEEF_BINARY(atan2, u10)
BINARY(rem, NAME(remainders)(a, b))
BINARY(lt, NAME(one_where)(a < b))
BINARY(le, NAME(one_where)(a <= b))
BINARY(gt, NAME(one_where)(a > b))
BINARY(ge, NAME(one_where)(a >= b))
BINARY(eq, NAME(one_where)(a == b))
BINARY(ne, NAME(one_where)(a != b))
BINARY(and, NAME(one_where)((a != SPLAT(0)) & (b != SPLAT(0))))
BINARY(or, NAME(one_where)((a != SPLAT(0)) | (b != SPLAT(0))))
BINARY(xor, NAME(one_where)((a != SPLAT(0)) ^ (b != SPLAT(0))))
TERNARY(select, NAME(blend)(a != SPLAT(0), b, c))
TERNARY(muladd, a * b + c)
TERNARY(submul, c - a * b)

#include "fused_convert_body.h"
#include "fused_reduce_body.h"
#include "softmax_body.h"
#include "squash_body.h"
#include "recurrent_body.h"

static const apus_fused_kernels NAME(kernels) = {
    LANES,
    {NAME(copy), NAME(neg), NAME(abs), NAME(sign), NAME(exp), NAME(expm1), NAME(log), NAME(log1p), NAME(sqrt),
     NAME(rsqrt), NAME(reciprocal), NAME(sin), NAME(cos), NAME(tan), NAME(tanh), NAME(sigmoid), NAME(atan), NAME(erf),
     NAME(erfc), NAME(floor), NAME(ceil), NAME(round), NAME(relu), NAME(square), NAME(not), NAME(isnan),
     NAME(isfinite), NAME(add), NAME(sub), NAME(mul), NAME(div), NAME(max), NAME(min), NAME(pow), NAME(atan2),
     NAME(rem), NAME(lt), NAME(le), NAME(gt), NAME(ge), NAME(eq), NAME(ne), NAME(and), NAME(or), NAME(xor),
     NAME(select), NAME(muladd), NAME(submul)},
    {NAME(load_f32), NAME(load_f64), NAME(load_i32), NAME(load_i64), NAME(load_u8), NAME(load_u8)},
    {NAME(store_f32), NAME(store_f64), NAME(store_i32), NAME(store_i64), NAME(store_u8), NAME(store_bool)},
    {NAME(run_sum), NAME(run_max), NAME(run_min), NAME(run_prod)},
    {NAME(accumulate_sum), NAME(accumulate_max), NAME(accumulate_min), NAME(accumulate_prod)},
    {NAME(merge_sum), NAME(merge_max), NAME(merge_min), NAME(merge_prod)},
    {NAME(rows_sum), NAME(rows_max), NAME(rows_min), NAME(rows_prod)},
    NAME(softmax),
    NAME(softmax_backward),
    NAME(lstm_step),
    NAME(lstm_step_backward),
    NAME(gru_step),
    NAME(gru_step_backward),
    NAME(lstm_part)};

#undef V
#undef U
#undef M
#undef UNARY
#undef SLEEF_UNARY
#undef SLEEF_BINARY
#undef BINARY
#undef TERNARY
#undef UNROLL
#undef SPLAT
