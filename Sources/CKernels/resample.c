// SPDX-License-Identifier: Apache-2.0
//
// Resampling: planes in parallel. It moves memory rather than computes: one instruction set is enough.
#include <string.h>

#include "internal.h"

typedef void resample_kernel(const apus_resample *resample, const void *from, void *to, void *line);

#define S float
#define STEP 1
#define E float
#define EU float
#define NAME(x) x##_f32
#include "resample_body.h"

#define S double
#define STEP 1
#define E double
#define EU double
#define NAME(x) x##_f64
#include "resample_body.h"

typedef float pixel8 __attribute__((vector_size(32)));
typedef float pixel8_unaligned __attribute__((vector_size(32), aligned(4), may_alias));
#define S float
#define STEP 8
#define E pixel8
#define EU pixel8_unaligned
#define NAME(x) x##_blocked8
#include "resample_body.h"

typedef float pixel16 __attribute__((vector_size(64)));
typedef float pixel16_unaligned __attribute__((vector_size(64), aligned(4), may_alias));
#define S float
#define STEP 16
#define E pixel16
#define EU pixel16_unaligned
#define NAME(x) x##_blocked16
#include "resample_body.h"

typedef struct {
  const apus_resample *resample;
  resample_kernel *run;
  const char *from;
  char *to, *scratch;
  int64_t from_plane, to_plane, line;  // bytes
} job;

static void resample_plane(void *context, int64_t plane, int thread) {
  const job *j = context;
  j->run(j->resample, j->from + plane * j->from_plane, j->to + plane * j->to_plane, j->scratch + thread * j->line);
}

static int64_t pixel_bytes(const apus_resample *r) { return apus_size_of(r->dtype) * (r->block ? r->block : 1); }

static int64_t line_bytes(const apus_resample *r) { return apus_ceil_div(r->in_width * pixel_bytes(r), 64) * 64; }

/// Plain f32 and f64, then blocks of 8 and 16.
static int kind(const apus_resample *r) { return r->block ? 1 + r->block / 8 : r->dtype; }

int64_t apus_resample_scratch(const apus_resample *r, int threads) { return line_bytes(r) * apus_max64(threads, 1); }

void apus_resample_forward(const apus_resample *r, const void *src, void *dst, void *scratch, int threads) {
  static resample_kernel *const kernels[4] = {resample_forward_f32, resample_forward_f64, resample_forward_blocked8,
                                              resample_forward_blocked16};
  job j = {r, kernels[kind(r)], src, dst, scratch, r->in_height * r->in_width * pixel_bytes(r),
           r->out_height * r->out_width * pixel_bytes(r), line_bytes(r)};
  apus_parallel(threads, r->planes, resample_plane, &j);
}

void apus_resample_backward(const apus_resample *r, const void *dst_gradient, void *src_gradient, void *scratch,
                            int threads) {
  static resample_kernel *const kernels[4] = {resample_backward_f32, resample_backward_f64, resample_backward_blocked8,
                                              resample_backward_blocked16};
  job j = {r, kernels[kind(r)], dst_gradient, src_gradient, scratch,
           r->out_height * r->out_width * pixel_bytes(r), r->in_height * r->in_width * pixel_bytes(r), line_bytes(r)};
  apus_parallel(threads, r->planes, resample_plane, &j);
}
