// SPDX-License-Identifier: Apache-2.0
//
// Batch normalisation of some images of one channel, or of eight that lie side by side. Included once per instruction
// set, after conv_body.h.

/// Vectors summed in f32 before they are added to sums in double.
enum { NORM_RUN = 128 };

#define NORM_LOAD(p) (*(const U8 *)(p))

/// For every run of vectors, `step` apart: `begin` to `end` of image n, whose first element lies at `base`.
#define NORM_RUNS(...)                                                       \
  for (int64_t n = 0; n < t->images; ++n) {                                   \
    const int64_t base = n * t->image_stride;                                 \
    for (int64_t begin = 0; begin < t->vectors; begin += NORM_RUN) {          \
      const int64_t end = apus_min64(t->vectors, begin + NORM_RUN);           \
      __VA_ARGS__                                                                 \
    }                                                                         \
  }

/// For every element that fills no vector: its place is `at`.
#define NORM_TAIL(...)                                                       \
  for (int64_t n = 0; n < t->images; ++n)                                     \
    for (int64_t s = 0; s < t->tail; ++s) {                                   \
      const int64_t at = n * t->image_stride + 8 * t->vectors + s;            \
      __VA_ARGS__                                                                 \
    }

/// For every vector: its first element lies at `at`.
#define NORM_EACH(...)                                                       \
  for (int64_t n = 0; n < t->images; ++n)                                     \
    for (int64_t v = 0; v < t->vectors; ++v) {                                \
      const int64_t at = n * t->image_stride + step * v;                      \
      __VA_ARGS__                                                                 \
    }

/// Adds four vectors of partial sums to eight sums in double; in a plain channel only sums[0] is used in the end.
#define NORM_GATHER(sums, part)                                               \
  do {                                                                        \
    const V8 whole = ((part)[0] + (part)[1]) + ((part)[2] + (part)[3]);       \
    for (int lane = 0; lane < 8; ++lane) (sums)[lane] += whole[lane];         \
  } while (0)

/// In a plain channel all lanes belong to it: each gets the whole sum.
static void norm_collapse(const apus_norm_task *t, double *sums) {
  if (!t->single) return;
  const double whole = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
  for (int lane = 0; lane < 8; ++lane) sums[lane] = whole;
}

/// The mean of each lane's elements, and the sum of their squared distances from it.
static void norm_moments(const apus_norm_task *t, const float *x, double *means, double *squares) {
  const int64_t step = t->step;
  double sums[8] = {0};
  NORM_RUNS({
    V8 part[4] = {{0}, {0}, {0}, {0}};
    int64_t v = begin;
    for (; v + 4 <= end; v += 4)
      for (int i = 0; i < 4; ++i) part[i] += NORM_LOAD(x + base + step * (v + i));
    for (; v < end; ++v) part[0] += NORM_LOAD(x + base + step * v);
    NORM_GATHER(sums, part);
  })
  NORM_TAIL(sums[0] += x[at];)
  norm_collapse(t, sums);
  V8 center;
  for (int lane = 0; lane < 8; ++lane) {
    means[lane] = sums[lane] / t->count;
    center[lane] = (float)means[lane];
    squares[lane] = 0;
  }
  NORM_RUNS({
    V8 part[4] = {{0}, {0}, {0}, {0}};
    int64_t v = begin;
    for (; v + 4 <= end; v += 4)
      for (int i = 0; i < 4; ++i) {
        const V8 distance = NORM_LOAD(x + base + step * (v + i)) - center;
        part[i] += distance * distance;
      }
    for (; v < end; ++v) {
      const V8 distance = NORM_LOAD(x + base + step * v) - center;
      part[0] += distance * distance;
    }
    NORM_GATHER(squares, part);
  })
  NORM_TAIL(squares[0] += (double)(x[at] - center[0]) * (x[at] - center[0]);)
  norm_collapse(t, squares);
  for (int lane = 0; lane < 8; ++lane) {
    // The center is a mean rounded to f32: what that adds to the squares is taken out again.
    const double rounding = means[lane] - center[lane];
    squares[lane] -= rounding * rounding * t->count;
  }
}

/// y = (x - center) * factor + offset.
static void norm_apply(const apus_norm_task *t, const apus_norm_lanes *l, const float *x, float *y) {
  const int64_t step = t->step;
  const V8 center = NORM_LOAD(l->center), factor = NORM_LOAD(l->factor), offset = NORM_LOAD(l->offset);
  if (t->rectified) {
    NORM_EACH(const V8 value = (NORM_LOAD(x + at) - center) * factor + offset; *(U8 *)(y + at) = RELU8(value);)
  } else {
    NORM_EACH(*(U8 *)(y + at) = (NORM_LOAD(x + at) - center) * factor + offset;)
  }
  NORM_TAIL(const float value = (x[at] - center[0]) * factor[0] + offset[0];
            y[at] = t->rectified && value <= 0 ? 0 : value;)
}

/// Where the rectified result is positive; computed again, with the same bits, which is faster than reading it.
#define NORM_PASSED(g, away) \
  (t->rectified ? (V8)((M8)(g) & (M8)((away)*factor + offset > (V8){0})) : (g))
#define NORM_PASSED_ONE(g, away) (t->rectified && !((away)*factor[0] + offset[0] > 0) ? 0 : (g))

/// The sums of the gradient, and of the gradient times x - center.
static inline __attribute__((always_inline)) void norm_sums_any(const apus_norm_task *t, const apus_norm_lanes *l,
                                                                const float *x, const float *gy, double *sums,
                                                                double *products) {
  const int64_t step = t->step;
  const V8 center = NORM_LOAD(l->center), factor = NORM_LOAD(l->factor), offset = NORM_LOAD(l->offset);
  for (int lane = 0; lane < 8; ++lane) sums[lane] = products[lane] = 0;
  NORM_RUNS({
    V8 sum[4] = {{0}, {0}, {0}, {0}}, product[4] = {{0}, {0}, {0}, {0}};
    int64_t v = begin;
    for (; v + 4 <= end; v += 4)
      for (int i = 0; i < 4; ++i) {
        const V8 away = NORM_LOAD(x + base + step * (v + i)) - center;
        const V8 g = NORM_PASSED(NORM_LOAD(gy + base + step * (v + i)), away);
        sum[i] += g;
        product[i] += g * away;
      }
    for (; v < end; ++v) {
      const V8 away = NORM_LOAD(x + base + step * v) - center;
      const V8 g = NORM_PASSED(NORM_LOAD(gy + base + step * v), away);
      sum[0] += g;
      product[0] += g * away;
    }
    NORM_GATHER(sums, sum);
    NORM_GATHER(products, product);
  })
  NORM_TAIL(const float away = x[at] - center[0], g = NORM_PASSED_ONE(gy[at], away); sums[0] += g;
            products[0] += (double)g * away;)
  norm_collapse(t, sums);
  norm_collapse(t, products);
}

/// gx = ((gy - shifted) - (x - center) * inner) * factor.
static inline __attribute__((always_inline)) void norm_gradient_any(const apus_norm_task *t, const apus_norm_lanes *l,
                                                                    const float *x, const float *gy, float *gx) {
  const int64_t step = t->step;
  const V8 center = NORM_LOAD(l->center), factor = NORM_LOAD(l->factor), offset = NORM_LOAD(l->offset);
  const V8 shifted = NORM_LOAD(l->shifted), inner = NORM_LOAD(l->inner);
  NORM_EACH(const V8 away = NORM_LOAD(x + at) - center; const V8 g = NORM_PASSED(NORM_LOAD(gy + at), away);
            *(U8 *)(gx + at) = ((g - shifted) - away * inner) * factor;)
  NORM_TAIL(const float away = x[at] - center[0], g = NORM_PASSED_ONE(gy[at], away);
            gx[at] = ((g - shifted[0]) - away * inner[0]) * factor[0];)
}

/// The gradient where the rectified result is positive, and 0 elsewhere. (x: what was normalised.)
static void norm_passed(const apus_norm_task *t, const apus_norm_lanes *l, const float *x, const float *gy, float *result) {
  const int64_t step = t->step;
  const V8 center = NORM_LOAD(l->center), factor = NORM_LOAD(l->factor), offset = NORM_LOAD(l->offset);
  NORM_EACH(const V8 away = NORM_LOAD(x + at) - center;
            *(U8 *)(result + at) = NORM_PASSED(NORM_LOAD(gy + at), away);)
  NORM_TAIL(const float away = x[at] - center[0]; result[at] = NORM_PASSED_ONE(gy[at], away);)
}

// Two copies of each, so that the plain one has no trace of the rectifier in its loops.
static void norm_sums(const apus_norm_task *task, const apus_norm_lanes *l, const float *x, const float *gy,
                      double *sums, double *products) {
  apus_norm_task t = *task;
  if (task->rectified) {
    t.rectified = 1;
    norm_sums_any(&t, l, x, gy, sums, products);
  } else {
    t.rectified = 0;
    norm_sums_any(&t, l, x, gy, sums, products);
  }
}

static void norm_gradient(const apus_norm_task *task, const apus_norm_lanes *l, const float *x, const float *gy,
                          float *gx) {
  apus_norm_task t = *task;
  if (task->rectified) {
    t.rectified = 1;
    norm_gradient_any(&t, l, x, gy, gx);
  } else {
    t.rectified = 0;
    norm_gradient_any(&t, l, x, gy, gx);
  }
}

#undef NORM_LOAD
#undef NORM_RUNS
#undef NORM_TAIL
#undef NORM_EACH
#undef NORM_GATHER
#undef NORM_PASSED
#undef NORM_PASSED_ONE

static const apus_norm_kernels norm_kernels = {norm_moments, norm_apply, norm_sums, norm_gradient, norm_passed};
