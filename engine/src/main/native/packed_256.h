/*
 * Packed products with 256-bit vectors: a tile's 16 rows are two halves of eight lanes. Included by packed_avx2.c and
 * packed_avxvnni.c, which define PACKED (name of the entry) and VNNI (1: multiply-add four bytes in one instruction).
 * Without VNNI products of a run are summed in 16 bits: |x| <= 127 and codes <= 15, so 8 sums of two stay below 2^15;
 * 8-bit codes go as two nibbles.
 */
#include <immintrin.h>
#include "mojave.h"

enum { HALVES = 2, TOKENS = VNNI ? 4 : 2, AHEAD = 6144 };

INLINE __m256i splat(const int8_t *x) {
    return _mm256_set1_epi32(*(const int32_t *) x);
}

INLINE __m256i load(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *) p);
}

/* Four columns' codes, j-th of eight in a run, of the eight rows of half h. */
INLINE __m256i decode(int bits, const uint8_t *codes, int h, int j) {
    codes += 32 * h;
    if (bits == 8) {
        return load(codes + 64 * j);
    }
    int low = bits == 3 ? 2 : bits;
    int fields = 8 / low;
    __m256i c = _mm256_srli_epi32(load(codes + 64 * (j / fields)), low * (j % fields));
    c = _mm256_and_si256(c, _mm256_set1_epi8((char) ((1 << low) - 1)));
    if (bits == 3) {
        __m256i high = load(codes + 128);
        high = j < 2 ? _mm256_slli_epi32(high, 2 - j) : _mm256_srli_epi32(high, j - 2);
        c = _mm256_or_si256(c, _mm256_and_si256(high, _mm256_set1_epi8(4)));
    }
    return c;
}

/* Minus the zeros of a group's rows in half h; for a symmetric scheme the constant. */
INLINE __m256i zeros(int bits, int symmetric, const uint8_t *zero, int h) {
    if (symmetric) {
        return _mm256_set1_epi32(-(1 << (bits - 1)));
    }
    __m128i z = _mm_loadl_epi64((const __m128i *) (bits == 8 ? zero + 8 * h : zero));
    if (bits != 8) {
        z = _mm_and_si128(h ? _mm_srli_epi64(z, 4) : z, _mm_set1_epi8(15));
    }
    return _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_cvtepu8_epi32(z));
}

#define EACH _Pragma("GCC unroll 2") for (int h = 0; h < HALVES; h++) _Pragma("GCC unroll 4") for (int k = 0; k < tokens; k++)

/* One run of a tile times `tokens` activations. */
INLINE void run_block(int bits, int tokens, __m256i sum[HALVES][TOKENS], const uint8_t *codes, const int8_t *x, int64_t columns) {
#if VNNI
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
        __m256i c[HALVES] = {decode(bits, codes, 0, j), decode(bits, codes, 1, j)};
        EACH sum[h][k] = _mm256_dpbusd_avx_epi32(sum[h][k], c[h], splat(x + k * columns + 4 * j));
    }
#else
    __m256i narrow[HALVES][TOKENS], upper[HALVES][TOKENS];
    EACH narrow[h][k] = upper[h][k] = _mm256_setzero_si256();
    __m256i nibble = _mm256_set1_epi8(15);
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
        __m256i c[HALVES] = {decode(bits, codes, 0, j), decode(bits, codes, 1, j)};
        EACH {
            __m256i four = splat(x + k * columns + 4 * j);
            __m256i part = bits == 8 ? _mm256_and_si256(c[h], nibble) : c[h];
            narrow[h][k] = _mm256_add_epi16(narrow[h][k], _mm256_maddubs_epi16(part, four));
            if (bits == 8) {
                part = _mm256_and_si256(_mm256_srli_epi32(c[h], 4), nibble);
                upper[h][k] = _mm256_add_epi16(upper[h][k], _mm256_maddubs_epi16(part, four));
            }
        }
    }
    EACH {
        sum[h][k] = _mm256_add_epi32(sum[h][k], _mm256_madd_epi16(narrow[h][k], _mm256_set1_epi16(1)));
        if (bits == 8) {
            sum[h][k] = _mm256_add_epi32(sum[h][k], _mm256_madd_epi16(upper[h][k], _mm256_set1_epi16(16)));
        }
    }
#endif
}

/* One tile times `tokens` activations, reading ahead to `limit`. */
INLINE void tile(int bits, int tokens, const packed_matrix *m, const uint8_t *t, activations a, const char *limit,
                 __m256 y[HALVES][TOKENS]) {
    int64_t columns = RUN_COLUMNS * m->runs;
    int64_t zero_bytes = m->symmetric ? 0 : bits == 8 ? 16 : 8;
    const uint8_t *scale = t;
    const uint8_t *zero = t + m->zeros_offset;
    const uint8_t *codes = t + m->codes_offset;
    const int8_t *x = a.values;
    const char *ahead = (const char *) codes + AHEAD;
    int64_t activation = 0;
    EACH y[h][k] = _mm256_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m256 group[HALVES][TOKENS];
        EACH group[h][k] = _mm256_setzero_ps();
        _mm_prefetch(ahead, _MM_HINT_T0);
        ahead += 2 * TILE_ROWS + zero_bytes;
        while (run < group_end) {
            int64_t end = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            __m256i sum[HALVES][TOKENS];
            EACH {
                __m256i z = m->symmetric ? zeros(bits, 1, zero, h) : zeros(bits, 0, zero, h);
                sum[h][k] = _mm256_mullo_epi32(z, _mm256_set1_epi32(a.sums[k * a.groups + activation]));
            }
            for (; run < end; run++) {
                const char *next = ahead < limit ? ahead : limit;
#pragma GCC unroll 8
                for (int v = 0; v < bits; v++) {
                    _mm_prefetch(next + 64 * v, _MM_HINT_T0);
                }
                run_block(bits, tokens, sum, codes, x, columns);
                ahead += 64 * bits;
                codes += 64 * bits;
                x += RUN_COLUMNS;
            }
            EACH group[h][k] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[h][k]), _mm256_set1_ps(a.scales[k * a.groups + activation]),
                                               group[h][k]);
            activation++;
        }
        EACH y[h][k] = _mm256_fmadd_ps(group[h][k], _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (scale + 16 * h))), y[h][k]);
        scale += 2 * TILE_ROWS;
        zero += zero_bytes;
    }
}

INLINE void store(__m256 y, int64_t row, int64_t rows, float *target) {
    int64_t left = rows - row;
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(left >= 8 ? 8 : left > 0 ? (int) left : 0), lane);
    if (left > 0) {
        _mm256_maskstore_ps(target + row, mask, y);
    }
}

INLINE void block(int bits, int tokens, const packed_matrix *m, const uint8_t *tiles, int64_t index, activations a,
                  const char *limit, float *y) {
    __m256 sums[HALVES][TOKENS];
    tile(bits, tokens, m, tiles + index * m->tile_bytes, a, limit, sums);
    EACH store(sums[h][k], index * TILE_ROWS + 8 * h, m->rows, y + k * m->rows);
}

INLINE void product(int bits, const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, activations a,
                    int64_t tokens, float *y) {
    int64_t columns = RUN_COLUMNS * m->runs;
    const char *limit = (const char *) tiles + last * m->tile_bytes - 64 * bits;
    for (int64_t i = first; i < last; i++) {
        for (int64_t k = 0; k < tokens;) {
            activations b = {a.values + k * columns, a.scales + k * a.groups, a.sums + k * a.groups, a.groups};
            if (k + TOKENS <= tokens) {
                block(bits, TOKENS, m, tiles, i, b, limit, y + k * m->rows);
                k += TOKENS;
            } else {
                block(bits, 1, m, tiles, i, b, limit, y + k * m->rows);
                k++;
            }
        }
    }
}

/* Rows of tiles first..last-1 of y [tokens][rows] = x * W^T. */
EXPORT void PACKED(const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, const int8_t *values,
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
