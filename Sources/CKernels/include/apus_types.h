// SPDX-License-Identifier: Apache-2.0
#ifndef APUS_TYPES_H
#define APUS_TYPES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// Element types of arrays in memory. APUS_BOOL is one byte, 0 or 1.
typedef enum {
  APUS_F32 = 0,
  APUS_F64 = 1,
  APUS_I32 = 2,
  APUS_I64 = 3,
  APUS_U8 = 4,
  APUS_BOOL = 5
} apus_dtype;

/// How a reduction combines values.
typedef enum { APUS_SUM = 0, APUS_MAX = 1, APUS_MIN = 2, APUS_PROD = 3 } apus_reduction;

#if defined(__cplusplus)
}
#endif
#endif
