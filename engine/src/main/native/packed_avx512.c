/* Packed products with AVX-512 VNNI: one 32-bit lane of a vector is one row of a tile. packed_256.h is its narrow twin. */
#include <immintrin.h>
#include "mojave.h"

/*
 * Tiles and tokens of a register block; bytes of the stream asked for in advance (from RAM, without it 2 bits ran at half
 * the speed: scales and codes alternate, which the hardware does not foresee).
 */
enum { PAIR = 2, TOKENS = 6, HALF = 3, AHEAD = 6144 };

INLINE __m512i splat(const int8_t *x) {
    return _mm512_set1_epi32(*(const int32_t *) x);
}

/* One run of 32 columns of one token; field j of a plane is multiplied in place, that is, times 2^(bits*j). */
INLINE void run_one(int bits, __m512i *sum, const uint8_t *codes, const int8_t *x) {
    if (bits == 8) {
#pragma GCC unroll 8
        for (int v = 0; v < 8; v++) {
            sum[v & 1] = _mm512_dpbusd_epi32(sum[v & 1], _mm512_loadu_si512(codes + 64 * v), splat(x + 4 * v));
        }
        return;
    }
    int low = bits == 3 ? 2 : bits;
    int fields = 8 / low;
#pragma GCC unroll 4
    for (int v = 0; v < 4 * low / 4; v++) {
        __m512i c = _mm512_loadu_si512(codes + 64 * v);
#pragma GCC unroll 8
        for (int j = 0; j < fields; j++) {
            __m512i mask = _mm512_set1_epi8((char) (((1 << low) - 1) << (low * j)));
            sum[j] = _mm512_dpbusd_epi32(sum[j], _mm512_and_si512(c, mask), splat(x + 4 * (fields * v + j)));
        }
    }
    if (bits == 3) {
        __m512i c = _mm512_loadu_si512(codes + 128);
        __m512i shifted[8] = {_mm512_slli_epi32(c, 2), _mm512_slli_epi32(c, 1), c, _mm512_slli_epi32(c, 1),
                              c, _mm512_slli_epi32(c, 1), c, _mm512_srli_epi32(c, 5)};
        static const int field[8] = {0, 0, 0, 1, 1, 2, 2, 0};
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++) {
            __m512i mask = _mm512_set1_epi8((char) (4 << (2 * field[j])));
            sum[field[j]] = _mm512_dpbusd_epi32(sum[field[j]], _mm512_and_si512(shifted[j], mask), splat(x + 4 * j));
        }
    }
}

/* The sum of one token's accumulators, fields brought back to their place. */
INLINE __m512i collect(int bits, const __m512i *sum) {
    if (bits == 8) {
        return _mm512_add_epi32(sum[0], sum[1]);
    }
    int low = bits == 3 ? 2 : bits;
    __m512i total = sum[0];
#pragma GCC unroll 8
    for (int j = 1; j < 8 / low; j++) {
        total = _mm512_add_epi32(total, _mm512_srai_epi32(sum[j], low * j));
    }
    return total;
}

/* Four columns' codes, j-th of eight in a run, of all rows. */
INLINE __m512i decode(int bits, const uint8_t *codes, int j) {
    if (bits == 8) {
        return _mm512_loadu_si512(codes + 64 * j);
    }
    int low = bits == 3 ? 2 : bits;
    int fields = 8 / low;
    __m512i c = _mm512_loadu_si512(codes + 64 * (j / fields));
    c = _mm512_and_si512(_mm512_srli_epi32(c, low * (j % fields)), _mm512_set1_epi8((char) ((1 << low) - 1)));
    if (bits == 3) {
        __m512i high = _mm512_loadu_si512(codes + 128);
        high = j < 2 ? _mm512_slli_epi32(high, 2 - j) : _mm512_srli_epi32(high, j - 2);
        c = _mm512_or_si512(c, _mm512_and_si512(high, _mm512_set1_epi8(4)));
    }
    return c;
}

/* Minus the zeros of a group's rows; for a symmetric scheme the constant. */
INLINE __m512i zeros(int bits, int symmetric, const uint8_t *zero) {
    if (symmetric) {
        return _mm512_set1_epi32(-(1 << (bits - 1)));
    }
    __m128i z = bits == 8 ? _mm_loadu_si128((const __m128i *) zero) : _mm_loadl_epi64((const __m128i *) zero);
    if (bits != 8) {
        z = _mm_and_si128(_mm_unpacklo_epi64(z, _mm_srli_epi64(z, 4)), _mm_set1_epi8(15));
    }
    return _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_cvtepu8_epi32(z));
}

/* Minus the zeros of a group's rows times the sums of an activation group: what every accumulator starts with. */
INLINE __m512i start(__m512i zero, int32_t sum) {
    return _mm512_mullo_epi32(zero, _mm512_set1_epi32(sum));
}

/* One tile times one activation, reading ahead to `limit`. */
INLINE __m512 vector(int bits, const packed_matrix *m, const uint8_t *t, activations a, const char *limit) {
    int64_t zero_bytes = m->symmetric ? 0 : bits == 8 ? 16 : 8;
    const uint8_t *scale = t;
    const uint8_t *zero = t + m->zeros_offset;
    const uint8_t *codes = t + m->codes_offset;
    const int8_t *x = a.values;
    const char *ahead = (const char *) codes + AHEAD;
    int64_t activation = 0;
    __m512 y = _mm512_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m512i z = m->symmetric ? zeros(bits, 1, zero) : zeros(bits, 0, zero);
        __m512 group = _mm512_setzero_ps();
        _mm_prefetch(ahead, _MM_HINT_T0);
        ahead += 2 * TILE_ROWS + zero_bytes;
        while (run < group_end) {
            int64_t end = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            __m512i sum[8] = {start(z, a.sums[activation])};
            for (; run < end; run++) {
                const char *next = ahead < limit ? ahead : limit;
#pragma GCC unroll 8
                for (int v = 0; v < bits; v++) {
                    _mm_prefetch(next + 64 * v, _MM_HINT_T0);
                }
                run_one(bits, sum, codes, x);
                ahead += 64 * bits;
                codes += 64 * bits;
                x += RUN_COLUMNS;
            }
            __m512 xs = _mm512_set1_ps(a.scales[activation++]);
            group = _mm512_fmadd_ps(_mm512_cvtepi32_ps(collect(bits, sum)), xs, group);
        }
        y = _mm512_fmadd_ps(group, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) scale)), y);
        scale += 2 * TILE_ROWS;
        zero += zero_bytes;
    }
    return y;
}

/* One run of `count` tiles times `tokens` activations. */
INLINE void run_block(int bits, int count, int tokens, __m512i sum[PAIR][TOKENS], const uint8_t *codes, int64_t tile_bytes,
                      const int8_t *x, int64_t columns) {
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
        __m512i c[PAIR];
#pragma GCC unroll 2
        for (int i = 0; i < count; i++) {
            c[i] = decode(bits, codes + i * tile_bytes, j);
        }
#pragma GCC unroll 16
        for (int k = 0; k < tokens; k++) {
            __m512i four = splat(x + k * columns + 4 * j);
#pragma GCC unroll 2
            for (int i = 0; i < count; i++) {
                sum[i][k] = _mm512_dpbusd_epi32(sum[i][k], c[i], four);
            }
        }
    }
}

#define EACH _Pragma("GCC unroll 2") for (int i = 0; i < count; i++) _Pragma("GCC unroll 16") for (int k = 0; k < tokens; k++)

/* The exact sums of one activation group of `runs` runs. */
INLINE void exact(int bits, int count, int tokens, const packed_matrix *m, const uint8_t *zero, const uint8_t *codes,
                  activations a, int64_t runs, __m512i sum[PAIR][TOKENS]) {
#pragma GCC unroll 2
    for (int i = 0; i < count; i++) {
        const uint8_t *own = zero + i * m->tile_bytes;
        __m512i z = m->symmetric ? zeros(bits, 1, own) : zeros(bits, 0, own);
#pragma GCC unroll 16
        for (int k = 0; k < tokens; k++) {
            sum[i][k] = start(z, a.sums[k * a.groups]);
        }
    }
    for (int64_t run = 0; run < runs; run++) {
        run_block(bits, count, tokens, sum, codes + 64 * bits * run, m->tile_bytes, a.values + RUN_COLUMNS * run,
                  RUN_COLUMNS * m->runs);
    }
}

/* `count` neighbouring tiles times `tokens` activations; `single`: each weight group is one activation group. */
INLINE void block(int bits, int count, int tokens, int single, const packed_matrix *m, const uint8_t *t, activations a,
                  __m512 y[PAIR][TOKENS]) {
    int64_t zero_bytes = m->symmetric ? 0 : bits == 8 ? 16 : 8;
    const uint8_t *scale = t;
    const uint8_t *zero = t + m->zeros_offset;
    const uint8_t *codes = t + m->codes_offset;
    EACH y[i][k] = _mm512_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m512 group[PAIR][TOKENS];
        EACH group[i][k] = _mm512_setzero_ps();
        do {
            int64_t runs = run + m->activation_runs < group_end ? m->activation_runs : group_end - run;
            __m512i sum[PAIR][TOKENS];
            exact(bits, count, tokens, m, zero, codes, a, runs, sum);
            EACH group[i][k] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[i][k]), _mm512_set1_ps(a.scales[k * a.groups]), group[i][k]);
            run += runs;
            codes += 64 * bits * runs;
            a.values += RUN_COLUMNS * runs;
            a.scales++;
            a.sums++;
        } while (!single && run < group_end);
#pragma GCC unroll 2
        for (int i = 0; i < count; i++) {
            __m512 s = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) (scale + i * m->tile_bytes)));
#pragma GCC unroll 16
            for (int k = 0; k < tokens; k++) {
                y[i][k] = _mm512_fmadd_ps(group[i][k], s, y[i][k]);
            }
        }
        scale += 2 * TILE_ROWS;
        zero += zero_bytes;
    }
}

INLINE void store(__m512 y, int64_t row, int64_t rows, float *target) {
    __mmask16 mask = rows - row >= TILE_ROWS ? 0xffff : (__mmask16) ((1 << (rows - row)) - 1);
    _mm512_mask_storeu_ps(target + row, mask, y);
}

/* The part of some activations that starts with token k. */
INLINE activations from(activations a, int64_t k, int64_t columns) {
    activations b = {a.values + k * columns, a.scales + k * a.groups, a.sums + k * a.groups, a.groups};
    return b;
}

INLINE void blocks(int bits, int count, int tokens, const packed_matrix *m, const uint8_t *tiles, int64_t index, activations a,
                   float *y) {
    __m512 sums[PAIR][TOKENS];
    if (m->activation_runs == m->group_runs) {
        block(bits, count, tokens, 1, m, tiles + index * m->tile_bytes, a, sums);
    } else {
        block(bits, count, tokens, 0, m, tiles + index * m->tile_bytes, a, sums);
    }
    EACH store(sums[i][k], (index + i) * TILE_ROWS, m->rows, y + k * m->rows);
}

/* `tokens` activations times all tiles from first to last-1: two at a time. */
INLINE void pairs(int bits, int tokens, const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, activations a,
                  float *y) {
    for (int64_t i = first; i < last; i += PAIR) {
        if (i + 1 < last) {
            blocks(bits, PAIR, tokens, m, tiles, i, a, y);
        } else {
            blocks(bits, 1, tokens, m, tiles, i, a, y);
        }
    }
}

INLINE void product(int bits, const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, activations a,
                    int64_t tokens, float *y) {
    int64_t columns = RUN_COLUMNS * m->runs;
    int64_t whole = tokens - tokens % TOKENS;
    int64_t done = whole;
    const char *limit = (const char *) tiles + last * m->tile_bytes - 64 * bits;
    for (int64_t i = first; i < last && whole > 0; i += PAIR) {
        for (int64_t k = 0; k < whole; k += TOKENS) {
            if (i + 1 < last) {
                blocks(bits, PAIR, TOKENS, m, tiles, i, from(a, k, columns), y + k * m->rows);
            } else {
                blocks(bits, 1, TOKENS, m, tiles, i, from(a, k, columns), y + k * m->rows);
            }
        }
    }
    if (whole > 0 && tokens - done >= HALF) { /* the tiles are in the cache now; else reading ahead counts more */
        pairs(bits, HALF, m, tiles, first, last, from(a, done, columns), y + done * m->rows);
        done += HALF;
    }
    if (whole > 0 && tokens - done >= 2) {
        pairs(bits, 2, m, tiles, first, last, from(a, done, columns), y + done * m->rows);
        done += 2;
    }
    for (int64_t i = first; i < last && done < tokens; i++) {
        for (int64_t k = done; k < tokens; k++) {
            __m512 sum = vector(bits, m, tiles + i * m->tile_bytes, from(a, k, columns), limit);
            store(sum, i * TILE_ROWS, m->rows, y + k * m->rows);
        }
    }
}

/* Rows of tiles first..last-1 of y [tokens][rows] = x * W^T. */
EXPORT void mojave_packed_avx512(const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, const int8_t *values,
                                 const float *scales, const int32_t *sums, int64_t groups, int64_t tokens, float *y) {
    activations a = {values, scales, sums, groups};
    switch (m->bits) {
        case 1: product(1, m, tiles, first, last, a, tokens, y); break;
        case 2: product(2, m, tiles, first, last, a, tokens, y); break;
        case 3: product(3, m, tiles, first, last, a, tokens, y); break;
        case 4: product(4, m, tiles, first, last, a, tokens, y); break;
        default: product(8, m, tiles, first, last, a, tokens, y);
    }
}
