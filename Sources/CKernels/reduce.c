// SPDX-License-Identifier: Apache-2.0
//
// Reductions of arrays. Floating point is a fused program that does nothing; integers wrap around in any order, so they
// need no care for rounding.
#include "internal.h"

static void reduce_floating(apus_reduction kind, apus_dtype dtype, const void *input, void *output, int64_t outer,
                            int64_t reduced, int64_t inner, int threads) {
  const uint16_t value = 0;
  const int32_t type = dtype;
  const int64_t extent = outer * reduced * inner, stride = 1;
  const apus_fused program = {.dtype = type, .input_count = 1, .output_count = 1, .outputs = &value,
                              .input_dtypes = &type, .output_dtypes = &type, .rank = 1, .extents = &extent,
                              .strides = &stride};
  void *inputs[] = {(void *)input};
  apus_fused_reduce(&program, inputs, output, NULL, kind, outer, reduced, inner, threads);
}

typedef struct {
  apus_reduction kind;
  const void *input;
  void *output;
  int64_t reduced, inner;
} integer_job;

// Sums and products are taken unsigned, where wrapping is defined.
#define INTEGER_CASE(S, initial, combined)                                                                       \
  for (int64_t i = 0; i < job->inner; ++i) d[i] = (S)(initial);                                                  \
  for (int64_t r = 0; r < job->reduced; ++r, s += job->inner)                                                    \
    for (int64_t i = 0; i < job->inner; ++i) {                                                                   \
      const S a = d[i], b = s[i];                                                                                \
      d[i] = (S)(combined);                                                                                      \
    }                                                                                                            \
  break

#define INTEGER_REDUCE(name, S, Unsigned, smallest, largest)                                                     \
  static void name(void *context, int64_t row, int thread) {                                                     \
    (void)thread;                                                                                                \
    const integer_job *job = context;                                                                            \
    const S *s = (const S *)job->input + row * job->reduced * job->inner;                                        \
    S *d = (S *)job->output + row * job->inner;                                                                  \
    switch (job->kind) {                                                                                         \
      case APUS_SUM: INTEGER_CASE(S, 0, (Unsigned)a + (Unsigned)b);                                              \
      case APUS_PROD: INTEGER_CASE(S, 1, (Unsigned)a *(Unsigned)b);                                              \
      case APUS_MAX: INTEGER_CASE(S, smallest, a > b ? a : b);                                                   \
      case APUS_MIN: INTEGER_CASE(S, largest, a < b ? a : b);                                                    \
    }                                                                                                            \
  }
INTEGER_REDUCE(reduce_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
INTEGER_REDUCE(reduce_i64, int64_t, uint64_t, INT64_MIN, INT64_MAX)

void apus_reduce(apus_reduction kind, apus_dtype dtype, const void *input, void *output, int64_t outer, int64_t reduced,
                 int64_t inner, int threads) {
  if (dtype == APUS_F32 || dtype == APUS_F64)
    return reduce_floating(kind, dtype, input, output, outer, reduced, inner, threads);
  integer_job job = {kind, input, output, reduced, inner};
  apus_parallel(threads, outer, dtype == APUS_I32 ? reduce_i32 : reduce_i64, &job);
}

typedef struct {
  int is_max;
  const void *input;
  int64_t *output;
  int64_t reduced, inner;
} arg_job;

// A challenger wins if it is better, or if it is the first NaN. Integers are never different from themselves.
#define ARG_REDUCE(name, T)                                                                                      \
  static void name(void *context, int64_t row, int thread) {                                                     \
    (void)thread;                                                                                                \
    const arg_job *job = context;                                                                                \
    const T *s = (const T *)job->input + row * job->reduced * job->inner;                                        \
    int64_t *d = job->output + row * job->inner;                                                                 \
    for (int64_t i = 0; i < job->inner; ++i) {                                                                   \
      T best = s[i];                                                                                             \
      int64_t where = 0;                                                                                         \
      for (int64_t r = 1; r < job->reduced; ++r) {                                                               \
        const T x = s[r * job->inner + i];                                                                       \
        if ((job->is_max ? x > best : x < best) || (x != x && best == best)) {                                   \
          best = x;                                                                                              \
          where = r;                                                                                             \
        }                                                                                                        \
      }                                                                                                          \
      d[i] = where;                                                                                              \
    }                                                                                                            \
  }
ARG_REDUCE(arg_f32, float)
ARG_REDUCE(arg_f64, double)
ARG_REDUCE(arg_i32, int32_t)
ARG_REDUCE(arg_i64, int64_t)

void apus_argreduce(int is_max, apus_dtype dtype, const void *input, int64_t *output, int64_t outer, int64_t reduced,
                    int64_t inner, int threads) {
  static void (*const kernels[4])(void *, int64_t, int) = {arg_f32, arg_f64, arg_i32, arg_i64};
  arg_job job = {is_max, input, output, reduced, inner};
  apus_parallel(threads, outer, kernels[dtype], &job);
}
