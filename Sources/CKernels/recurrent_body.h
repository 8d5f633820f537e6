// SPDX-License-Identifier: Apache-2.0
//
// Steps of LSTM and GRU on runs of units of one row, at most one run at a time. Part of fused_ops_body.h.
//
// A run is short enough for three gates to fit one register of a fused program, whose functions are used here.

enum { NAME(run_vectors) = APUS_TILE_BYTES / 4 / sizeof(V), NAME(run) = NAME(run_vectors) * LANES };

/// Vectors that begin with `count` values; the rest of the last one is 0.
static inline void NAME(take)(V *dst, const T *src, int64_t count) {
  const int64_t whole = count / LANES;
  for (int64_t i = 0; i < whole; ++i) dst[i] = *(const U *)(src + i * LANES);
  if (count == whole * LANES) return;
  dst[whole] = SPLAT(0);
  memcpy(&dst[whole], src + whole * LANES, (size_t)(count - whole * LANES) * sizeof(T));
}

static inline void NAME(put)(T *dst, const V *src, int64_t count) {
  const int64_t whole = count / LANES;
  for (int64_t i = 0; i < whole; ++i) *(U *)(dst + i * LANES) = src[i];
  if (count > whole * LANES) memcpy(dst + whole * LANES, &src[whole], (size_t)(count - whole * LANES) * sizeof(T));
}

static inline void NAME(apply)(apus_op_kernel function, V *values, int64_t vectors) {
  const apus_operand operand = {(char *)values, sizeof(V)};
  const apus_instruction instruction = {0};
  function(&operand, &instruction, vectors);
}

/// At most 3.5 ulp, 1.9 measured in f32, where that of fused programs has 1: that one takes 32 ns for 16 floats, more than
/// all else in a step of LSTM, and this one 5 to 13. Small gradients of attention over GRU's states show the difference.
static void NAME(quick_tanh)(const apus_operand *o, const apus_instruction *in, int64_t vectors) {
  NAME(map)(APUS_SLEEF(tanh, u35), o[in->dst].values, &o[in->a], &o[in->a], vectors);
}

static void NAME(lstm_step)(const void *const *in, void *const *out, int64_t rows, int64_t units) {
  const T *x = in[0], *r = in[1], *before = in[2];
  T *h = out[0], *c = out[1], *gates = out[2];
  V a[4][NAME(run_vectors)], b[NAME(run_vectors)], t[NAME(run_vectors)];
  // i, f, o side by side for the one function they share.
  static const int order[4] = {0, 1, 3, 2};
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t first = 0; first < units; first += NAME(run)) {
      const int64_t count = apus_min64(NAME(run), units - first), vectors = apus_ceil_div(count, LANES);
      V *sums = a[0];
      for (int k = 0; k < 4; ++k) {
        const int64_t place = row * 4 * units + order[k] * units + first;
        NAME(take)(sums + k * vectors, x + place, count);
        NAME(take)(b, r + place, count);
        for (int64_t i = 0; i < vectors; ++i) sums[k * vectors + i] += b[i];
      }
      NAME(apply)(NAME(sigmoid), sums, 3 * vectors);
      NAME(apply)(NAME(quick_tanh), sums + 3 * vectors, vectors);
      for (int k = 0; k < 4; ++k) {
        NAME(put)(gates + row * 4 * units + order[k] * units + first, sums + k * vectors, count);
      }
      NAME(take)(b, before + row * units + first, count);
      for (int64_t i = 0; i < vectors; ++i) t[i] = b[i] = sums[vectors + i] * b[i] + sums[i] * sums[3 * vectors + i];
      NAME(put)(c + row * units + first, b, count);
      NAME(apply)(NAME(quick_tanh), t, vectors);
      for (int64_t i = 0; i < vectors; ++i) t[i] *= sums[2 * vectors + i];
      NAME(put)(h + row * units + first, t, count);
    }
  }
}

static void NAME(lstm_step_backward)(const void *const *in, void *const *out, int64_t rows, int64_t units) {
  const T *gates = in[0], *before = in[1], *c = in[2], *dh = in[3], *dc = in[4];
  T *sums = out[0], *dbefore = out[1];
  V a[4][NAME(run_vectors)], s[4][NAME(run_vectors)], p[NAME(run_vectors)], t[NAME(run_vectors)];
  V gh[NAME(run_vectors)], gc[NAME(run_vectors)];
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t first = 0; first < units; first += NAME(run)) {
      const int64_t count = apus_min64(NAME(run), units - first), vectors = apus_ceil_div(count, LANES);
      const int64_t state = row * units + first, gate = row * 4 * units + first;
      for (int k = 0; k < 4; ++k) NAME(take)(a[k], gates + gate + k * units, count);
      NAME(take)(p, before + state, count);
      NAME(take)(t, c + state, count);
      NAME(take)(gh, dh + state, count);
      NAME(take)(gc, dc + state, count);
      NAME(apply)(NAME(quick_tanh), t, vectors);
      for (int64_t n = 0; n < vectors; ++n) {
        const V i = a[0][n], f = a[1][n], g = a[2][n], o = a[3][n], one = SPLAT(1);
        const V total = gc[n] + gh[n] * o * (one - t[n] * t[n]);
        s[0][n] = total * g * (i * (one - i));
        s[1][n] = total * p[n] * (f * (one - f));
        s[2][n] = total * i * (one - g * g);
        s[3][n] = gh[n] * t[n] * (o * (one - o));
        gc[n] = total * f;
      }
      for (int k = 0; k < 4; ++k) NAME(put)(sums + gate + k * units, s[k], count);
      NAME(put)(dbefore + state, gc, count);
    }
  }
}

static void NAME(gru_step)(const void *const *in, void *const *out, int64_t rows, int64_t units) {
  const T *x = in[0], *s = in[1], *before = in[2];
  T *h = out[0], *gates = out[1];
  V a[3][NAME(run_vectors)], b[3][NAME(run_vectors)], p[NAME(run_vectors)];
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t first = 0; first < units; first += NAME(run)) {
      const int64_t count = apus_min64(NAME(run), units - first), vectors = apus_ceil_div(count, LANES);
      const int64_t state = row * units + first, gate = row * 3 * units + first;
      for (int k = 0; k < 3; ++k) {
        NAME(take)(a[k], x + gate + k * units, count);
        NAME(take)(b[k], s + gate + k * units, count);
      }
      for (int k = 0; k < 2; ++k) {
        for (int64_t i = 0; i < vectors; ++i) a[k][i] += b[k][i];
        NAME(apply)(NAME(sigmoid), a[k], vectors);
      }
      for (int64_t i = 0; i < vectors; ++i) a[2][i] += a[0][i] * b[2][i];
      NAME(apply)(NAME(tanh), a[2], vectors);
      NAME(take)(p, before + state, count);
      for (int64_t i = 0; i < vectors; ++i) p[i] = a[2][i] + a[1][i] * (p[i] - a[2][i]);
      for (int k = 0; k < 3; ++k) NAME(put)(gates + gate + k * units, a[k], count);
      NAME(put)(h + state, p, count);
    }
  }
}

static void NAME(gru_step_backward)(const void *const *in, void *const *out, int64_t rows, int64_t units) {
  const T *gates = in[0], *s = in[1], *before = in[2], *dh = in[3];
  T *dx = out[0], *ds = out[1], *dbefore = out[2];
  V a[3][NAME(run_vectors)], q[NAME(run_vectors)], p[NAME(run_vectors)], g[NAME(run_vectors)];
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t first = 0; first < units; first += NAME(run)) {
      const int64_t count = apus_min64(NAME(run), units - first), vectors = apus_ceil_div(count, LANES);
      const int64_t state = row * units + first, gate = row * 3 * units + first;
      for (int k = 0; k < 3; ++k) NAME(take)(a[k], gates + gate + k * units, count);
      NAME(take)(q, s + gate + 2 * units, count);
      NAME(take)(p, before + state, count);
      NAME(take)(g, dh + state, count);
      for (int64_t i = 0; i < vectors; ++i) {
        const V r = a[0][i], z = a[1][i], n = a[2][i], one = SPLAT(1);
        const V ofN = g[i] * (one - z) * (one - n * n);
        a[0][i] = ofN * q[i] * (r * (one - r));
        a[1][i] = g[i] * (p[i] - n) * (z * (one - z));
        a[2][i] = ofN;
        q[i] = ofN * r;
        g[i] *= z;
      }
      for (int k = 0; k < 3; ++k) NAME(put)(dx + gate + k * units, a[k], count);
      for (int k = 0; k < 2; ++k) NAME(put)(ds + gate + k * units, a[k], count);
      NAME(put)(ds + gate + 2 * units, q, count);
      NAME(put)(dbefore + state, g, count);
    }
  }
}
