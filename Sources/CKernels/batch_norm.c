// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation in two sweeps over the images: one gathers each part's sums, one writes. Parts are some images of
// a unit: a channel by itself, or eight that lie side by side. The first sweep goes backwards through each thread's
// images, whose last ones the operation before left in its cache, and the second one forwards.
#include <math.h>

#include "norm_job.h"

enum { MOST_CHUNKS = 32, LEAST_VECTORS = 256 };

typedef apus_norm_job job;

/// The groups of eight channels that lie side by side: in blocks, the last one padded, or because there is no space.
static int64_t group_count(const apus_batch_norm *norm) {
  if (norm->block) return apus_ceil_div(norm->channels, norm->block) * (norm->block / 8);
  return norm->spatial == 1 ? norm->channels / 8 : 0;
}

/// Groups, then the channels that are in none.
static int64_t unit_count(const apus_batch_norm *norm) {
  const int64_t groups = group_count(norm);
  return groups + apus_max64(0, norm->channels - 8 * groups);
}

/// As many chunks as give each about LEAST_VECTORS vectors: what a part costs besides is then little.
static int64_t chunk_count(const apus_batch_norm *norm) {
  const int64_t wanted = apus_ceil_div(norm->batch * norm->spatial, LEAST_VECTORS);
  return apus_min64(apus_min64(norm->batch, MOST_CHUNKS), wanted);
}

int64_t apus_batch_norm_scratch(const apus_batch_norm *norm) {
  const int64_t units = unit_count(norm);
  return units * (int64_t)sizeof(apus_norm_lanes) + units * chunk_count(norm) * 16 * (int64_t)sizeof(double);
}

job apus_norm_make_job(const apus_batch_norm *norm, const float *x, const float *gy, float *result, void *scratch,
                       int threads) {
  const int64_t units = unit_count(norm);
  return (job){.norm = norm, .x = x, .gy = gy, .result = result, .lanes = scratch,
               .parts = (double *)((apus_norm_lanes *)scratch + units), .groups = group_count(norm), .units = units,
               .chunks = chunk_count(norm), .slices = threads};
}

/// The images of a chunk: first and last + 1.
static int64_t chunk_begin(const job *j, int64_t chunk) { return j->norm->batch * chunk / j->chunks; }

static int64_t first_channel(const job *j, int64_t unit) {
  return unit < j->groups ? 8 * unit : 8 * j->groups + (unit - j->groups);
}

static int channels_in(const job *j, int64_t unit) {
  return unit < j->groups ? (int)apus_max64(0, apus_min64(8, j->norm->channels - 8 * unit)) : 1;
}

static double part_count(const job *j, int64_t chunk) {
  return (double)(chunk_begin(j, chunk + 1) - chunk_begin(j, chunk)) * (double)j->norm->spatial;
}

/// Where a unit begins in an image.
static int64_t unit_offset(const job *j, int64_t unit) {
  const int64_t channel = first_channel(j, unit), within = j->norm->block ? channel % j->norm->block : 0;
  return (channel - within) * j->norm->spatial + within;
}

/// A part of the work, and the offset of its first element.
static apus_norm_task task_of(const job *j, int64_t part, int64_t *start) {
  const apus_batch_norm *norm = j->norm;
  const int64_t unit = part % j->units, chunk = part / j->units, begin = chunk_begin(j, chunk);
  const int is_group = unit < j->groups;
  apus_norm_task task = {.images = chunk_begin(j, chunk + 1) - begin, .count = part_count(j, chunk),
                         .single = !is_group, .rectified = norm->rectified};
  const int64_t image = (norm->block ? 8 * j->groups : norm->channels) * norm->spatial;
  task.image_stride = image;
  task.vectors = is_group ? norm->spatial : norm->spatial / 8;
  task.tail = is_group ? 0 : norm->spatial % 8;
  task.step = norm->block ? norm->block : 8;
  if (is_group && norm->spatial == 1) {
    // Single vectors are taken like those of one image.
    task.step = image;
    task.vectors = task.images;
    task.images = 1;
  }
  *start = begin * image + unit_offset(j, unit);
  return task;
}

static void gather_slice(void *context, int64_t slice, int thread) {
  (void)thread;
  const job *j = context;
  const int64_t parts = j->units * j->chunks;
  for (int64_t part = parts * (slice + 1) / j->slices - 1; part >= parts * slice / j->slices; --part) {
    int64_t start;
    const apus_norm_task task = task_of(j, part, &start);
    double *sums = j->parts + 16 * part;
    if (j->gy) {
      apus_kernels->norm->sums(&task, j->lanes + part % j->units, j->x + start, j->gy + start, sums, sums + 8);
    } else {
      apus_kernels->norm->moments(&task, j->x + start, sums, sums + 8);
    }
  }
}

static void write_slice(void *context, int64_t slice, int thread) {
  (void)thread;
  const job *j = context;
  const int64_t parts = j->units * j->chunks;
  for (int64_t part = parts * slice / j->slices; part < parts * (slice + 1) / j->slices; ++part) {
    int64_t start;
    const apus_norm_task task = task_of(j, part, &start);
    const apus_norm_lanes *lanes = j->lanes + part % j->units;
    if (j->gy) {
      apus_kernels->norm->gradient(&task, lanes, j->x + start, j->gy + start, j->result + start);
    } else {
      apus_kernels->norm->apply(&task, lanes, j->x + start, j->result + start);
    }
  }
}

/// Copies the numbers of the only channel to all lanes.
static void repeat_lane(apus_norm_lanes *lanes) {
  float *numbers = lanes->center;
  for (int field = 0; field < 5; ++field)
    for (int lane = 1; lane < 8; ++lane) numbers[8 * field + lane] = numbers[8 * field];
}

void apus_norm_gather(job *j) { apus_parallel(j->slices, j->slices, gather_slice, j); }

void apus_norm_finish_moments(job *j, const float *scale, const float *shift, float *mean, float *variance) {
  const double count = (double)j->norm->batch * (double)j->norm->spatial;
  for (int64_t unit = 0; unit < j->units; ++unit) {
    for (int lane = 0; lane < channels_in(j, unit); ++lane) {
      const int64_t channel = first_channel(j, unit) + lane;
      // Chan, Golub, LeVeque (1979): the squares of the parts, and of their means' distances.
      double whole = 0, squares = 0;
      for (int64_t chunk = 0; chunk < j->chunks; ++chunk)
        whole += part_count(j, chunk) * j->parts[16 * (chunk * j->units + unit) + lane];
      whole /= count;
      for (int64_t chunk = 0; chunk < j->chunks; ++chunk) {
        const double *part = j->parts + 16 * (chunk * j->units + unit) + lane;
        squares += part[8] + part_count(j, chunk) * (part[0] - whole) * (part[0] - whole);
      }
      mean[channel] = (float)whole;
      variance[channel] = (float)(squares / count);
    }
  }
  apus_norm_set_lanes(j, scale, shift, mean, variance);
}

void apus_norm_set_lanes(job *j, const float *scale, const float *shift, const float *mean, const float *variance) {
  for (int64_t unit = 0; unit < j->units; ++unit) {
    j->lanes[unit] = (apus_norm_lanes){{0}, {0}, {0}, {0}, {0}};
    for (int lane = 0; lane < channels_in(j, unit); ++lane) {
      const int64_t channel = first_channel(j, unit) + lane;
      // Both directions use the same numbers: the gradient's rectifier finds the same bits as the result's.
      j->lanes[unit].center[lane] = mean[channel];
      j->lanes[unit].factor[lane] = (float)(scale[channel] / sqrt(variance[channel] + j->norm->epsilon));
      j->lanes[unit].offset[lane] = shift ? shift[channel] : 0;
    }
    if (unit >= j->groups) repeat_lane(j->lanes + unit);
  }
}

void apus_norm_finish_sums(job *j, double count, const float *variance, float *gscale, float *gshift) {
  for (int64_t unit = 0; unit < j->units; ++unit) {
    for (int lane = 0; lane < channels_in(j, unit); ++lane) {
      const int64_t channel = first_channel(j, unit) + lane;
      double sum = 0, product = 0;
      for (int64_t chunk = 0; chunk < j->chunks; ++chunk) {
        const double *part = j->parts + 16 * (chunk * j->units + unit) + lane;
        sum += part[0];
        product += part[8];
      }
      const double inverse = 1 / sqrt(variance[channel] + j->norm->epsilon);
      gscale[channel] = (float)(product * inverse);
      gshift[channel] = (float)sum;
      j->lanes[unit].shifted[lane] = (float)(sum / count);
      j->lanes[unit].inner[lane] = (float)(product * inverse * inverse / count);
    }
    if (unit >= j->groups) repeat_lane(j->lanes + unit);
  }
}

void apus_batch_norm_forward(const apus_batch_norm *norm, const float *x, const float *scale, const float *shift, float *y,
                             float *mean, float *variance, void *scratch, int threads) {
  job j = apus_norm_make_job(norm, x, NULL, y, scratch, threads);
  apus_norm_gather(&j);
  apus_norm_finish_moments(&j, scale, shift, mean, variance);
  apus_parallel(threads, j.slices, write_slice, &j);
}

void apus_batch_norm_backward(const apus_batch_norm *norm, const float *x, const float *gy, const float *scale,
                              const float *shift, const float *mean, const float *variance, float *gx, float *gscale,
                              float *gshift, void *scratch, int threads) {
  job j = apus_norm_make_job(norm, x, gy, gx, scratch, threads);
  apus_norm_set_lanes(&j, scale, norm->rectified ? shift : NULL, mean, variance);
  apus_norm_gather(&j);
  apus_norm_finish_sums(&j, (double)norm->batch * (double)norm->spatial, variance, gscale, gshift);
  apus_parallel(threads, j.slices, write_slice, &j);
}
