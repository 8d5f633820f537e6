// SPDX-License-Identifier: Apache-2.0
//
// sigmoid and tanh of one vector, to be inlined where all else of a step is in registers: a call of SLEEF costs more than
// the arithmetic around it. Part of fused_ops_body.h. Errors are in Documentation/Numerics.md.
//
// Both rest on exp(y) = 2^n (1 + p) for y <= 0, with p = expm1(r) and r = y - n ln 2 in +-ln(2)/2, a polynomial that
// keeps its relative accuracy at 0: so tanh has it there too.

#if MANTISSA_BITS == 23
// 1.5 * 2^23 rounds to a whole number, which stands in the lowest bits, with the exponent's bias of 127.
#define SQUASH_SHIFT (0x1.8p23f + 127)
#define SQUASH_LEAST -87.0f  // where exp is still a normal number
#define LN2_HIGH 0x1.62e4p-1f  // so short that its products with n are exact
#define LN2_LOW 0x1.7f7d1cf8p-20f
/// (expm1(r) - r) / r^2: interpolated at Chebyshev nodes, error of expm1 at most 5e-10.
#define EXPM1_TERMS {0x1.0p-1f, 0x1.555556p-3f, 0x1.5554e8dap-5f, 0x1.1110e0dep-7f, 0x1.6d436209p-10f, 0x1.a125285ep-13f}
#else
#define SQUASH_SHIFT (0x1.8p52 + 1023)
#define SQUASH_LEAST -708.0
#define LN2_HIGH 0x1.62e42fefp-1
#define LN2_LOW 0x1.473de6af278edp-34
/// The same, error at most 5e-19.
#define EXPM1_TERMS                                                                                                  \
  {0x1.0p-1, 0x1.5555555555557p-3, 0x1.5555555555556p-5, 0x1.11111111100cep-7, 0x1.6c16c16c162ccp-10,                \
   0x1.a01a01abef415p-13, 0x1.a01a01a6dcaffp-16, 0x1.71de021a90822p-19, 0x1.27e4db57442fbp-22, 0x1.af4e196027428p-26, \
   0x1.1f731ea5352cap-29}
#endif

/// p, and 2^n in `scale`, of exp(y) = scale * (1 + p); y <= 0 or NaN, which gives NaN.
static inline V NAME(exp_parts)(V y, V *scale) {
#pragma clang fp contract(fast)
  static const T terms[] = EXPM1_TERMS;
  const int count = sizeof terms / sizeof(T);
  y = NAME(blend)(y < SPLAT(SQUASH_LEAST), SPLAT(SQUASH_LEAST), y);
  const V shifted = y * SPLAT(0x1.71547652b82fep+0) + SPLAT(SQUASH_SHIFT), n = shifted - SPLAT(SQUASH_SHIFT);
  *scale = (V)((M)shifted << MANTISSA_BITS);
  const V r = (y - n * SPLAT(LN2_HIGH)) - n * SPLAT(LN2_LOW);
  V sum = SPLAT(terms[count - 1]);
  _Pragma("clang loop unroll(full)") for (int i = count - 2; i >= 0; --i) sum = sum * r + SPLAT(terms[i]);
  return r * r * sum + r;
}

/// 1 / (1 + exp(-a)), of exp of a nonpositive number, so that both tails keep their relative accuracy.
static inline V NAME(sigmoid_of)(V a) {
#pragma clang fp contract(fast)
  V scale;
  const V p = NAME(exp_parts)(-__builtin_elementwise_abs(a), &scale);
  const V e = scale * p + scale;
  return NAME(blend)(a >= SPLAT(0), SPLAT(1), e) / (SPLAT(1) + e);
}

/// With q = 1 - exp(-2 |a|): q / (2 - q), and the sign of a.
static inline V NAME(tanh_of)(V a) {
#pragma clang fp contract(fast)
  V scale;
  const V size = __builtin_elementwise_abs(a), p = NAME(exp_parts)(SPLAT(-2) * size, &scale);
  const V q = (SPLAT(1) - scale) - scale * p;
  return (V)((M)(q / (SPLAT(2) - q)) | ((M)a ^ (M)size));
}

#undef SQUASH_SHIFT
#undef SQUASH_LEAST
#undef LN2_HIGH
#undef LN2_LOW
#undef EXPM1_TERMS
