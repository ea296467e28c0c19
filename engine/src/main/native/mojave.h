/*
 * Products of packed and plain matrices with activations. No libc, no allocation, no state; every function may be called
 * by any thread. The layout is that of org.mojave.format.packed.PackedLayout, the arithmetic that of
 * org.mojave.engine.kernel.PackedOracle: all variants return the same bits. Callers check bounds; nothing is checked here.
 */
#ifndef MOJAVE_H
#define MOJAVE_H

#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
#define EXPORT __attribute__((visibility("default")))

enum { TILE_ROWS = 16, RUN_COLUMNS = 32 };

/* A packed matrix as Java passes it: 64-bit fields in this order. Runs are runs of 32 columns. */
typedef struct {
    int64_t bits;             /* 1, 2, 3, 4 or 8 */
    int64_t symmetric;        /* 1: the zero is 2^(bits-1) and not stored */
    int64_t rows;
    int64_t runs;             /* in a row */
    int64_t group_runs;       /* that share a weight scale */
    int64_t activation_runs;  /* that share an activation scale; divides group_runs unless the group is the row */
    int64_t tile_bytes;
    int64_t zeros_offset;     /* in a tile */
    int64_t codes_offset;     /* in a tile */
} packed_matrix;

/* Quantized activations: values [tokens][32 * runs], scales and sums [tokens][groups]. */
typedef struct {
    const int8_t *values;
    const float *scales;
    const int32_t *sums;
    int64_t groups;
} activations;

#endif
