/*
 * Packed products with AVX-512 VNNI: one 32-bit lane of a vector is one row of a tile. packed_256.h is its narrow twin.
 * Included by packed_avx512.c and trellis_avx512.c; a kind of code is its bits, plus TRELLIS if it runs through a register.
 */
#include <immintrin.h>
#include "scales.h"

/*
 * Tiles and tokens of a register block; bytes of the stream asked for in advance (from RAM, without it 2 bits ran at half
 * the speed: scales and codes alternate, which the hardware does not foresee).
 */
enum { PAIR = 2, TOKENS = 6, HALF = 3, AHEAD = 6144 };

/* What a row's codes leave behind for those that follow: the last four columns' codes, pairs of codes and young halves. */
typedef struct {
    __m512i codes, pairs, young, before;
    __m512i levels, mixture; /* tables */
} trellis_rows;

#ifdef __AVX512VBMI2__
/* Each lane moved up by `columns` bytes, which its predecessor's last ones fill. */
#define DELAY(now, last, columns) _mm512_shldi_epi32(now, last, 8 * (columns))

/* Levels, BIAS added, of four columns' codes of all rows, and the register moved on. */
INLINE __m512i trellis_levels(int bits, __m512i c, trellis_rows *h) {
    __m512i young, old;
    __m512i six = _mm512_set1_epi8(63);
    if (bits == 1) {
        __m512i pairs = _mm512_or_si512(c, _mm512_slli_epi32(DELAY(c, h->codes, 1), 1));
        __m512i fours = _mm512_or_si512(pairs, _mm512_slli_epi32(DELAY(pairs, h->pairs, 2), 2));
        young = _mm512_or_si512(fours, _mm512_slli_epi32(h->pairs, 4));
        old = DELAY(h->young, h->before, 2);
        h->pairs = pairs;
    } else if (bits == 2) {
        young = _mm512_or_si512(c, _mm512_slli_epi32(DELAY(c, h->codes, 1), 2));
        young = _mm512_or_si512(young, _mm512_slli_epi32(DELAY(c, h->codes, 2), 4));
        old = DELAY(young, h->young, 3);
    } else if (bits == 3) {
        young = _mm512_or_si512(c, _mm512_slli_epi32(DELAY(c, h->codes, 1), 3));
        old = DELAY(young, h->young, 2);
    } else { /* two codes are more than half a register: pairs of them, cut */
        __m512i pairs = _mm512_or_si512(c, _mm512_slli_epi32(DELAY(c, h->codes, 1), 4));
        young = pairs;
        old = _mm512_and_si512(_mm512_srli_epi32(DELAY(pairs, h->pairs, 1), 2), six);
        h->pairs = pairs;
    }
    h->codes = c;
    h->before = h->young;
    h->young = young;
    return _mm512_permutexvar_epi8(_mm512_xor_si512(young, _mm512_permutexvar_epi8(old, h->mixture)), h->levels);
}
#else
INLINE __m512i trellis_levels(int bits, __m512i c, trellis_rows *h) { /* not for this file's kinds */
    (void) bits;
    (void) c;
    (void) h;
    __builtin_unreachable();
}
#endif

/* Registers at the start of a row. */
INLINE void clear(int kind, const packed_matrix *m, trellis_rows *h) {
    if (kind & TRELLIS) {
        __m512i zero = _mm512_setzero_si512();
        *h = (trellis_rows) {zero, zero, zero, zero,
                             _mm512_xor_si512(_mm512_loadu_si512(m->levels), _mm512_set1_epi8((char) BIAS)),
                             _mm512_loadu_si512(m->mixture)};
    }
}

INLINE __m512i splat(const int8_t *x) {
    return _mm512_set1_epi32(*(const int32_t *) x);
}

/* Four columns' codes, j-th of eight in a run, of all rows; levels of a trellis, whose register h they move on. */
INLINE __m512i decode(int kind, const uint8_t *codes, int j, trellis_rows *h) {
    int bits = kind & ~TRELLIS;
    if (bits == 8) {
        return _mm512_loadu_si512(codes + 64 * j);
    }
    int low = bits == 3 ? 2 : bits > 4 ? 4 : bits;
    int fields = 8 / low;
    __m512i c = _mm512_loadu_si512(codes + 64 * (j / fields));
    c = _mm512_and_si512(_mm512_srli_epi32(c, low * (j % fields)), _mm512_set1_epi8((char) ((1 << low) - 1)));
    if (bits != low) {
        int high = bits - low;
        int field = j % (8 / high);
        __m512i top = _mm512_loadu_si512(codes + 64 * low + 64 * (j / (8 / high)));
        top = high * field < low ? _mm512_slli_epi32(top, low - high * field) : _mm512_srli_epi32(top, high * field - low);
        c = _mm512_or_si512(c, _mm512_and_si512(top, _mm512_set1_epi8((char) (((1 << high) - 1) << low))));
    }
    return kind & TRELLIS ? trellis_levels(bits, c, h) : c;
}

/* Whether one token's products leave the fields of a plane where they are. */
INLINE int in_place(int kind) {
    return kind <= 4;
}

/* One run of 32 columns of one token; field j of a plane is multiplied in place, that is, times 2^(bits*j). */
INLINE void run_one(int kind, __m512i *sum, const uint8_t *codes, const int8_t *x, trellis_rows *h) {
    int bits = kind;
    if (!in_place(kind)) {
#pragma GCC unroll 8
        for (int v = 0; v < 8; v++) {
            sum[v & 1] = _mm512_dpbusd_epi32(sum[v & 1], decode(kind, codes, v, h), splat(x + 4 * v));
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
    if (!in_place(bits)) {
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

/* Minus the zeros of a group's rows; for a symmetric scheme the constant. */
INLINE __m512i zeros(int kind, int symmetric, const uint8_t *zero) {
    if (kind & TRELLIS) {
        return _mm512_set1_epi32(-BIAS);
    }
    if (symmetric) {
        return _mm512_set1_epi32(-(1 << (kind - 1)));
    }
    __m128i z = kind > 4 ? _mm_loadu_si128((const __m128i *) zero) : _mm_loadl_epi64((const __m128i *) zero);
    if (kind <= 4) {
        z = _mm_and_si128(_mm_unpacklo_epi64(z, _mm_srli_epi64(z, 4)), _mm_set1_epi8(15));
    }
    return _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_cvtepu8_epi32(z));
}

/* Scales of a group's rows: float16, or six-bit multiples of the tile's units. */
INLINE __m512 scales(int kind, const packed_matrix *m, const uint8_t *t, const uint8_t *scale) {
    if (!m->six_bit_scales) {
        return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) scale));
    }
    __m512 unit = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) t));
    return _mm512_mul_ps(unit, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(six_bit_multiples(scale, m->symmetric && !(kind & TRELLIS)))));
}

/* Minus the zeros of a group's rows times the sums of an activation group: what every accumulator starts with. */
INLINE __m512i start(__m512i zero, int32_t sum) {
    return _mm512_mullo_epi32(zero, _mm512_set1_epi32(sum));
}

/* Binary codes count twice: from the sum of codes minus ones to that of twice the codes minus ones. */
INLINE __m512i doubled(int kind, const packed_matrix *m, __m512i sum, int32_t activations) {
    return kind == 1 && m->symmetric == BINARY ? _mm512_add_epi32(_mm512_add_epi32(sum, sum), _mm512_set1_epi32(activations)) : sum;
}

/* One tile times one activation, reading ahead to `limit`. */
INLINE __m512 vector(int kind, const packed_matrix *m, const uint8_t *t, activations a, const char *limit) {
    int bits = kind & ~TRELLIS;
    int64_t zero_bytes = m->symmetric ? 0 : bits > 4 ? 16 : 8;
    const uint8_t *scale = t + first_scale(m);
    const uint8_t *zero = t + m->zeros_offset;
    const uint8_t *codes = t + m->codes_offset;
    const int8_t *x = a.values;
    const char *ahead = (const char *) codes + AHEAD;
    int64_t activation = 0;
    trellis_rows h;
    clear(kind, m, &h);
    __m512 y = _mm512_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m512i z = m->symmetric ? zeros(kind, 1, zero) : zeros(kind, 0, zero);
        __m512 group = _mm512_setzero_ps();
        _mm_prefetch(ahead, _MM_HINT_T0);
        ahead += scale_bytes(m) + zero_bytes;
        while (run < group_end) {
            int64_t end = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            __m512i sum[8] = {start(z, a.sums[activation])};
            for (; run < end; run++) {
                const char *next = ahead < limit ? ahead : limit;
#pragma GCC unroll 8
                for (int v = 0; v < bits; v++) {
                    _mm_prefetch(next + 64 * v, _MM_HINT_T0);
                }
                run_one(kind, sum, codes, x, &h);
                ahead += 64 * bits;
                codes += 64 * bits;
                x += RUN_COLUMNS;
            }
            __m512i whole = doubled(kind, m, collect(kind, sum), a.sums[activation]);
            __m512 xs = _mm512_set1_ps(a.scales[activation++]);
            group = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole), xs, group);
        }
        y = _mm512_fmadd_ps(group, scales(kind, m, t, scale), y);
        scale += scale_bytes(m);
        zero += zero_bytes;
    }
    return y;
}

/* One run of `count` tiles times `tokens` activations. */
INLINE void run_block(int kind, int count, int tokens, __m512i sum[PAIR][TOKENS], const uint8_t *codes, int64_t tile_bytes,
                      const int8_t *x, int64_t columns, trellis_rows *h) {
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
        __m512i c[PAIR];
#pragma GCC unroll 2
        for (int i = 0; i < count; i++) {
            c[i] = decode(kind, codes + i * tile_bytes, j, &h[i]);
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
INLINE void exact(int kind, int count, int tokens, const packed_matrix *m, const uint8_t *zero, const uint8_t *codes,
                  activations a, int64_t runs, trellis_rows *h, __m512i sum[PAIR][TOKENS]) {
#pragma GCC unroll 2
    for (int i = 0; i < count; i++) {
        const uint8_t *own = zero + i * m->tile_bytes;
        __m512i z = m->symmetric ? zeros(kind, 1, own) : zeros(kind, 0, own);
#pragma GCC unroll 16
        for (int k = 0; k < tokens; k++) {
            sum[i][k] = start(z, a.sums[k * a.groups]);
        }
    }
    for (int64_t run = 0; run < runs; run++) {
        run_block(kind, count, tokens, sum, codes + 64 * (kind & ~TRELLIS) * run, m->tile_bytes, a.values + RUN_COLUMNS * run,
                  RUN_COLUMNS * m->runs, h);
    }
}

/* `count` neighbouring tiles times `tokens` activations; `single`: each weight group is one activation group. */
INLINE void block(int kind, int count, int tokens, int single, const packed_matrix *m, const uint8_t *t, activations a,
                  __m512 y[PAIR][TOKENS]) {
    int bits = kind & ~TRELLIS;
    int64_t zero_bytes = m->symmetric ? 0 : bits > 4 ? 16 : 8;
    const uint8_t *scale = t + first_scale(m);
    const uint8_t *zero = t + m->zeros_offset;
    const uint8_t *codes = t + m->codes_offset;
    trellis_rows h[PAIR];
    for (int i = 0; i < PAIR; i++) {
        clear(kind, m, &h[i]);
    }
    EACH y[i][k] = _mm512_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m512 group[PAIR][TOKENS];
        EACH group[i][k] = _mm512_setzero_ps();
        do {
            int64_t runs = run + m->activation_runs < group_end ? m->activation_runs : group_end - run;
            __m512i sum[PAIR][TOKENS];
            exact(kind, count, tokens, m, zero, codes, a, runs, h, sum);
            EACH group[i][k] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(doubled(kind, m, sum[i][k], a.sums[k * a.groups])),
                                               _mm512_set1_ps(a.scales[k * a.groups]), group[i][k]);
            run += runs;
            codes += 64 * bits * runs;
            a.values += RUN_COLUMNS * runs;
            a.scales++;
            a.sums++;
        } while (!single && run < group_end);
#pragma GCC unroll 2
        for (int i = 0; i < count; i++) {
            __m512 s = scales(kind, m, t + i * m->tile_bytes, scale + i * m->tile_bytes);
#pragma GCC unroll 16
            for (int k = 0; k < tokens; k++) {
                y[i][k] = _mm512_fmadd_ps(group[i][k], s, y[i][k]);
            }
        }
        scale += scale_bytes(m);
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

INLINE void blocks(int kind, int count, int tokens, const packed_matrix *m, const uint8_t *tiles, int64_t index, activations a,
                   float *y) {
    __m512 sums[PAIR][TOKENS];
    if (m->activation_runs == m->group_runs) {
        block(kind, count, tokens, 1, m, tiles + index * m->tile_bytes, a, sums);
    } else {
        block(kind, count, tokens, 0, m, tiles + index * m->tile_bytes, a, sums);
    }
    EACH store(sums[i][k], (index + i) * TILE_ROWS, m->rows, y + k * m->rows);
}

/* `tokens` activations times all tiles from first to last-1: two at a time. */
INLINE void pairs(int kind, int tokens, const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, activations a,
                  float *y) {
    for (int64_t i = first; i < last; i += PAIR) {
        if (i + 1 < last) {
            blocks(kind, PAIR, tokens, m, tiles, i, a, y);
        } else {
            blocks(kind, 1, tokens, m, tiles, i, a, y);
        }
    }
}

INLINE void product(int kind, const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, activations a,
                    int64_t tokens, float *y) {
    int64_t columns = RUN_COLUMNS * m->runs;
    int64_t whole = tokens - tokens % TOKENS;
    int64_t done = whole;
    const char *limit = (const char *) tiles + last * m->tile_bytes - 64 * (kind & ~TRELLIS);
    /* The next tiles come from RAM while these are multiplied, some lines of them with every block: 8 to 14 % faster than without. */
    const char *end = (const char *) tiles + (m->rows + TILE_ROWS - 1) / TILE_ROWS * m->tile_bytes;
    const char *next = (const char *) tiles + (first + PAIR) * m->tile_bytes;
    int64_t lines = whole > 0 ? (PAIR * m->tile_bytes / 64 * TOKENS + whole - 1) / whole : 0;
    for (int64_t i = first; i < last && whole > 0; i += PAIR) {
        for (int64_t k = 0; k < whole; k += TOKENS) {
            for (int64_t line = 0; line < lines && next < end; line++, next += 64) {
                _mm_prefetch(next, _MM_HINT_T1);
            }
            if (i + 1 < last) {
                blocks(kind, PAIR, TOKENS, m, tiles, i, from(a, k, columns), y + k * m->rows);
            } else {
                blocks(kind, 1, TOKENS, m, tiles, i, from(a, k, columns), y + k * m->rows);
            }
        }
    }
    if (whole > 0 && tokens - done >= HALF) { /* the tiles are in the cache now; else reading ahead counts more */
        pairs(kind, HALF, m, tiles, first, last, from(a, done, columns), y + done * m->rows);
        done += HALF;
    }
    if (whole > 0 && tokens - done >= 2) {
        pairs(kind, 2, m, tiles, first, last, from(a, done, columns), y + done * m->rows);
        done += 2;
    }
    for (int64_t i = first; i < last && done < tokens; i++) {
        for (int64_t k = done; k < tokens; k++) {
            __m512 sum = vector(kind, m, tiles + i * m->tile_bytes, from(a, k, columns), limit);
            store(sum, i * TILE_ROWS, m->rows, y + k * m->rows);
        }
    }
}
