// SPDX-License-Identifier: Apache-2.0
//
// The evaluator of fused programs: one tile at a time, registers in L1.
#ifndef APUS_FUSED_TILES_H
#define APUS_FUSED_TILES_H

#include "internal.h"

enum {
  APUS_REGISTER_BYTES = APUS_TILE_BYTES + 64,   // apart by more than a power of two, so registers do not share cache sets
  APUS_MAX_OPERANDS = 256,
  APUS_MAX_ARRAYS = 64,
  APUS_ARENA_BYTES = 24 * APUS_REGISTER_BYTES,  // programs with more registers take theirs from the heap
  APUS_MAX_RANK = 8
};

/// A program bound to arrays, for one thread.
typedef struct {
  const apus_fused *program;
  const apus_fused_kernels *kernels;
  void *const *inputs;
  void *const *outputs;  // NULL when the value is reduced instead of stored
  int element_size;
  int has_strided;       // some input needs coordinates
  int64_t total;         // elements of the iteration space
  char *heap;            // registers, when they do not fit the arena
  char *input_registers, *temp_registers, *spread_register;
  uint8_t input_kind[APUS_MAX_ARRAYS];    // enum input_kind in fused_tiles.c
  int16_t direct_output[APUS_MAX_ARRAYS];  // the temporary kept in this output's memory, or -1
  apus_operand operands[APUS_MAX_OPERANDS];
  char arena[APUS_ARENA_BYTES] __attribute__((aligned(64)));
} apus_tiles;

static inline int64_t apus_tile_length(const apus_fused *program) {
  return APUS_TILE_BYTES / apus_size_of(program->dtype);
}

int64_t apus_fused_total(const apus_fused *program);

/// Where the value of the first output lies if the program computes nothing: it is a contiguous input. Otherwise NULL.
const void *apus_fused_direct(const apus_fused *program, void *const *inputs);

/// Binds a program. outputs may be NULL: then only apus_tiles_value is useful.
void apus_tiles_begin(apus_tiles *tiles, const apus_fused *program, void *const *inputs, void *const *outputs,
                      const void *scalars);
void apus_tiles_end(apus_tiles *tiles);

/// Computes and stores elements [start, start + count), at most one tile.
void apus_tiles_store(apus_tiles *tiles, int64_t start, int64_t count);

/// Computes elements [start, start + count), at most one tile, and returns where the first output's values lie; valid
/// until the next call.
const void *apus_tiles_value(apus_tiles *tiles, int64_t start, int64_t count);

#endif
