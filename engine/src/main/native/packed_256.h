/*
 * Packed products with 256-bit vectors: a tile's 16 rows are two halves of eight lanes. Included by packed_avx2.c and
 * packed_avxvnni.c, which define PACKED (name of the entry) and VNNI (1: multiply-add four bytes in one instruction).
 * Without VNNI products of a run are summed in 16 bits: |x| <= 127 and codes <= 15, so 8 sums of two stay below 2^15;
 * wider codes go as two nibbles. Levels of a trellis go as their size, their sign goes to the activations; two products of
 * at most 127 * 127 fit 16 bits.
 */
#include <immintrin.h>
#include "scales.h"

enum { HALVES = 2, TOKENS = VNNI ? 4 : 2, AHEAD = 6144 };

INLINE __m256i splat(const int8_t *x) {
    return _mm256_set1_epi32(*(const int32_t *) x);
}

INLINE __m256i load(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *) p);
}

/* What a row's codes leave behind for those that follow: the last four columns' codes, pairs of codes and young halves. */
typedef struct {
    __m256i codes, pairs, young, before;
} trellis_rows;

/* Each lane moved up by `columns` bytes, which its predecessor's last ones fill. */
#define DELAY(now, last, columns) \
    _mm256_or_si256(_mm256_slli_epi32(now, 8 * (columns)), _mm256_srli_epi32(last, 32 - 8 * (columns)))

INLINE __m256i table(const void *sixteen) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) sixteen));
}

/* Of tables of 16 bytes the values at six-bit indices. */
INLINE __m256i look_up(const int8_t *tables, __m256i index) {
    __m256i within = _mm256_and_si256(index, _mm256_set1_epi8(15));
    __m256i odd = _mm256_slli_epi16(index, 3);
    __m256i low = _mm256_blendv_epi8(_mm256_shuffle_epi8(table(tables), within), _mm256_shuffle_epi8(table(tables + 16), within), odd);
    __m256i high = _mm256_blendv_epi8(_mm256_shuffle_epi8(table(tables + 32), within), _mm256_shuffle_epi8(table(tables + 48), within), odd);
    return _mm256_blendv_epi8(low, high, _mm256_slli_epi16(index, 2));
}

/* Levels of four columns' codes of eight rows, and the register moved on. */
INLINE __m256i trellis_levels(int bits, __m256i c, const packed_matrix *m, trellis_rows *h) {
    __m256i young, old;
    __m256i six = _mm256_set1_epi8(63);
    if (bits == 1) {
        __m256i pairs = _mm256_or_si256(c, _mm256_slli_epi32(DELAY(c, h->codes, 1), 1));
        __m256i fours = _mm256_or_si256(pairs, _mm256_slli_epi32(DELAY(pairs, h->pairs, 2), 2));
        young = _mm256_or_si256(fours, _mm256_slli_epi32(h->pairs, 4));
        old = DELAY(h->young, h->before, 2);
        h->pairs = pairs;
    } else if (bits == 2) {
        young = _mm256_or_si256(c, _mm256_slli_epi32(DELAY(c, h->codes, 1), 2));
        young = _mm256_or_si256(young, _mm256_slli_epi32(DELAY(c, h->codes, 2), 4));
        old = DELAY(young, h->young, 3);
    } else if (bits == 3) {
        young = _mm256_or_si256(c, _mm256_slli_epi32(DELAY(c, h->codes, 1), 3));
        old = DELAY(young, h->young, 2);
    } else { /* two codes are more than half a register: pairs of them, cut */
        __m256i pairs = _mm256_or_si256(c, _mm256_slli_epi32(DELAY(c, h->codes, 1), 4));
        young = _mm256_and_si256(pairs, six);
        old = _mm256_and_si256(_mm256_srli_epi32(DELAY(pairs, h->pairs, 1), 2), six);
        h->pairs = pairs;
    }
    h->codes = c;
    h->before = h->young;
    h->young = young;
    return look_up(m->levels, _mm256_xor_si256(young, look_up((const int8_t *) m->mixture, old)));
}

/* Registers at the start of a row. */
INLINE void clear(trellis_rows *h) {
    __m256i zero = _mm256_setzero_si256();
    *h = (trellis_rows) {zero, zero, zero, zero};
}

/* Four columns' codes, j-th of eight in a run, of the eight rows of half h; levels of a trellis, whose register they move on. */
INLINE __m256i decode(int kind, const packed_matrix *m, const uint8_t *codes, int h, int j, trellis_rows *state) {
    int bits = kind & ~TRELLIS;
    codes += 32 * h;
    if (bits == 8) {
        return load(codes + 64 * j);
    }
    int low = bits == 3 ? 2 : bits > 4 ? 4 : bits;
    int fields = 8 / low;
    __m256i c = _mm256_srli_epi32(load(codes + 64 * (j / fields)), low * (j % fields));
    c = _mm256_and_si256(c, _mm256_set1_epi8((char) ((1 << low) - 1)));
    if (bits != low) {
        int high = bits - low;
        int field = j % (8 / high);
        __m256i top = load(codes + 64 * low + 64 * (j / (8 / high)));
        top = high * field < low ? _mm256_slli_epi32(top, low - high * field) : _mm256_srli_epi32(top, high * field - low);
        c = _mm256_or_si256(c, _mm256_and_si256(top, _mm256_set1_epi8((char) (((1 << high) - 1) << low))));
    }
    return kind & TRELLIS ? trellis_levels(bits, c, m, state) : c;
}

/* Minus the zeros of a group's rows in half h; for a symmetric scheme the constant. */
INLINE __m256i zeros(int kind, int symmetric, const uint8_t *zero, int h) {
    if (kind & TRELLIS) {
        return _mm256_setzero_si256();
    }
    if (symmetric) {
        return _mm256_set1_epi32(-(1 << (kind - 1)));
    }
    __m128i z = _mm_loadl_epi64((const __m128i *) (kind > 4 ? zero + 8 * h : zero));
    if (kind <= 4) {
        z = _mm_and_si128(h ? _mm_srli_epi64(z, 4) : z, _mm_set1_epi8(15));
    }
    return _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_cvtepu8_epi32(z));
}

/* Scales of a group's rows in half h: float16, or six-bit multiples of the tile's units. */
INLINE __m256 scales(int kind, const packed_matrix *m, const uint8_t *t, const uint8_t *scale, int h) {
    if (!m->six_bit_scales) {
        return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (scale + 16 * h)));
    }
    __m128i multiples = six_bit_multiples(scale, m->symmetric && !(kind & TRELLIS));
    multiples = h ? _mm_unpackhi_epi64(multiples, multiples) : multiples;
    __m256 unit = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) (t + 16 * h)));
    return _mm256_mul_ps(unit, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(multiples)));
}

#define EACH _Pragma("GCC unroll 2") for (int h = 0; h < HALVES; h++) _Pragma("GCC unroll 4") for (int k = 0; k < tokens; k++)

/* Plus the products of unsigned bytes up to 127 with signed ones, four to a lane. */
INLINE __m256i add_products(__m256i sum, __m256i c, __m256i x) {
#if VNNI
    return _mm256_dpbusd_avx_epi32(sum, c, x);
#else
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(c, x), _mm256_set1_epi16(1)));
#endif
}

/* One run of a tile times `tokens` activations. */
INLINE void run_block(int kind, int tokens, const packed_matrix *m, __m256i sum[HALVES][TOKENS], const uint8_t *codes, const int8_t *x,
                      trellis_rows *rows) {
    int64_t columns = RUN_COLUMNS * m->runs;
    if (kind & TRELLIS) {
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++) {
            __m256i c[HALVES] = {decode(kind, m, codes, 0, j, &rows[0]), decode(kind, m, codes, 1, j, &rows[1])};
            __m256i size[HALVES] = {_mm256_abs_epi8(c[0]), _mm256_abs_epi8(c[1])};
            EACH sum[h][k] = add_products(sum[h][k], size[h], _mm256_sign_epi8(splat(x + k * columns + 4 * j), c[h]));
        }
        return;
    }
#if VNNI
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
        __m256i c[HALVES] = {decode(kind, m, codes, 0, j, rows), decode(kind, m, codes, 1, j, rows)};
        EACH sum[h][k] = _mm256_dpbusd_avx_epi32(sum[h][k], c[h], splat(x + k * columns + 4 * j));
    }
#else
    __m256i narrow[HALVES][TOKENS], upper[HALVES][TOKENS];
    EACH narrow[h][k] = upper[h][k] = _mm256_setzero_si256();
    __m256i nibble = _mm256_set1_epi8(15);
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
        __m256i c[HALVES] = {decode(kind, m, codes, 0, j, rows), decode(kind, m, codes, 1, j, rows)};
        EACH {
            __m256i four = splat(x + k * columns + 4 * j);
            __m256i part = kind > 4 ? _mm256_and_si256(c[h], nibble) : c[h];
            narrow[h][k] = _mm256_add_epi16(narrow[h][k], _mm256_maddubs_epi16(part, four));
            if (kind > 4) {
                part = _mm256_and_si256(_mm256_srli_epi32(c[h], 4), nibble);
                upper[h][k] = _mm256_add_epi16(upper[h][k], _mm256_maddubs_epi16(part, four));
            }
        }
    }
    EACH {
        sum[h][k] = _mm256_add_epi32(sum[h][k], _mm256_madd_epi16(narrow[h][k], _mm256_set1_epi16(1)));
        if (kind > 4) {
            sum[h][k] = _mm256_add_epi32(sum[h][k], _mm256_madd_epi16(upper[h][k], _mm256_set1_epi16(16)));
        }
    }
#endif
}

/* Binary codes count twice: from the sum of codes minus ones to that of twice the codes minus ones. */
INLINE __m256i doubled(int kind, const packed_matrix *m, __m256i sum, int32_t activations) {
    return kind == 1 && m->symmetric == BINARY ? _mm256_add_epi32(_mm256_add_epi32(sum, sum), _mm256_set1_epi32(activations)) : sum;
}

/* One tile times `tokens` activations, reading ahead to `limit`. */
INLINE void tile(int kind, int tokens, const packed_matrix *m, const uint8_t *t, activations a, const char *limit,
                 __m256 y[HALVES][TOKENS]) {
    int bits = kind & ~TRELLIS;
    int64_t zero_bytes = m->symmetric ? 0 : bits > 4 ? 16 : 8;
    const uint8_t *scale = t + first_scale(m);
    trellis_rows rows[HALVES];
    clear(&rows[0]);
    clear(&rows[1]);
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
        ahead += scale_bytes(m) + zero_bytes;
        while (run < group_end) {
            int64_t end = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            __m256i sum[HALVES][TOKENS];
            EACH {
                __m256i z = m->symmetric ? zeros(kind, 1, zero, h) : zeros(kind, 0, zero, h);
                sum[h][k] = _mm256_mullo_epi32(z, _mm256_set1_epi32(a.sums[k * a.groups + activation]));
            }
            for (; run < end; run++) {
                const char *next = ahead < limit ? ahead : limit;
#pragma GCC unroll 8
                for (int v = 0; v < bits; v++) {
                    _mm_prefetch(next + 64 * v, _MM_HINT_T0);
                }
                run_block(kind, tokens, m, sum, codes, x, rows);
                ahead += 64 * bits;
                codes += 64 * bits;
                x += RUN_COLUMNS;
            }
            EACH group[h][k] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(doubled(kind, m, sum[h][k], a.sums[k * a.groups + activation])),
                                               _mm256_set1_ps(a.scales[k * a.groups + activation]), group[h][k]);
            activation++;
        }
        EACH y[h][k] = _mm256_fmadd_ps(group[h][k], scales(kind, m, t, scale, h), y[h][k]);
        scale += scale_bytes(m);
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

INLINE void block(int kind, int tokens, const packed_matrix *m, const uint8_t *tiles, int64_t index, activations a,
                  const char *limit, float *y) {
    __m256 sums[HALVES][TOKENS];
    tile(kind, tokens, m, tiles + index * m->tile_bytes, a, limit, sums);
    EACH store(sums[h][k], index * TILE_ROWS + 8 * h, m->rows, y + k * m->rows);
}

INLINE void product(int kind, const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, activations a,
                    int64_t tokens, float *y) {
    int64_t columns = RUN_COLUMNS * m->runs;
    const char *limit = (const char *) tiles + last * m->tile_bytes - 64 * (kind & ~TRELLIS);
    for (int64_t i = first; i < last; i++) {
        for (int64_t k = 0; k < tokens;) {
            activations b = {a.values + k * columns, a.scales + k * a.groups, a.sums + k * a.groups, a.groups};
            if (k + TOKENS <= tokens) {
                block(kind, TOKENS, m, tiles, i, b, limit, y + k * m->rows);
                k += TOKENS;
            } else {
                block(kind, 1, m, tiles, i, b, limit, y + k * m->rows);
                k++;
            }
        }
    }
}

/* Rows of tiles first..last-1 of y [tokens][rows] = x * W^T. */
EXPORT void PACKED(const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, const int8_t *values,
                   const float *scales, const int32_t *sums, int64_t groups, int64_t tokens, float *y) {
    activations a = {values, scales, sums, groups};
    switch (m->bits | (m->trellis ? TRELLIS : 0)) {
        case 1: product(1, m, tiles, first, last, a, tokens, y); break;
        case 2: product(2, m, tiles, first, last, a, tokens, y); break;
        case 3: product(3, m, tiles, first, last, a, tokens, y); break;
        case 4: product(4, m, tiles, first, last, a, tokens, y); break;
        case 5: product(5, m, tiles, first, last, a, tokens, y); break;
        case 6: product(6, m, tiles, first, last, a, tokens, y); break;
        case TRELLIS | 1: product(TRELLIS | 1, m, tiles, first, last, a, tokens, y); break;
        case TRELLIS | 2: product(TRELLIS | 2, m, tiles, first, last, a, tokens, y); break;
        case TRELLIS | 3: product(TRELLIS | 3, m, tiles, first, last, a, tokens, y); break;
        case TRELLIS | 4: product(TRELLIS | 4, m, tiles, first, last, a, tokens, y); break;
        default: product(8, m, tiles, first, last, a, tokens, y);
    }
}
