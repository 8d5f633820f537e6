// SPDX-License-Identifier: Apache-2.0
//
// Steps of LSTM and GRU: a vector of units of one row goes through the whole step in registers. Part of fused_ops_body.h.

/// The first `count` of a vector's values; the rest is 0. All callers are inlined, mostly with LANES.
static inline __attribute__((always_inline)) V NAME(take)(const T *src, int64_t count) {
  if (count == LANES) return *(const U *)src;
  V values = SPLAT(0);
  memcpy(&values, src, (size_t)count * sizeof(T));
  return values;
}

static inline __attribute__((always_inline)) void NAME(put)(T *dst, V values, int64_t count) {
  if (count == LANES) *(U *)dst = values;
  else memcpy(dst, &values, (size_t)count * sizeof(T));
}

/// Calls NAME(name)(in, out, row, first unit, units, count) for all vectors of units.
#define OVER_UNITS(name)                                                                                             \
  static void NAME(name)(const void *const *in, void *const *out, int64_t rows, int64_t units) {                     \
    for (int64_t row = 0; row < rows; ++row) {                                                                       \
      int64_t first = 0;                                                                                             \
      for (; first + LANES <= units; first += LANES) NAME(name##_units)(in, out, row, first, units, LANES);          \
      if (first < units) NAME(name##_units)(in, out, row, first, units, units - first);                              \
    }                                                                                                                \
  }

#define UNITS(name)                                                                                                  \
  static inline __attribute__((always_inline)) void NAME(name)(const void *const *in, void *const *out, int64_t row, \
                                                               int64_t first, int64_t units, int64_t count)

/// One vector of units of one row, with `r_gate` elements between the gates of r. The last three places may be NULL.
static inline __attribute__((always_inline)) void NAME(lstm_units)(const T *x, const T *r, int64_t r_gate,
                                                                   const T *before, T *h, T *c, T *gates, T *h_again,
                                                                   T *before_again, int64_t units, int64_t count) {
  V a[4];
  for (int k = 0; k < 4; ++k) a[k] = NAME(take)(x + k * units, count) + NAME(take)(r + k * r_gate, count);
  const V i = NAME(sigmoid_of)(a[0]), f = NAME(sigmoid_of)(a[1]), g = NAME(tanh_of)(a[2]), o = NAME(sigmoid_of)(a[3]);
  const V c_before = NAME(take)(before, count), c_after = f * c_before + i * g;
  const V h_after = o * NAME(tanh_of)(c_after);
  if (gates) {
    NAME(put)(gates, i, count);
    NAME(put)(gates + units, f, count);
    NAME(put)(gates + 2 * units, g, count);
    NAME(put)(gates + 3 * units, o, count);
  }
  NAME(put)(c, c_after, count);
  NAME(put)(h, h_after, count);
  if (h_again) NAME(put)(h_again, h_after, count);
  if (before_again) NAME(put)(before_again, c_before, count);
}

UNITS(lstm_step_units) {
  const int64_t state = row * units + first, gate = row * 4 * units + first;
  NAME(lstm_units)((const T *)in[0] + gate, (const T *)in[1] + gate, units, (const T *)in[2] + state,
                   (T *)out[0] + state, (T *)out[1] + state, (T *)out[2] + gate, NULL, NULL, units, count);
}
OVER_UNITS(lstm_step)

static void NAME(lstm_part)(const apus_lstm_part *p) {
  for (int64_t row = 0; row < p->rows; ++row) {
    for (int64_t first = 0; first < p->count; first += LANES) {
      const int64_t state = row * p->units + first, gate = row * 4 * p->units + first;
      NAME(lstm_units)((const T *)p->x + gate, (const T *)p->r + row * p->r_row + first, p->r_gate,
                       (const T *)p->before + state, (T *)p->h + state, (T *)p->c + state,
                       p->gates ? (T *)p->gates + gate : NULL, p->h_again ? (T *)p->h_again + state : NULL,
                       p->before_again ? (T *)p->before_again + state : NULL, p->units, LANES);
    }
  }
}

UNITS(lstm_step_backward_units) {
  const int64_t state = row * units + first, gate = row * 4 * units + first;
  const T *gates = (const T *)in[0] + gate;
  T *sums = (T *)out[0] + gate;
  const V i = NAME(take)(gates, count), f = NAME(take)(gates + units, count);
  const V g = NAME(take)(gates + 2 * units, count), o = NAME(take)(gates + 3 * units, count), one = SPLAT(1);
  const V before = NAME(take)((const T *)in[1] + state, count), c = NAME(take)((const T *)in[2] + state, count);
  const V dh = NAME(take)((const T *)in[3] + state, count), dc = NAME(take)((const T *)in[4] + state, count);
  const V t = NAME(tanh_of)(c), total = dc + dh * o * (one - t * t);
  NAME(put)(sums, total * g * (i * (one - i)), count);
  NAME(put)(sums + units, total * before * (f * (one - f)), count);
  NAME(put)(sums + 2 * units, total * i * (one - g * g), count);
  NAME(put)(sums + 3 * units, dh * t * (o * (one - o)), count);
  NAME(put)((T *)out[1] + state, total * f, count);
}
OVER_UNITS(lstm_step_backward)

UNITS(gru_step_units) {
  const int64_t state = row * units + first, gate = row * 3 * units + first;
  const T *x = (const T *)in[0] + gate, *s = (const T *)in[1] + gate;
  T *h = (T *)out[0] + state, *gates = (T *)out[1] + gate;
  const V r = NAME(sigmoid_of)(NAME(take)(x, count) + NAME(take)(s, count));
  const V z = NAME(sigmoid_of)(NAME(take)(x + units, count) + NAME(take)(s + units, count));
  const V n = NAME(tanh_of)(NAME(take)(x + 2 * units, count) + r * NAME(take)(s + 2 * units, count));
  NAME(put)(gates, r, count);
  NAME(put)(gates + units, z, count);
  NAME(put)(gates + 2 * units, n, count);
  NAME(put)(h, n + z * (NAME(take)((const T *)in[2] + state, count) - n), count);
}
OVER_UNITS(gru_step)

UNITS(gru_step_backward_units) {
  const int64_t state = row * units + first, gate = row * 3 * units + first;
  const T *gates = (const T *)in[0] + gate;
  T *dx = (T *)out[0] + gate, *ds = (T *)out[1] + gate;
  const V r = NAME(take)(gates, count), z = NAME(take)(gates + units, count), n = NAME(take)(gates + 2 * units, count);
  const V s = NAME(take)((const T *)in[1] + gate + 2 * units, count), before = NAME(take)((const T *)in[2] + state, count);
  const V dh = NAME(take)((const T *)in[3] + state, count), one = SPLAT(1);
  const V of_n = dh * (one - z) * (one - n * n), of_r = of_n * s * (r * (one - r)), of_z = dh * (before - n) * (z * (one - z));
  NAME(put)(dx, of_r, count);
  NAME(put)(dx + units, of_z, count);
  NAME(put)(dx + 2 * units, of_n, count);
  NAME(put)(ds, of_r, count);
  NAME(put)(ds + units, of_z, count);
  NAME(put)(ds + 2 * units, of_n * r, count);
  NAME(put)((T *)out[2] + state, dh * z, count);
}
OVER_UNITS(gru_step_backward)

#undef UNITS
#undef OVER_UNITS
