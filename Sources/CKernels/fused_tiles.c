// SPDX-License-Identifier: Apache-2.0
//
// Evaluates a fused program on one tile. Values stay where they are whenever possible: contiguous inputs are read in
// place and a temporary that is stored is computed in the output's own memory.
#include "fused_tiles.h"

#include <stdlib.h>
#include <string.h>

enum input_kind {
  IN_PLACE,   // contiguous, of the compute type: read where it lies
  CONVERTED,  // contiguous, of another type
  CONSTANT,   // one value everywhere, resolved once
  STRIDED     // anything else: looked at tile by tile
};

int64_t apus_fused_total(const apus_fused *program) {
  int64_t total = 1;
  for (int d = 0; d < program->rank; ++d) total *= program->extents[d];
  return total;
}

static enum input_kind classify(const apus_fused *p, int input) {
  const int64_t *strides = p->strides + (int64_t)input * p->rank;
  int64_t expected = 1;
  int contiguous = 1, constant = 1;
  for (int d = p->rank - 1; d >= 0; --d) {
    if (p->extents[d] == 1) continue;
    contiguous &= strides[d] == expected;
    constant &= strides[d] == 0;
    expected *= p->extents[d];
  }
  if (constant) return CONSTANT;
  if (contiguous) return p->input_dtypes[input] == p->dtype ? IN_PLACE : CONVERTED;
  return STRIDED;
}

const void *apus_fused_direct(const apus_fused *p, void *const *inputs) {
  const int value = p->outputs[0];
  return value < p->input_count && classify(p, value) == IN_PLACE ? inputs[value] : NULL;
}

static inline void broadcast(const apus_tiles *t, char *vector, const void *value) {
  t->kernels->load[t->program->dtype](vector, value, 0, t->kernels->width);
}

static inline int reads(const apus_instruction *i, int operand) {
  return i->a == operand || (i->op >= APUS_OP_ADD && i->b == operand) || (i->op >= APUS_OP_SELECT && i->c == operand);
}

/// Decides which temporaries live in output memory. That must not destroy an input sharing the memory before its last
/// use.
static void choose_direct_outputs(apus_tiles *t) {
  const apus_fused *p = t->program;
  const int first_temp = p->input_count + p->scalar_count;
  int shared = 0;
  for (int o = 0; o < p->output_count; ++o) {
    int temp = p->outputs[o];
    int allowed = temp >= first_temp && p->output_dtypes[o] == p->dtype;
    for (int k = 0; k < o && allowed; ++k) allowed = t->direct_output[k] != temp;
    for (int i = 0; i < p->input_count; ++i) {
      if (t->inputs[i] != t->outputs[o]) continue;
      shared = 1;
      if (!allowed) continue;
      int first_write = 0, last_read = p->instruction_count - 1;
      while (first_write < p->instruction_count && p->instructions[first_write].dst != temp) ++first_write;
      while (last_read >= 0 && !reads(&p->instructions[last_read], i)) --last_read;
      allowed = last_read <= first_write;
    }
    t->direct_output[o] = allowed ? (int16_t)temp : -1;
  }
  if (!shared) return;
  // An input stored unchanged while its memory may be overwritten by another output is copied first.
  for (int o = 0; o < p->output_count; ++o) {
    int input = p->outputs[o];
    if (input < p->input_count && t->input_kind[input] == IN_PLACE) t->input_kind[input] = CONVERTED;
  }
}

void apus_tiles_begin(apus_tiles *t, const apus_fused *p, void *const *inputs, void *const *outputs,
                      const void *scalars) {
  t->program = p;
  t->kernels = apus_kernels->fused[p->dtype];
  t->inputs = inputs;
  t->outputs = outputs;
  t->element_size = apus_size_of(p->dtype);
  t->total = apus_fused_total(p);
  t->has_strided = 0;
  int64_t vectors_bytes = 64 * (int64_t)p->scalar_count;
  int64_t bytes = (int64_t)(p->temp_count + p->input_count + 1) * APUS_REGISTER_BYTES + vectors_bytes;
  t->heap = NULL;
  char *registers = t->arena;
  if (bytes > APUS_ARENA_BYTES) registers = t->heap = aligned_alloc(64, (size_t)((bytes + 63) / 64 * 64));
  t->temp_registers = registers;
  t->input_registers = registers + (int64_t)p->temp_count * APUS_REGISTER_BYTES;
  t->spread_register = t->input_registers + (int64_t)p->input_count * APUS_REGISTER_BYTES;
  char *scalar_vectors = t->spread_register + APUS_REGISTER_BYTES;
  const int first_temp = p->input_count + p->scalar_count;

  for (int i = 0; i < p->input_count; ++i) {
    t->input_kind[i] = (uint8_t)classify(p, i);
    t->has_strided |= t->input_kind[i] == STRIDED;
    if (t->input_kind[i] != CONSTANT || t->total == 0) continue;
    char *vector = t->input_registers + (int64_t)i * APUS_REGISTER_BYTES;
    t->kernels->load[p->input_dtypes[i]](vector, inputs[i], 0, t->kernels->width);
    t->operands[i] = (apus_operand){vector, 0};
  }
  for (int s = 0; s < p->scalar_count; ++s) {
    char *vector = scalar_vectors + 64 * (int64_t)s;
    broadcast(t, vector, (const char *)scalars + (int64_t)s * t->element_size);
    t->operands[p->input_count + s] = (apus_operand){vector, 0};
  }
  const ptrdiff_t step = (ptrdiff_t)t->kernels->width * t->element_size;
  for (int k = 0; k < p->temp_count; ++k)
    t->operands[first_temp + k] = (apus_operand){t->temp_registers + (int64_t)k * APUS_REGISTER_BYTES, step};
  if (outputs) choose_direct_outputs(t);
}

void apus_tiles_end(apus_tiles *t) { free(t->heap); }

/// Fills dst with its first `bytes` bytes, so that they are there `times` times.
static void repeat(char *dst, int64_t bytes, int64_t times) {
  const int64_t total = bytes * times;
  for (int64_t done = bytes; done < total; done *= 2)
    memcpy(dst + done, dst, (size_t)apus_min64(done, total - done));
}

/// Copies count values of a strided input from row-major position start on, run by run along the last dimension.
static void gather(const apus_tiles *t, int input, const int64_t *position, char *dst, int64_t count) {
  const apus_fused *p = t->program;
  const int last = p->rank - 1;
  const int64_t *strides = p->strides + (int64_t)input * p->rank, *extents = p->extents;
  const int dtype = p->input_dtypes[input];
  const int64_t size = apus_size_of(dtype);
  void (*load)(void *, const void *, int64_t, int64_t) = t->kernels->load[dtype];
  int64_t at[APUS_MAX_RANK];
  const char *src = t->inputs[input];
  for (int d = 0; d <= last; ++d) {
    at[d] = position[d];
    src += at[d] * strides[d] * size;
  }
  for (;;) {
    int64_t run = apus_min64(count, extents[last] - at[last]);
    load(dst, src, strides[last], run);
    if (last > 0 && strides[last - 1] == 0 && at[last] == 0 && run < count) {
      // The same row again and again: copy what is there already, twice as much each time.
      const int64_t times = apus_min64(count / run, extents[last - 1] - at[last - 1]);
      repeat(dst, run * t->element_size, times);
      at[last - 1] += times - 1;
      dst += (times - 1) * run * t->element_size;
      count -= (times - 1) * run;
    }
    count -= run;
    if (count == 0) return;
    dst += run * t->element_size;
    src -= at[last] * strides[last] * size;
    at[last] = 0;
    int d = last - 1;
    for (;; --d) {
      src += strides[d] * size;
      if (++at[d] < extents[d]) break;
      src -= extents[d] * strides[d] * size;
      at[d] = 0;
    }
  }
}

/// Makes input i available for elements [start, start + count). Kernels will read `padded` elements, whole vectors.
static void bind_input(apus_tiles *t, int i, int64_t start, int64_t count, int64_t padded, const int64_t *position,
                       ptrdiff_t step) {
  const apus_fused *p = t->program;
  char *copy = t->input_registers + (int64_t)i * APUS_REGISTER_BYTES;
  const int dtype = p->input_dtypes[i];
  const char *base = t->inputs[i];
  switch ((enum input_kind)t->input_kind[i]) {
    case CONSTANT:
      return;
    case IN_PLACE:
      if (start + padded <= t->total) {
        t->operands[i] = (apus_operand){(char *)base + start * t->element_size, step};
        return;
      }  // else a vector would reach past the array: work on a copy
    case CONVERTED:
      t->kernels->load[dtype](copy, base + start * apus_size_of(dtype), 1, count);
      break;
    case STRIDED: {
      const int last = p->rank - 1;
      const int64_t *strides = p->strides + (int64_t)i * p->rank;
      const int64_t rest_of_row = p->extents[last] - position[last];
      const int in_row = strides[last] == 1 && dtype == p->dtype && rest_of_row >= padded;
      if (in_row || (strides[last] == 0 && rest_of_row >= count)) {
        for (int d = 0; d <= last; ++d) base += position[d] * strides[d] * apus_size_of(dtype);
        if (in_row) {
          t->operands[i] = (apus_operand){(char *)base, step};
        } else {
          t->kernels->load[dtype](copy, base, 0, t->kernels->width);
          t->operands[i] = (apus_operand){copy, 0};
        }
        return;
      }
      gather(t, i, position, copy, count);
    }
  }
  t->operands[i] = (apus_operand){copy, step};
}

static void evaluate(apus_tiles *t, int64_t start, int64_t count) {
  const apus_fused *p = t->program;
  const int64_t width = t->kernels->width;
  const int64_t vectors = (count + width - 1) / width;
  const ptrdiff_t step = (ptrdiff_t)width * t->element_size;
  int64_t position[APUS_MAX_RANK];
  if (t->has_strided) {
    int64_t rest = start;
    for (int d = p->rank - 1; d >= 0; --d) {
      position[d] = rest % p->extents[d];
      rest /= p->extents[d];
    }
  }
  for (int i = 0; i < p->input_count; ++i) bind_input(t, i, start, count, vectors * width, position, step);
  for (const apus_instruction *in = p->instructions, *end = in + p->instruction_count; in != end; ++in)
    t->kernels->ops[in->op](t->operands, in, vectors);
}

/// The values of an operand one after another: a constant is spread over a register.
static const void *contiguous(apus_tiles *t, const apus_operand *operand, int64_t count) {
  if (operand->step) return operand->values;
  t->kernels->load[t->program->dtype](t->spread_register, operand->values, 0, count);
  return t->spread_register;
}

void apus_tiles_store(apus_tiles *t, int64_t start, int64_t count) {
  const apus_fused *p = t->program;
  const int first_temp = p->input_count + p->scalar_count;
  // A partial last vector must not be written past the end: such a tile is computed in registers.
  const int whole = count % t->kernels->width == 0;
  for (int o = 0; o < p->output_count; ++o) {
    const int temp = t->direct_output[o];
    if (temp < 0) continue;
    t->operands[temp].values = whole ? (char *)t->outputs[o] + start * t->element_size
                                     : t->temp_registers + (int64_t)(temp - first_temp) * APUS_REGISTER_BYTES;
  }
  evaluate(t, start, count);
  for (int o = 0; o < p->output_count; ++o) {
    if (whole && t->direct_output[o] >= 0) continue;
    const apus_operand *value = &t->operands[p->outputs[o]];
    const int dtype = p->output_dtypes[o];
    const int64_t size = apus_size_of(dtype);
    char *dst = (char *)t->outputs[o] + start * size;
    t->kernels->store[dtype](dst, contiguous(t, value, count), count);
  }
}

const void *apus_tiles_value(apus_tiles *t, int64_t start, int64_t count) {
  evaluate(t, start, count);
  return contiguous(t, &t->operands[t->program->outputs[0]], count);
}
