// SPDX-License-Identifier: Apache-2.0
//
// Chooses the instruction set once, when the library is loaded.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

const apus_kernel_table *apus_kernels = &apus_kernels_sse2;

__attribute__((constructor)) static void choose_instruction_set(void) {
  __builtin_cpu_init();
  // The variable exists so that the narrower kernels can be tested on a wider machine.
  const char *asked = getenv("APUS_INSTRUCTION_SET");
  if (asked && strcmp(asked, "sse2") == 0) return;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  apus_kernels = &apus_kernels_avx2;
  if (asked && strcmp(asked, "avx2") == 0) return;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    apus_kernels = &apus_kernels_avx512;
}

const char *apus_instruction_set(void) { return apus_kernels->name; }
