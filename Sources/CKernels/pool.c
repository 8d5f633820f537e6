// SPDX-License-Identifier: Apache-2.0
//
// Pooling: planes in parallel. The plain layout's kernels are here; the blocked one's depend on the instruction set.
#include <math.h>
#include <string.h>

#include "internal.h"

#define STEP 1
#define X int32_t
#define XU int32_t
#define SPLAT_E(x) (x)
#define SPLAT_X(x) (x)
#define PICK_E(mask, a, b) ((mask) ? (a) : (b))
#define PICK_X(mask, a, b) ((mask) ? (a) : (b))

// Windows that lie side by side are taken eight at a time.
static int64_t first_window(const apus_pool *p, const float *s, float *d, int32_t *argmax, int64_t oy) {
  if (p->stride_w != 2) return 0;
  const int64_t row = oy * p->stride_h * p->in_width, out = oy * p->out_width;
  return apus_kernels->max_pairs(s + row, p->in_width, row, d + out, argmax ? argmax + out : NULL, p->out_width);
}

#define S float
#define E float
#define EU float
#define FIRST_WINDOW first_window(p, s, d, argmax, oy)
#define NAME(x) x##_f32
#include "pool_body.h"
#undef FIRST_WINDOW
#undef S
#undef E
#undef EU
#undef NAME

#define S double
#define E double
#define EU double
#define FIRST_WINDOW 0
#define NAME(x) x##_f64
#include "pool_body.h"
#undef S
#undef E
#undef EU
#undef NAME
#undef FIRST_WINDOW

typedef struct {
  const apus_pool *pool;
  const apus_pool_kernels *kernels;
  enum { MAX_FORWARD, MAX_BACKWARD, AVERAGE_FORWARD, AVERAGE_BACKWARD } pass;
  const char *from;
  char *to;
  int32_t *argmax;
  int64_t planes, per_chunk, in_plane, out_plane;  // elements of a plane
  int64_t element_size;
} job;

/// Whether some window may lie wholly outside the image.
static int may_miss(int64_t out, int64_t stride, int64_t pad, int64_t kernel, int64_t dilation, int64_t in) {
  return dilation > 1 || (kernel - 1) < pad || (out - 1) * stride - pad >= in;
}

/// A window without pixels is -inf, but never in padding lanes: those are zero.
static void clear_padding_lanes(const apus_pool *p, float *plane) {
  if (!may_miss(p->out_height, p->stride_h, p->pad_top, p->kernel_height, p->dilation_h, p->in_height) &&
      !may_miss(p->out_width, p->stride_w, p->pad_left, p->kernel_width, p->dilation_w, p->in_width))
    return;
  for (int64_t i = 0; i < p->out_height * p->out_width; ++i)
    for (int64_t lane = p->channels % p->block; lane < p->block; ++lane) plane[i * p->block + lane] = 0;
}

static void pool_chunk(void *context, int64_t chunk, int thread) {
  (void)thread;
  const job *j = context;
  const int64_t end = apus_min64((chunk + 1) * j->per_chunk, j->planes);
  for (int64_t plane = chunk * j->per_chunk; plane < end; ++plane) {
    const int64_t in = plane * j->in_plane * j->element_size, out = plane * j->out_plane * j->element_size;
    int32_t *argmax = j->argmax ? j->argmax + plane * j->out_plane : NULL;
    switch (j->pass) {
      case MAX_FORWARD:
        j->kernels->max_forward(j->pool, j->from + in, j->to + out, argmax);
        if (j->pool->block && j->pool->channels % j->pool->block != 0 &&
            (plane + 1) % apus_ceil_div(j->pool->channels, j->pool->block) == 0)
          clear_padding_lanes(j->pool, (float *)(j->to + out));
        break;
      case MAX_BACKWARD: j->kernels->max_backward(j->pool, j->from + out, argmax, j->to + in); break;
      case AVERAGE_FORWARD: j->kernels->average_forward(j->pool, j->from + in, j->to + out); break;
      case AVERAGE_BACKWARD: j->kernels->average_backward(j->pool, j->from + out, j->to + in); break;
    }
  }
}

const apus_pool_kernels *apus_pool_kernels_of(const apus_pool *p) {
  if (p->block) return apus_kernels->blocked_pool[p->block / 8 - 1];
  return p->dtype == APUS_F32 ? &pool_kernels_f32 : &pool_kernels_f64;
}

static void run(const apus_pool *p, int pass, const void *from, void *to, int32_t *argmax, int threads) {
  const int64_t lanes = p->block ? p->block : 1;
  job j = {.pool = p, .pass = pass, .from = from, .to = to, .argmax = argmax,
           .kernels = apus_pool_kernels_of(p),
           .planes = p->batch * apus_ceil_div(p->channels, lanes),
           .in_plane = p->in_height * p->in_width * lanes, .out_plane = p->out_height * p->out_width * lanes,
           .element_size = apus_size_of(p->dtype)};
  j.per_chunk = apus_max64(1, 4096 / apus_max64(j.in_plane, 1));
  apus_parallel(threads, apus_ceil_div(j.planes, j.per_chunk), pool_chunk, &j);
}

void apus_maxpool_forward(const apus_pool *pool, const void *src, void *dst, int32_t *argmax, int threads) {
  run(pool, MAX_FORWARD, src, dst, argmax, threads);
}

void apus_maxpool_backward(const apus_pool *pool, const void *dst_gradient, const int32_t *argmax, void *src_gradient,
                           int threads) {
  run(pool, MAX_BACKWARD, dst_gradient, src_gradient, (int32_t *)argmax, threads);
}

void apus_avgpool_forward(const apus_pool *pool, const void *src, void *dst, int threads) {
  run(pool, AVERAGE_FORWARD, src, dst, NULL, threads);
}

void apus_avgpool_backward(const apus_pool *pool, const void *dst_gradient, void *src_gradient, int threads) {
  run(pool, AVERAGE_BACKWARD, dst_gradient, src_gradient, NULL, threads);
}
