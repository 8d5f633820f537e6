// SPDX-License-Identifier: Apache-2.0
//
// Calling SLEEF. A function that takes vectors wider than 16 bytes cannot be called from C here: clang chooses how to
// pass them by the flags of the whole file, not by a function's target attribute, and without -mavx it would pass
// them in memory where SLEEF expects registers. So SLEEF is only ever called through a loop that knows the registers,
// one for each instruction set, and its functions are declared without arguments: they are names of addresses.
#ifndef APUS_SLEEF_H
#define APUS_SLEEF_H

#include <stddef.h>
#include <stdint.h>

/// dst[i] = function(a[i * a_step], b[i * b_step]) for vectors; steps in bytes. Functions of one argument ignore b.
typedef struct {
  void (*function)(void);
  void *dst;
  const void *a;
  ptrdiff_t a_step;
  const void *b;
  ptrdiff_t b_step;
  int64_t vectors;
} apus_map;

void apus_map_sse2(const apus_map *map);
void apus_map_avx2(const apus_map *map);
void apus_map_avx512(const apus_map *map);

#define APUS_SLEEF_ALL(X) \
  X(exp, u10) X(expm1, u10) X(log, u10) X(log1p, u10) X(sin, u10) X(cos, u10) X(tan, u10) X(tanh, u10) X(tanh, u35) X(atan, u10) \
  X(erf, u10) X(erfc, u15) X(pow, u10) X(atan2, u10) X(sinpi, u05) X(cospi, u05)

#define APUS_DECLARE_SSE2(name, accuracy)                                                    \
  void Sleef_##name##f4_##accuracy##sse2(void);                                              \
  void Sleef_##name##d2_##accuracy##sse2(void);
#define APUS_DECLARE_AVX2(name, accuracy)                                                    \
  void Sleef_##name##f8_##accuracy##avx2(void);                                              \
  void Sleef_##name##d4_##accuracy##avx2(void);
#define APUS_DECLARE_AVX512(name, accuracy)                                                  \
  void Sleef_##name##f16_##accuracy##avx512f(void);                                          \
  void Sleef_##name##d8_##accuracy##avx512f(void);
APUS_SLEEF_ALL(APUS_DECLARE_SSE2)
APUS_SLEEF_ALL(APUS_DECLARE_AVX2)
APUS_SLEEF_ALL(APUS_DECLARE_AVX512)

#endif
