// SPDX-License-Identifier: Apache-2.0
//
// Pooling of planes whose pixels are vectors of 8 channels. Included once per instruction set, after conv_body.h.

typedef int32_t index8 __attribute__((vector_size(32)));
typedef int32_t index8_unaligned __attribute__((vector_size(32), aligned(4), may_alias));
#define S float
#define STEP 8
#define E V8
#define EU U8
#define X index8
#define XU index8_unaligned
#define SPLAT_E(x) conv_splat(x)
#define SPLAT_X(x) ((index8){0} + (x))
#define PICK_E(mask, a, b) ((V8)(((mask) & (index8)(a)) | (~(mask) & (index8)(b))))
#define PICK_X(mask, a, b) (((mask) & (a)) | (~(mask) & (b)))
#define NAME(x) x##_blocked
#include "pool_body.h"

#undef S
#undef STEP
#undef E
#undef EU
#undef X
#undef XU
#undef SPLAT_E
#undef SPLAT_X
#undef PICK_E
#undef PICK_X
#undef NAME
