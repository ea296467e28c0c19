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

/* TRELLIS marks kinds of codes that run through a register; their levels become unsigned by adding BIAS. */
enum { TILE_ROWS = 16, RUN_COLUMNS = 32, TRELLIS = 16, BIAS = 128, BINARY = 2 };

/* A packed matrix as Java passes it: 64-bit fields in this order. Runs are runs of 32 columns. */
typedef struct {
    int64_t bits;             /* 1, 2, 3, 4, 5, 6 or 8 */
    int64_t symmetric;        /* 1: the zero is 2^(bits-1), or 0 of a trellis, and not stored; BINARY: codes count twice too */
    int64_t rows;
    int64_t runs;             /* in a row */
    int64_t group_runs;       /* that share a weight scale */
    int64_t activation_runs;  /* that share an activation scale; divides group_runs unless the group is the row */
    int64_t tile_bytes;
    int64_t zeros_offset;     /* in a tile */
    int64_t codes_offset;     /* in a tile */
    int64_t trellis;          /* 1: codes run through a register */
    int64_t six_bit_scales;   /* 1: scales are multiples of a unit that a row has */
    int8_t levels[64];        /* of a trellis: value by young half of the register, mixed */
    uint8_t mixture[64];      /* of a trellis: what an old half of the register flips in the young one */
} packed_matrix;

/* Offset of the first group's scales in a tile, and from group to group. */
INLINE int64_t first_scale(const packed_matrix *m) {
    return m->six_bit_scales ? 2 * TILE_ROWS : 0;
}

INLINE int64_t scale_bytes(const packed_matrix *m) {
    return m->six_bit_scales ? 12 : 2 * TILE_ROWS;
}

/*
 * The smallest block of columns of a tile that can be read by itself: one vector of 64 bytes, or a run where a code's bits lie
 * in two planes.
 */
INLINE int unit_columns(int bits) {
    return bits == 2 || bits == 4 || bits == 8 ? RUN_COLUMNS / bits : RUN_COLUMNS;
}

INLINE int unit_bytes(int bits) {
    return unit_columns(bits) * TILE_ROWS * bits / 8;
}

/* What of a matrix a product with one token reads; the rest meets zeros only. */
typedef struct {
    const int32_t *units;  /* blocks of unit_columns columns, ascending */
    const int32_t *starts; /* first unit of each activation group, and the number of all */
} selection;

/* Quantized activations: values [tokens][32 * runs], scales and sums [tokens][groups]. */
typedef struct {
    const int8_t *values;
    const float *scales;
    const int32_t *sums;
    int64_t groups;
} activations;

#endif
