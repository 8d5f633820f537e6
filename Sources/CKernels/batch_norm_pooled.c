// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation, ReLU and max-pooling as one: only the largest of each window is ever normalised and stored.
//
// A window's largest y is where its largest x is, or its smallest where the factor is negative. In the other direction the
// gradient is zero but there: the sums over all elements are sums over windows.
#include "norm_job.h"

typedef struct {
  const apus_norm_job *norm;
  const apus_pool *pool;
  const apus_pool_kernels *kernels;
  const float *from;  // x, or the gradient of the result
  const float *x, *most_in;
  float *to, *most;
  int32_t *places;
  float *planes;  // scratch: one for each thread
  int64_t in_plane, out_plane, per_image, plane_count;
  int slices;
} job;

static int64_t lanes_of(const apus_pool *pool) { return pool->block ? pool->block : 1; }

static int64_t plane_floats(const apus_pool *pool) {
  const int64_t most = apus_max64(pool->in_height * pool->in_width, pool->out_height * pool->out_width);
  return apus_ceil_div(most * lanes_of(pool), 16) * 16;
}

/// The normalisation of as many numbers as there are windows.
static apus_batch_norm of_windows(const apus_batch_norm *norm, const apus_pool *pool) {
  apus_batch_norm result = *norm;
  result.spatial = pool->out_height * pool->out_width;
  result.rectified = 1;
  return result;
}

static int64_t rounded(int64_t bytes) { return apus_ceil_div(bytes, 64) * 64; }

static int64_t norm_scratch(const apus_batch_norm *norm, const apus_pool *pool) {
  const apus_batch_norm windows = of_windows(norm, pool);
  return rounded(apus_max64(apus_batch_norm_scratch(norm), apus_batch_norm_scratch(&windows)));
}

int64_t apus_batch_norm_pooled_scratch(const apus_batch_norm *norm, const apus_pool *pool, int threads) {
  return norm_scratch(norm, pool) + threads * plane_floats(pool) * (int64_t)sizeof(float);
}

static job make_job(const apus_norm_job *norm, const apus_pool *pool, int64_t used, void *scratch, int threads) {
  const int64_t lanes = lanes_of(pool), per_image = apus_ceil_div(pool->channels, lanes);
  return (job){.norm = norm, .pool = pool, .kernels = apus_pool_kernels_of(pool),
               .planes = (float *)((char *)scratch + used), .in_plane = pool->in_height * pool->in_width * lanes,
               .out_plane = pool->out_height * pool->out_width * lanes, .per_image = per_image,
               .plane_count = pool->batch * per_image, .slices = threads};
}

/// The work on a part of a plane: one of its groups of eight channels, or its only channel.
static apus_norm_task task_of(const job *j, int64_t floats, int rectified) {
  const int block = j->pool->block;
  if (block) return (apus_norm_task){.images = 1, .vectors = floats / block, .step = block, .rectified = rectified};
  return (apus_norm_task){.images = 1, .vectors = floats / 8, .step = 8, .tail = floats % 8, .single = 1,
                          .rectified = rectified};
}

/// The numbers of a plane's channels: of a group, or one channel's repeated.
static apus_norm_lanes lanes_at(const job *j, int64_t plane, int64_t group) {
  const apus_norm_job *norm = j->norm;
  const int64_t within = plane % j->per_image;
  if (j->pool->block) return norm->lanes[within * (j->pool->block / 8) + group];
  const int is_grouped = within < 8 * norm->groups;
  apus_norm_lanes lanes = norm->lanes[is_grouped ? within / 8 : within - 7 * norm->groups];
  float *numbers = lanes.center;
  const int64_t own = is_grouped ? within % 8 : 0;
  for (int field = 0; field < 5; ++field) {
    const float number = numbers[8 * field + own];
    for (int lane = 0; lane < 8; ++lane) numbers[8 * field + lane] = number;
  }
  return lanes;
}

static int64_t groups_of(const job *j) { return j->pool->block ? j->pool->block / 8 : 1; }

/// -1 for channels whose largest y is that of the smallest x. Returns whether there are any.
static int signs_of(const job *j, int64_t plane, float *signs) {
  int any = 0;
  for (int64_t group = 0; group < groups_of(j); ++group) {
    const apus_norm_lanes lanes = lanes_at(j, plane, group);
    for (int lane = 0; lane < 8; ++lane) {
      signs[8 * group + lane] = lanes.factor[lane] < 0 ? -1 : 1;
      any |= lanes.factor[lane] < 0;
    }
  }
  return any;
}

static void times_signs(const job *j, const float *from, const float *signs, float *to, int64_t floats) {
  const int64_t period = j->pool->block ? j->pool->block : 8;
  for (int64_t i = 0; i < floats; ++i) to[i] = from[i] * signs[i % period];
}

static void forward_slice(void *context, int64_t slice, int thread) {
  const job *j = context;
  float *scratch = j->planes + thread * plane_floats(j->pool);
  const apus_norm_task task = task_of(j, j->out_plane, 1);
  for (int64_t plane = j->plane_count * slice / j->slices; plane < j->plane_count * (slice + 1) / j->slices; ++plane) {
    const float *x = j->from + plane * j->in_plane;
    float *most = j->most + plane * j->out_plane, *y = j->to + plane * j->out_plane;
    float signs[16];
    const int flips = signs_of(j, plane, signs);
    if (flips) times_signs(j, x, signs, scratch, j->in_plane);
    j->kernels->max_forward(j->pool, flips ? scratch : x, most, j->places + plane * j->out_plane);
    if (flips) times_signs(j, most, signs, most, j->out_plane);
    for (int64_t group = 0; group < groups_of(j); ++group) {
      const apus_norm_lanes lanes = lanes_at(j, plane, group);
      apus_kernels->norm->apply(&task, &lanes, most + 8 * group, y + 8 * group);
    }
  }
}

static void backward_slice(void *context, int64_t slice, int thread) {
  const job *j = context;
  float *passed = j->planes + thread * plane_floats(j->pool);
  const apus_norm_task windows = task_of(j, j->out_plane, 1), pixels = task_of(j, j->in_plane, 0);
  for (int64_t plane = j->plane_count * slice / j->slices; plane < j->plane_count * (slice + 1) / j->slices; ++plane) {
    const int64_t in = plane * j->in_plane, out = plane * j->out_plane;
    apus_norm_lanes lanes[2];
    for (int64_t group = 0; group < groups_of(j); ++group) {
      lanes[group] = lanes_at(j, plane, group);
      apus_kernels->norm->passed(&windows, lanes + group, j->most_in + out + 8 * group, j->from + out + 8 * group,
                                 passed + 8 * group);
    }
    j->kernels->max_backward(j->pool, passed, j->places + out, j->to + in);
    for (int64_t group = 0; group < groups_of(j); ++group) {
      float *gx = j->to + in + 8 * group;
      apus_kernels->norm->gradient(&pixels, lanes + group, j->x + in + 8 * group, gx, gx);
    }
  }
}

void apus_batch_norm_pooled_forward(const apus_batch_norm *norm, const apus_pool *pool, const float *x, const float *scale,
                                    const float *shift, float *y, int32_t *places, float *most, float *mean,
                                    float *variance, void *scratch, int threads) {
  apus_norm_job whole = apus_norm_make_job(norm, x, NULL, NULL, scratch, threads);
  apus_norm_gather(&whole);
  apus_norm_finish_moments(&whole, scale, shift, mean, variance);
  job j = make_job(&whole, pool, norm_scratch(norm, pool), scratch, threads);
  j.from = x;
  j.to = y;
  j.most = most;
  j.places = places;
  apus_parallel(threads, j.slices, forward_slice, &j);
}

void apus_batch_norm_pooled_backward(const apus_batch_norm *norm, const apus_pool *pool, const float *x, const float *gy,
                                     const float *scale, const float *shift, const float *mean, const float *variance,
                                     const int32_t *places, const float *most, float *gx, float *gscale, float *gshift,
                                     void *scratch, int threads) {
  const apus_batch_norm of_them = of_windows(norm, pool);
  apus_norm_job windows = apus_norm_make_job(&of_them, most, gy, NULL, scratch, threads);
  apus_norm_set_lanes(&windows, scale, shift, mean, variance);
  apus_norm_gather(&windows);
  apus_norm_finish_sums(&windows, (double)norm->batch * (double)norm->spatial, variance, gscale, gshift);
  job j = make_job(&windows, pool, norm_scratch(norm, pool), scratch, threads);
  j.from = gy;
  j.x = x;
  j.most_in = most;
  j.places = (int32_t *)places;
  j.to = gx;
  apus_parallel(threads, j.slices, backward_slice, &j);
}
