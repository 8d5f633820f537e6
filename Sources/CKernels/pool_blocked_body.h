// SPDX-License-Identifier: Apache-2.0
//
// Pooling of planes whose pixels are vectors of 8 or 16 channels. Included once per instruction set, after conv_body.h.

typedef int32_t index8 __attribute__((vector_size(32)));
typedef int32_t index8_unaligned __attribute__((vector_size(32), aligned(4), may_alias));
typedef float pixel16 __attribute__((vector_size(64)));
typedef float pixel16_unaligned __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t index16 __attribute__((vector_size(64)));
typedef int32_t index16_unaligned __attribute__((vector_size(64), aligned(4), may_alias));

#define S float
#define STEP 8
#define E V8
#define EU U8
#define X index8
#define XU index8_unaligned
#define SPLAT_E(x) ((V8){0} + (x))
#define SPLAT_X(x) ((index8){0} + (x))
#define PICK_E(mask, a, b) ((V8)(((mask) & (index8)(a)) | (~(mask) & (index8)(b))))
#define PICK_X(mask, a, b) (((mask) & (a)) | (~(mask) & (b)))
#define NAME(x) x##_blocked8
#define FIRST_WINDOW 0
#include "pool_body.h"
#include "pool_blocked_undef.h"

#define S float
#define STEP 16
#define E pixel16
#define EU pixel16_unaligned
#define X index16
#define XU index16_unaligned
#define SPLAT_E(x) ((pixel16){0} + (x))
#define SPLAT_X(x) ((index16){0} + (x))
#define PICK_E(mask, a, b) ((pixel16)(((mask) & (index16)(a)) | (~(mask) & (index16)(b))))
#define PICK_X(mask, a, b) (((mask) & (a)) | (~(mask) & (b)))
#define NAME(x) x##_blocked16
#define FIRST_WINDOW 0
#include "pool_body.h"
#include "pool_blocked_undef.h"

// A plain row of 2x2 windows with stride 2: eight windows at once, evens and odds of the two input rows separated.
#define EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODDS(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define CHALLENGE(x, offset)                                              \
  do {                                                                    \
    const V8 value = (x);                                                 \
    const index8 better = (value > best) | ((value != value) & (best == best)); \
    best = (V8)((better & (index8)value) | (~better & (index8)best));     \
    where = (better & (start + (int32_t)(offset))) | (~better & where);   \
  } while (0)

/// Returns how many of the count windows were done. top: the upper input row, `place` its first pixel's index.
static int64_t max_pairs(const float *top, int64_t width, int64_t place, float *dst, int32_t *argmax, int64_t count) {
  if (count < 8) return 0;
  for (int64_t begin = 0; begin < count; begin += 8) {
    const int64_t x = apus_min64(begin, count - 8);  // the last eight may do some windows again
    const V8 a = *(const U8 *)(top + 2 * x), b = *(const U8 *)(top + 2 * x + 8);
    const V8 c = *(const U8 *)(top + width + 2 * x), d = *(const U8 *)(top + width + 2 * x + 8);
    const index8 start = (index8){0, 2, 4, 6, 8, 10, 12, 14} + (int32_t)(place + 2 * x);
    V8 best = EVENS(a, b);
    index8 where = start;
    CHALLENGE(ODDS(a, b), 1);
    CHALLENGE(EVENS(c, d), width);
    CHALLENGE(ODDS(c, d), width + 1);
    *(U8 *)(dst + x) = best;
    if (argmax) *(index8_unaligned *)(argmax + x) = where;
  }
  return count;
}

#undef EVENS
#undef ODDS
#undef CHALLENGE
