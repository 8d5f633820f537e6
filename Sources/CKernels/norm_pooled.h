// SPDX-License-Identifier: Apache-2.0
//
// The gradient of a pooled normalisation, for whoever wants it an image at a time.
#ifndef APUS_NORM_POOLED_H
#define APUS_NORM_POOLED_H

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
} apus_norm_pooled_job;

/// A job in the other direction with what it points to: it must stay where it is.
typedef struct {
  apus_batch_norm norm;
  apus_norm_job windows;
  apus_norm_pooled_job job;
} apus_norm_pooled_gradient;

/// Gathers the sums: gscale and gshift are written, and the gradient of x can be made. Scratch as
/// apus_batch_norm_pooled_scratch says.
void apus_norm_pooled_begin(apus_norm_pooled_gradient *g, const apus_batch_norm_pooled *forward, float *gscale,
                            float *gshift, void *scratch, int threads);

/// The gradient of planes [first, last) of x, each a channel or block of channels of an image; gx: where the first begins.
void apus_norm_pooled_planes(const apus_norm_pooled_job *job, int64_t first, int64_t last, int thread, float *gx);

#endif
