// SPDX-License-Identifier: Apache-2.0
//
// All steps of an LSTM. Included by recurrent_loop.c once per type with T, NAME(x), GEMM, STEP.
//
// A group of units is as many as a packed panel has columns. Its gates are four panels, whose products with the rows of h
// go to a block that stays in L1 until the rest of the step has been done with it.

/// sums[row, gate, unit of the group] = h W^T of one group.
static void NAME(multiply_group)(const apus_lstm_loop *l, const T *h, int64_t group, T *sums) {
  const int64_t nr = GEMM->tile_columns, mr = GEMM->tile_rows, units = l->units, ld = 4 * nr;
  const int64_t gate_panels = units / nr;
  for (int64_t done = 0; done < units; done += APUS_GEMM_DEPTH) {
    const int64_t depth = apus_min64(APUS_GEMM_DEPTH, units - done);
    const T *panels = (const T *)l->weights + done * 4 * units + group * depth * nr;
    const int64_t gate_step = gate_panels * depth * nr;
    const T beta = done == 0 ? 0 : 1;
    if (l->rows <= 2) {
      for (int gate = 0; gate < 4; gate += 4 / (int)l->rows)
        GEMM->strip((int)l->rows, depth, h + done, units, 1, panels + gate * gate_step, gate_step, beta, sums + gate * nr,
                    ld);
      continue;
    }
    for (int gate = 0; gate < 4; ++gate)
      for (int64_t row = 0; row < l->rows; row += mr)
        GEMM->tile((int)apus_min64(mr, l->rows - row), depth, h + row * units + done, units, 1,
                   panels + gate * gate_step, nr, beta, sums + row * ld + gate * nr, ld);
  }
}

static void NAME(lstm_member)(void *context, int thread, int count, apus_team *team) {
  const apus_lstm_loop *l = context;
  const int64_t units = l->units, rows = l->rows, size = rows * units, nr = GEMM->tile_columns;
  const int64_t groups = units / nr, first = groups * thread / count, last = groups * (thread + 1) / count;
  T *scratch = l->scratch;
  T few[FEW_SUMS] __attribute__((aligned(64)));
  T *sums = rows * 4 * nr <= FEW_SUMS ? few : aligned_alloc(64, (size_t)(rows * 4 * nr) * sizeof(T));
  const T *h = l->first_h, *c = l->first_c;
  for (int64_t step = 0; step < l->steps; ++step) {
    const int64_t time = l->reversed ? l->steps - 1 - step : step, next = l->reversed ? time - 1 : time + 1;
    const int is_last = step == l->steps - 1;
    // What is not stacked alternates between two places, since slower threads may still read the one before.
    T *h_now = l->h ? (T *)l->h + time * size : scratch + step % 2 * size;
    T *c_now = l->c ? (T *)l->c + time * size : scratch + (2 + step % 2) * size;
    for (int64_t group = first; group < last; ++group) {
      NAME(multiply_group)(l, h, group, sums);
      const int64_t unit = group * nr;
      const apus_lstm_part part = {
          .x = (const T *)l->x + time * 4 * size + unit,
          .r = sums,
          .before = c + unit,
          .h = h_now + unit,
          .c = c_now + unit,
          .gates = l->gates ? (T *)l->gates + time * 4 * size + unit : NULL,
          .h_again = is_last ? (T *)l->last_h + unit : l->h_before ? (T *)l->h_before + next * size + unit : NULL,
          .before_again = l->c_before ? (T *)l->c_before + time * size + unit : NULL,
          .rows = rows,
          .units = units,
          .r_row = 4 * nr,
          .r_gate = nr,
          .count = nr};
      STEP(&part);
    }
    h = h_now;
    c = c_now;
    if (!is_last) apus_wait(team);
  }
  if (sums != few) free(sums);
  // Of its own units, which no other thread writes.
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t place = row * units + first * nr;
    const size_t bytes = (size_t)((last - first) * nr) * sizeof(T);
    memcpy((T *)l->last_c + place, c + place, bytes);
    if (l->h_before) {
      const int64_t start = l->reversed ? l->steps - 1 : 0;
      memcpy((T *)l->h_before + start * size + place, (const T *)l->first_h + place, bytes);
    }
  }
}
