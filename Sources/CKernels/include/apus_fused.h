// SPDX-License-Identifier: Apache-2.0
//
// Fused elementwise programs: a chain of elementwise operations run tile by tile in cache, one pass over memory.
#ifndef APUS_FUSED_H
#define APUS_FUSED_H

#include "apus_types.h"

#if defined(__cplusplus)
extern "C" {
#endif

/// Operations of a fused program. Each result is that of the operation alone, rounded once: nothing is contracted
/// across operations, so fused and unfused execution agree bit for bit. Comparisons and predicates give 1 or 0;
/// logical operations take any nonzero value (NaN included) as true.
/// exp ... atan2 are SLEEF's 1.0 ulp functions (erfc 1.5 ulp; sigmoid, built on exp, at most about 2 ulp).
typedef enum {
  APUS_OP_COPY = 0,       // a
  APUS_OP_NEG = 1,        // -a
  APUS_OP_ABS = 2,        // |a|
  APUS_OP_SIGN = 3,       // -1, 0, 1; NaN for NaN
  APUS_OP_EXP = 4,
  APUS_OP_EXPM1 = 5,      // exp(a) - 1
  APUS_OP_LOG = 6,
  APUS_OP_LOG1P = 7,      // log(1 + a)
  APUS_OP_SQRT = 8,
  APUS_OP_RSQRT = 9,      // 1 / sqrt(a), two roundings
  APUS_OP_RECIPROCAL = 10,
  APUS_OP_SIN = 11,
  APUS_OP_COS = 12,
  APUS_OP_TAN = 13,
  APUS_OP_TANH = 14,
  APUS_OP_SIGMOID = 15,   // 1 / (1 + exp(-a)), stable at both ends
  APUS_OP_ATAN = 16,
  APUS_OP_ERF = 17,
  APUS_OP_ERFC = 18,
  APUS_OP_FLOOR = 19,
  APUS_OP_CEIL = 20,
  APUS_OP_ROUND = 21,     // half to even
  APUS_OP_RELU = 22,      // a > 0 ? a : 0; NaN stays NaN
  APUS_OP_SQUARE = 23,    // a * a
  APUS_OP_NOT = 24,       // a == 0
  APUS_OP_ISNAN = 25,
  APUS_OP_ISFINITE = 26,
  APUS_OP_ADD = 27,
  APUS_OP_SUB = 28,
  APUS_OP_MUL = 29,
  APUS_OP_DIV = 30,
  APUS_OP_MAX = 31,       // NaN if either is NaN
  APUS_OP_MIN = 32,       // NaN if either is NaN
  APUS_OP_POW = 33,
  APUS_OP_ATAN2 = 34,     // atan2(a, b): a is y
  APUS_OP_REM = 35,       // C fmod: sign of a
  APUS_OP_LT = 36,        // a < b
  APUS_OP_LE = 37,
  APUS_OP_GT = 38,
  APUS_OP_GE = 39,
  APUS_OP_EQ = 40,
  APUS_OP_NE = 41,        // true when either is NaN
  APUS_OP_AND = 42,
  APUS_OP_OR = 43,
  APUS_OP_XOR = 44,
  APUS_OP_SELECT = 45,    // a != 0 ? b : c
  APUS_OP_MULADD = 46,    // a * b + c, rounded twice: the same bits as MUL then ADD, one pass instead of two
  APUS_OP_SUBMUL = 47,    // c - a * b, likewise
  APUS_OP_COUNT = 48
} apus_op;

/// One instruction: dst = op(a, b, c); operands an operation does not take are ignored (write 0).
typedef struct {
  uint16_t op;
  uint16_t dst;
  uint16_t a, b, c;
} apus_instruction;

/// A program over a collapsed iteration space. Operands are numbered: [0, input_count) inputs, then scalar_count
/// scalars, then temp_count temporaries. dst is always a temporary; a temporary may be assigned more than once and may be
/// an operand of the instruction that assigns it. Reuse temporaries whose value is dead: each holds 2 KiB of L1 cache.
/// At most 64 inputs, 64 outputs and 256 operands in all; rank at most 8.
typedef struct {
  int32_t dtype;          // the compute type: APUS_F32 or APUS_F64
  int32_t input_count, scalar_count, temp_count, output_count, instruction_count;
  const apus_instruction *instructions;
  const uint16_t *outputs;       // [output_count] operand stored to each output: an input, a scalar or a temporary
  const int32_t *input_dtypes;   // [input_count] loads convert to the compute type
  const int32_t *output_dtypes;  // [output_count] stores convert: bool is "!= 0"; integers truncate toward zero and
                                 // saturate, NaN becomes 0
  int32_t rank;                  // row-major iteration space; outputs are contiguous in it; rank 0 is one element
  const int64_t *extents;        // [rank]
  const int64_t *strides;        // [input_count * rank] strides of each input in elements; 0 broadcasts, negative allowed
} apus_fused;

/// Runs the program over its whole iteration space. scalars: [scalar_count] values of the compute type.
/// In place: an output pointer may equal an input pointer when that input is contiguous over the whole iteration space
/// and both have the same dtype; any other overlap of outputs with inputs or with each other is not allowed.
/// Inputs of the compute type that are contiguous (or contiguous within a tile) are read where they lie; converting or
/// strided inputs are gathered tile by tile.
void apus_fused_run(const apus_fused *program, void *const *inputs, void *const *outputs, const void *scalars,
                    int threads);

/// Runs `count` independent programs in one parallel region, balanced by number of elements: optimizer updates over all
/// parameters. Programs must not read what another of them writes.
void apus_fused_run_many(const apus_fused *const *programs, int count, void *const *const *inputs,
                         void *const *const *outputs, const void *const *scalars, int threads);

/// Runs the program and reduces the value of its first output (output_dtypes is ignored) without storing it.
/// The iteration space is viewed as [outer, reduced, inner], outer * reduced * inner elements; the result is
/// [outer, inner] of the compute type. An empty reduction gives 0, -inf, +inf, 1 for sum, max, min, prod.
/// Max and min are NaN if any value is. See apus_reduce.h for the precision of sums.
void apus_fused_reduce(const apus_fused *program, void *const *inputs, void *output, const void *scalars,
                       apus_reduction kind, int64_t outer, int64_t reduced, int64_t inner, int threads);

#if defined(__cplusplus)
}
#endif
#endif
