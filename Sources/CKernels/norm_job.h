// SPDX-License-Identifier: Apache-2.0
//
// What the normalisations of batches share: how they divide their work, and what becomes of its sums.
#ifndef APUS_NORM_JOB_H
#define APUS_NORM_JOB_H

#include "internal.h"

typedef struct {
  const apus_batch_norm *norm;
  const float *x, *gy;
  float *result;
  double *parts;  // 16 numbers a part
  apus_norm_lanes *lanes;
  int64_t groups, units, chunks;
  int slices;
} apus_norm_job;

/// gy: NULL in the forward direction. The scratch memory is apus_batch_norm_scratch(norm) bytes.
apus_norm_job apus_norm_make_job(const apus_batch_norm *norm, const float *x, const float *gy, float *result, void *scratch,
                                 int threads);

/// The first sweep: moments of x, or the sums of gy and gy * (x - mean).
void apus_norm_gather(apus_norm_job *j);

/// Mean and variance from the gathered moments, and the lanes of them.
void apus_norm_finish_moments(apus_norm_job *j, const float *scale, const float *shift, float *mean, float *variance);

/// The lanes for given moments; shift may be NULL for 0.
void apus_norm_set_lanes(apus_norm_job *j, const float *scale, const float *shift, const float *mean, const float *variance);

/// The gradients of scale and shift from the gathered sums, and what the gradient of x, `count` elements a channel,
/// needs of them in the lanes.
void apus_norm_finish_sums(apus_norm_job *j, double count, const float *variance, float *gscale, float *gshift);

#endif
