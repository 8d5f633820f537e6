// SPDX-License-Identifier: Apache-2.0
//
// The loops that call SLEEF; see sleef.h. xmm0 and xmm1 (ymm, zmm) carry the arguments and xmm0 the result, for floats
// and doubles alike, so one loop serves both.
#include "sleef.h"

typedef float vector __attribute__((vector_size(16)));
typedef float unaligned __attribute__((vector_size(16), aligned(4), may_alias));

void apus_map_sse2(const apus_map *map) {
  vector (*const function)(vector, vector) = (vector(*)(vector, vector))map->function;
  const char *a = map->a, *b = map->b;
  char *dst = map->dst;
  for (int64_t i = 0; i < map->vectors; ++i, a += map->a_step, b += map->b_step, dst += 16)
    *(unaligned *)dst = function(*(const unaligned *)a, *(const unaligned *)b);
}

// The same for wider registers. rdi: the map. SLEEF keeps rbx, rbp, r12-r15. Seven words are pushed in all, which
// leaves the stack aligned for a call.
#define APUS_MAP(name, vector, bytes)                                           \
  __asm__(                                                                      \
      ".text\n"                                                                 \
      ".p2align 4\n"                                                            \
      ".globl " name "\n"                                                       \
      ".hidden " name "\n"                                                      \
      ".type " name ", @function\n"                                             \
      name ":\n"                                                                \
      "  .cfi_startproc\n"                                                      \
      "  pushq %rbx\n"                                                          \
      "  .cfi_adjust_cfa_offset 8\n"                                            \
      "  .cfi_rel_offset %rbx, 0\n"                                             \
      "  pushq %rbp\n"                                                          \
      "  .cfi_adjust_cfa_offset 8\n"                                            \
      "  .cfi_rel_offset %rbp, 0\n"                                             \
      "  pushq %r12\n"                                                          \
      "  .cfi_adjust_cfa_offset 8\n"                                            \
      "  .cfi_rel_offset %r12, 0\n"                                             \
      "  pushq %r13\n"                                                          \
      "  .cfi_adjust_cfa_offset 8\n"                                            \
      "  .cfi_rel_offset %r13, 0\n"                                             \
      "  pushq %r14\n"                                                          \
      "  .cfi_adjust_cfa_offset 8\n"                                            \
      "  .cfi_rel_offset %r14, 0\n"                                             \
      "  pushq %r15\n"                                                          \
      "  .cfi_adjust_cfa_offset 8\n"                                            \
      "  .cfi_rel_offset %r15, 0\n"                                             \
      "  subq $8, %rsp\n"                                                       \
      "  .cfi_adjust_cfa_offset 8\n"                                            \
      "  movq %rdi, %r14\n"                                                     \
      "  movq 0(%rdi), %rbx\n" /* function */                                   \
      "  movq 8(%rdi), %rbp\n" /* dst */                                        \
      "  movq 16(%rdi), %r12\n" /* a */                                         \
      "  movq 32(%rdi), %r13\n" /* b */                                         \
      "  movq 48(%rdi), %r15\n" /* vectors */                                   \
      "  testq %r15, %r15\n"                                                    \
      "  jle 2f\n"                                                              \
      "1:\n"                                                                    \
      "  vmovups (%r12), %" vector "0\n"                                        \
      "  vmovups (%r13), %" vector "1\n"                                        \
      "  callq *%rbx\n"                                                         \
      "  vmovups %" vector "0, (%rbp)\n"                                        \
      "  addq 24(%r14), %r12\n"                                                 \
      "  addq 40(%r14), %r13\n"                                                 \
      "  addq $" bytes ", %rbp\n"                                               \
      "  decq %r15\n"                                                           \
      "  jne 1b\n"                                                              \
      "2:\n"                                                                    \
      "  vzeroupper\n"                                                          \
      "  addq $8, %rsp\n"                                                       \
      "  .cfi_adjust_cfa_offset -8\n"                                           \
      "  popq %r15\n"                                                           \
      "  .cfi_adjust_cfa_offset -8\n"                                           \
      "  popq %r14\n"                                                           \
      "  .cfi_adjust_cfa_offset -8\n"                                           \
      "  popq %r13\n"                                                           \
      "  .cfi_adjust_cfa_offset -8\n"                                           \
      "  popq %r12\n"                                                           \
      "  .cfi_adjust_cfa_offset -8\n"                                           \
      "  popq %rbp\n"                                                           \
      "  .cfi_adjust_cfa_offset -8\n"                                           \
      "  popq %rbx\n"                                                           \
      "  .cfi_adjust_cfa_offset -8\n"                                           \
      "  retq\n"                                                                \
      "  .cfi_endproc\n"                                                        \
      ".size " name ", .-" name "\n");

APUS_MAP("apus_map_avx2", "ymm", "32")
APUS_MAP("apus_map_avx512", "zmm", "64")
