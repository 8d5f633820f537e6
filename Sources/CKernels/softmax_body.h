// SPDX-License-Identifier: Apache-2.0
//
// Softmax of one row at a time. Part of fused_ops_body.h.

enum { NAME(softmax_tile) = 512 };

/// dst[i] = exp(src[i] - shift)
static void NAME(exp_shifted)(const T *src, T shift, T *dst, int64_t count) {
  const int64_t vectors = count / LANES, rest = count % LANES;
  for (int64_t i = 0; i < count; ++i) dst[i] = src[i] - shift;
  const apus_operand whole = {(char *)dst, sizeof(V)};
  NAME(map)(APUS_SLEEF(exp, u10), dst, &whole, &whole, vectors);
  if (rest == 0) return;
  T last[LANES] = {0};
  const apus_operand partial = {(char *)last, 0};
  for (int64_t j = 0; j < rest; ++j) last[j] = dst[vectors * LANES + j];
  NAME(map)(APUS_SLEEF(exp, u10), last, &partial, &partial, 1);
  for (int64_t j = 0; j < rest; ++j) dst[vectors * LANES + j] = last[j];
}

/// The sum of a row given tile by tile: lanes of T over 4096 elements, then double.
typedef struct {
  T lanes[APUS_LANES];
  double total;
  int64_t held;
} NAME(row_sum);

static void NAME(row_sum_flush)(NAME(row_sum) *sum) {
  for (int64_t i = 0; i < APUS_LANES && i < sum->held; ++i) {
    sum->total += sum->lanes[i];
    sum->lanes[i] = 0;
  }
  sum->held = 0;
}

static void NAME(row_sum_add)(NAME(row_sum) *sum, const T *values, int64_t count) {
  NAME(run_sum)(sum->lanes, values, count);
  sum->held += count;
  if (sum->held >= 4096) NAME(row_sum_flush)(sum);
}

static T NAME(row_max)(const T *row, int64_t columns) {
  T lanes[APUS_LANES];
  for (int i = 0; i < APUS_LANES; ++i) lanes[i] = (T)-INFINITY;
  NAME(run_max)(lanes, row, columns);
  T best = lanes[0];
  for (int i = 1; i < APUS_LANES; ++i) best = best > lanes[i] || best != best ? best : lanes[i];
  return best;
}

static void NAME(softmax)(const void *src, void *dst, int64_t rows, int64_t columns, int log_space) {
  const T *s = src;
  T *d = dst;
  T exps[NAME(softmax_tile)];
  for (int64_t row = 0; row < rows; ++row, s += columns, d += columns) {
    const T largest = NAME(row_max)(s, columns);
    NAME(row_sum) sum = {0};
    for (int64_t i = 0; i < columns; i += NAME(softmax_tile)) {
      const int64_t count = apus_min64(NAME(softmax_tile), columns - i);
      T *e = log_space ? exps : d + i;
      NAME(exp_shifted)(s + i, largest, e, count);
      NAME(row_sum_add)(&sum, e, count);
    }
    NAME(row_sum_flush)(&sum);
    if (log_space) {
      const T shift = (T)log(sum.total);
      for (int64_t i = 0; i < columns; ++i) d[i] = (s[i] - largest) - shift;
    } else {
      const T total = (T)sum.total;
      for (int64_t i = 0; i < columns; ++i) d[i] /= total;
    }
  }
}

static void NAME(softmax_backward)(const void *values, const void *gradient, void *result, int64_t rows,
                                   int64_t columns, int log_space) {
  const T *y = values, *dy = gradient;
  T *dx = result;
  T work[NAME(softmax_tile)];
  for (int64_t row = 0; row < rows; ++row, y += columns, dy += columns, dx += columns) {
    NAME(row_sum) sum = {0};
    for (int64_t i = 0; i < columns; i += NAME(softmax_tile)) {
      const int64_t count = apus_min64(NAME(softmax_tile), columns - i);
      if (!log_space)
        for (int64_t j = 0; j < count; ++j) work[j] = dy[i + j] * y[i + j];
      NAME(row_sum_add)(&sum, log_space ? dy + i : work, count);
    }
    NAME(row_sum_flush)(&sum);
    const T total = (T)sum.total;
    if (!log_space) {
      for (int64_t i = 0; i < columns; ++i) dx[i] = y[i] * (dy[i] - total);
      continue;
    }
    for (int64_t i = 0; i < columns; i += NAME(softmax_tile)) {
      const int64_t count = apus_min64(NAME(softmax_tile), columns - i);
      NAME(exp_shifted)(y + i, 0, work, count);
      for (int64_t j = 0; j < count; ++j) dx[i + j] = dy[i + j] - work[j] * total;
    }
  }
}
