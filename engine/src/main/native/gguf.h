/*
 * Products with the blocks of GGUF files as they lie, row by row. Included by gguf_avx512.c, gguf_avx2.c and
 * gguf_avxvnni.c, which define GGUF (name of the entry), TOKENS (of a register block), `codes` (64 bytes), `lanes` (16 floats) and
 * the vector operations. All variants return the same bits.
 *
 * A row is cut into spans of 256 columns: one block of the K types, eight of the others. A weight is
 * scale * code - minimum, code an unsigned byte, scale and minimum shared by 16 columns; what is symmetric has the minimum
 * scale * offset. Lane l of vector v of a span holds the columns 64v + 4l .. +3: their exact integer dot product is
 * multiplied with (weight scale * activation scale) and added to partial sum v mod 2 of that lane; then the minima times
 * the sums of activations are subtracted, lane by lane, from sum 0. The sums are added as a tree.
 */
#include <immintrin.h>
#include "mojave.h"

enum { SPAN = 256, VECTORS = 4, RUNS = 8, AHEAD = 2048, MOST = 96 };

/* Numbers of the types in GGUF files. */
enum { Q4_0 = 2, Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q8_0 = 8, Q2_K = 10, Q3_K = 11, Q4_K = 12, Q5_K = 13, Q6_K = 14 };

/* A span's weights: codes in order; lane l of scale and minimum is about columns 16l .. +15. */
typedef struct {
    codes code[VECTORS];
    lanes scale;
    lanes minimum;
} span;

INLINE uint32_t word(const uint8_t *p) {
    uint32_t w;
    __builtin_memcpy(&w, p, sizeof w);
    return w;
}

INLINE float half(const uint8_t *p) {
    uint16_t h;
    __builtin_memcpy(&h, p, sizeof h);
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h)));
}

/* Bytes of a block; of the K types a block is a span, of the others an eighth. */
INLINE int64_t block_bytes(int type) {
    switch (type) {
        case Q4_0: return 18;
        case Q4_1: return 20;
        case Q5_0: return 22;
        case Q5_1: return 24;
        case Q8_0: return 34;
        case Q2_K: return 84;
        case Q3_K: return 110;
        case Q4_K: return 144;
        case Q5_K: return 176;
        default: return 210;
    }
}

INLINE int is_span(int type) {
    return type >= Q2_K;
}

/* Q4_K and Q5_K: eight scales and minima of six bits in 12 bytes, after halves d and e. */
INLINE void six_bits(span *s, const uint8_t *p) {
    uint32_t a = word(p + 4), b = word(p + 8), c = word(p + 12);
    __m128i bytes = _mm_setr_epi32((int) (a & 0x3f3f3f3f), (int) ((c & 0x0f0f0f0f) | (a >> 6 & 0x03030303) << 4),
                                   (int) (b & 0x3f3f3f3f), (int) ((c >> 4 & 0x0f0f0f0f) | (b >> 6 & 0x03030303) << 4));
    __m128i twice = _mm_setr_epi8(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    __m128i upper = _mm_add_epi8(twice, _mm_set1_epi8(8));
    s->scale = multiply(from_bytes(_mm_shuffle_epi8(bytes, twice)), same(half(p)));
    s->minimum = multiply(from_bytes(_mm_shuffle_epi8(bytes, upper)), same(half(p + 2)));
}

INLINE void q2_k(span *s, const uint8_t *p) {
    __m128i bytes = _mm_loadu_si128((const __m128i *) p);
    __m128i nibble = _mm_set1_epi8(15);
    s->scale = multiply(from_bytes(_mm_and_si128(bytes, nibble)), same(half(p + 80)));
    s->minimum = multiply(from_bytes(_mm_and_si128(_mm_srli_epi16(bytes, 4), nibble)), same(half(p + 82)));
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        s->code[v] = pair(p + 16 + 32 * (v / 2), 4 * (v % 2), 4 * (v % 2) + 2, 3);
    }
}

INLINE void q3_k(span *s, const uint8_t *p) {
    uint32_t a = word(p + 96), b = word(p + 100), c = word(p + 104);
    __m128i bytes = _mm_setr_epi32((int) ((a & 0x0f0f0f0f) | (c & 0x03030303) << 4),
                                   (int) ((b & 0x0f0f0f0f) | (c >> 2 & 0x03030303) << 4),
                                   (int) ((a >> 4 & 0x0f0f0f0f) | (c >> 4 & 0x03030303) << 4),
                                   (int) ((b >> 4 & 0x0f0f0f0f) | (c >> 6 & 0x03030303) << 4));
    s->scale = multiply(from_signed_bytes(_mm_sub_epi8(bytes, _mm_set1_epi8(32))), same(half(p + 108)));
    s->minimum = multiply(s->scale, same(4));
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        codes low = pair(p + 32 + 32 * (v / 2), 4 * (v % 2), 4 * (v % 2) + 2, 3);
        s->code[v] = with(low, pair(p, 2 * v, 2 * v + 1, 1), 2);
    }
}

INLINE void q4_k(span *s, const uint8_t *p) {
    six_bits(s, p);
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        s->code[v] = pair(p + 16 + 32 * v, 0, 4, 15);
    }
}

INLINE void q5_k(span *s, const uint8_t *p) {
    six_bits(s, p);
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        s->code[v] = with(pair(p + 48 + 32 * v, 0, 4, 15), pair(p + 16, 2 * v, 2 * v + 1, 1), 4);
    }
}

INLINE void q6_k(span *s, const uint8_t *p) {
    s->scale = multiply(from_signed_bytes(_mm_loadu_si128((const __m128i *) (p + 192))), same(half(p + 208)));
    s->minimum = multiply(s->scale, same(32));
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        codes low = whole(p + 64 * (v / 2), 4 * (v % 2), 15);
        s->code[v] = with(low, pair(p + 128 + 32 * (v / 2), 4 * (v % 2), 4 * (v % 2) + 2, 3), 4);
    }
}

/* Eight halves, `step` bytes apart, each of them twice. */
INLINE lanes halves(const uint8_t *p, int64_t step) {
    uint16_t h[RUNS];
#pragma GCC unroll 8
    for (int r = 0; r < RUNS; r++) {
        __builtin_memcpy(h + r, p + step * r, sizeof h[r]);
    }
    return twice(_mm256_cvtph_ps(_mm_setr_epi16((short) h[0], (short) h[1], (short) h[2], (short) h[3], (short) h[4], (short) h[5],
                                                (short) h[6], (short) h[7])));
}

/* Types with blocks of 32: half scale d, half minimum (Q4_1, Q5_1), 32 fifth bits (Q5_0, Q5_1), nibbles or bytes. */
INLINE void small_blocks(int type, span *s, const uint8_t *p) {
    int64_t step = block_bytes(type);
    int minimum = type == Q4_1 || type == Q5_1;
    int fifth = type == Q5_0 || type == Q5_1;
    float offset = type == Q8_0 ? 128 : type == Q5_0 ? 16 : 8;
    s->scale = halves(p, step);
    s->minimum = minimum ? multiply(halves(p + 2, step), same(-1)) : multiply(s->scale, same(offset));
    const uint8_t *bits = p + (minimum ? 4 : 2);
    const uint8_t *code = bits + (fifth ? 4 : 0);
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
        const uint8_t *first = code + 2 * v * step;
        s->code[v] = type == Q8_0 ? bytes_of_two(first, first + step) : nibbles_of_two(first, first + step);
        if (fifth) {
            s->code[v] = with(s->code[v], bits_of_two(word(bits + 2 * v * step), word(bits + (2 * v + 1) * step)), 4);
        }
    }
}

INLINE void decode(int type, span *s, const uint8_t *p) {
    switch (type) {
        case Q2_K: q2_k(s, p); break;
        case Q3_K: q3_k(s, p); break;
        case Q4_K: q4_k(s, p); break;
        case Q5_K: q5_k(s, p); break;
        case Q6_K: q6_k(s, p); break;
        default: small_blocks(type, s, p);
    }
}

/* Rows, and bytes of each. */
typedef struct {
    int64_t rows;
    int64_t bytes;
} matrix;

/* Activations: values [tokens][256 * spans], scales [tokens][8 * spans], sums times scale [tokens][16 * spans]. */
typedef struct {
    const int8_t *values;
    const float *scales;
    const float *sums;
    int64_t spans;
} span_activations;

/* A span of a row that has `left` bytes from `p` on; a row may end within a span: what is missing has the scale 0. */
INLINE void decode_some(int type, span *s, const uint8_t *p, int64_t left) {
    if (is_span(type) || left >= RUNS * block_bytes(type)) {
        decode(type, s, p);
        return;
    }
    uint8_t last[RUNS * 34] = {0};
    for (int64_t b = 0; b < left; b++) {
        last[b] = p[b];
    }
    decode(type, s, last);
}

INLINE int64_t span_bytes(int type) {
    return is_span(type) ? block_bytes(type) : RUNS * block_bytes(type);
}

/* One row times `tokens` activations. */
INLINE void multiply_row(int type, int tokens, const uint8_t *row, int64_t bytes, span_activations a, float *y, int64_t rows) {
    lanes sum[FEW][2];
#pragma GCC unroll 8
    for (int k = 0; k < tokens; k++) {
        sum[k][0] = sum[k][1] = same(0);
    }
    int64_t size = span_bytes(type);
    for (int64_t i = 0; i < a.spans; i++) {
        const uint8_t *p = row + i * size;
#pragma GCC unroll 8
        for (int64_t b = 0; b < size; b += 64) {
            _mm_prefetch((const char *) p + AHEAD + b, _MM_HINT_T0);
        }
        span s;
        decode_some(type, &s, p, bytes - i * size);
#pragma GCC unroll 8
        for (int k = 0; k < tokens; k++) {
            int64_t at = k * a.spans + i;
#pragma GCC unroll 4
            for (int v = 0; v < VECTORS; v++) {
                lanes scale = multiply(spread(s.scale, v), run_scales(a.scales + RUNS * at, v));
                sum[k][v % 2] = multiply_add(dots(type == Q8_0, s.code[v], a.values + SPAN * at + 64 * v), scale, sum[k][v % 2]);
            }
            sum[k][0] = subtract_product(s.minimum, load_lanes(a.sums + 16 * at), sum[k][0]);
        }
    }
#pragma GCC unroll 8
    for (int k = 0; k < tokens; k++) {
        y[k * rows] = total(add(sum[k][0], sum[k][1]));
    }
}

/* 16 rows of 64 words to 64 rows of 16 (scales: 16 of 16). */
INLINE void turn(int64_t columns, const uint32_t *rows, uint32_t *turned) {
    for (int64_t c = 0; c < columns; c += 4) {
#pragma GCC unroll 4
        for (int r = 0; r < TILE_ROWS; r += 4) {
            const uint32_t *p = rows + r * columns + c;
            __m128i a = _mm_loadu_si128((const __m128i *) p), b = _mm_loadu_si128((const __m128i *) (p + columns));
            __m128i d = _mm_loadu_si128((const __m128i *) (p + 2 * columns)), e = _mm_loadu_si128((const __m128i *) (p + 3 * columns));
            __m128i ab = _mm_unpacklo_epi32(a, b), de = _mm_unpacklo_epi32(d, e);
            __m128i AB = _mm_unpackhi_epi32(a, b), DE = _mm_unpackhi_epi32(d, e);
            __m128i *y = (__m128i *) (turned + c * TILE_ROWS + r);
            _mm_storeu_si128(y, _mm_unpacklo_epi64(ab, de));
            _mm_storeu_si128(y + 4, _mm_unpackhi_epi64(ab, de));
            _mm_storeu_si128(y + 8, _mm_unpacklo_epi64(AB, DE));
            _mm_storeu_si128(y + 12, _mm_unpackhi_epi64(AB, DE));
        }
    }
}

/* A span of 16 rows, a row to a lane: four columns' codes in a word, scales and minima of 16 columns. */
typedef struct {
    uint32_t code[SPAN / 4][TILE_ROWS];
    float scale[16][TILE_ROWS];
    float minimum[16][TILE_ROWS];
} tile;

/* The span at `p` of `rows` rows, `bytes` apart; missing rows are zero. */
INLINE void decode_tile(int type, tile *t, const uint8_t *p, int64_t rows, int64_t bytes, int64_t left) {
    uint32_t code[TILE_ROWS][SPAN / 4];
    float scale[TILE_ROWS][16], minimum[TILE_ROWS][16];
    for (int64_t r = 0; r < TILE_ROWS; r++) {
        span s;
        if (r < rows) {
            decode_some(type, &s, p + r * bytes, left);
        } else {
            s.scale = s.minimum = same(0);
        }
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS && r < rows; v++) {
            store_codes(code[r] + 16 * v, s.code[v]);
        }
        store_lanes(scale[r], s.scale);
        store_lanes(minimum[r], s.minimum);
    }
    turn(SPAN / 4, code[0], t->code[0]);
    turn(16, (const uint32_t *) scale[0], (uint32_t *) t->scale[0]);
    turn(16, (const uint32_t *) minimum[0], (uint32_t *) t->minimum[0]);
}

/* The tile times span i of `tokens` activations, added to y [tokens][16]. */
INLINE void multiply_tile(int type, int tokens, const tile *t, span_activations a, int64_t i, float *y) {
    int halved = type == Q2_K || type == Q3_K || type == Q6_K;
    lanes sum[MANY];
#pragma GCC unroll 16
    for (int k = 0; k < tokens; k++) {
        sum[k] = load_lanes(y + TILE_ROWS * k);
    }
    for (int r = 0; r < RUNS; r++) {
        lanes dot[MANY];
#pragma GCC unroll 2
        for (int half = 0; half <= halved; half++) {
            integers exact[MANY];
#pragma GCC unroll 16
            for (int k = 0; k < tokens; k++) {
                exact[k] = none();
            }
            int words = halved ? 4 : 8;
#pragma GCC unroll 8
            for (int j = 0; j < words; j++) {
                int c = 8 * r + 4 * half + j;
                codes w = load_codes(t->code[c]);
#pragma GCC unroll 16
                for (int k = 0; k < tokens; k++) {
                    exact[k] = add_dots(type == Q8_0, exact[k], w, a.values + SPAN * (k * a.spans + i) + 4 * c);
                }
            }
            lanes scale = load_lanes(t->scale[2 * r + half]);
#pragma GCC unroll 16
            for (int k = 0; k < tokens; k++) {
                lanes x = to_lanes(exact[k]);
                dot[k] = half ? multiply_add(x, scale, dot[k]) : multiply(x, scale);
            }
        }
        lanes low = load_lanes(t->minimum[2 * r]), high = load_lanes(t->minimum[2 * r + 1]);
#pragma GCC unroll 16
        for (int k = 0; k < tokens; k++) {
            int64_t at = k * a.spans + i;
            sum[k] = multiply_add(dot[k], same(a.scales[RUNS * at + r]), sum[k]);
            sum[k] = subtract_product(low, same(a.sums[16 * at + 2 * r]), sum[k]);
            sum[k] = subtract_product(high, same(a.sums[16 * at + 2 * r + 1]), sum[k]);
        }
    }
#pragma GCC unroll 16
    for (int k = 0; k < tokens; k++) {
        store_lanes(y + TILE_ROWS * k, sum[k]);
    }
}

INLINE span_activations from(span_activations a, int64_t k) {
    int64_t at = k * a.spans;
    span_activations b = {a.values + SPAN * at, a.scales + RUNS * at, a.sums + 16 * at, a.spans};
    return b;
}

/* Rows first..last-1, each times all tokens. */
INLINE void few(int type, const uint8_t *blocks, matrix m, int64_t first, int64_t last, span_activations a, int64_t tokens, float *y) {
    for (int64_t r = first; r < last; r++) {
        const uint8_t *row = blocks + r * m.bytes;
        int64_t k = 0;
        for (; k + FEW <= tokens; k += FEW) {
            multiply_row(type, FEW, row, m.bytes, from(a, k), y + k * m.rows + r, m.rows);
        }
        for (; k < tokens; k++) {
            multiply_row(type, 1, row, m.bytes, from(a, k), y + k * m.rows + r, m.rows);
        }
    }
}

/* Rows first..last-1, 16 at a time, decoded once for all tokens, of which there are at most MOST. */
INLINE void many(int type, const uint8_t *blocks, matrix m, int64_t first, int64_t last, span_activations a, int64_t tokens, float *y) {
    float sums[MOST * TILE_ROWS];
    tile t;
    for (int64_t r = first; r < last; r += TILE_ROWS) {
        int64_t rows = last - r < TILE_ROWS ? last - r : TILE_ROWS;
        for (int64_t i = 0; i < TILE_ROWS * tokens; i++) {
            sums[i] = 0;
        }
        for (int64_t i = 0; i < a.spans; i++) {
            int64_t start = i * span_bytes(type);
            decode_tile(type, &t, blocks + r * m.bytes + start, rows, m.bytes, m.bytes - start);
            int64_t k = 0;
            for (; k + MANY <= tokens; k += MANY) {
                multiply_tile(type, MANY, &t, from(a, k), i, sums + TILE_ROWS * k);
            }
            for (; k + SOME <= tokens; k += SOME) {
                multiply_tile(type, SOME, &t, from(a, k), i, sums + TILE_ROWS * k);
            }
            for (; k < tokens; k++) {
                multiply_tile(type, 1, &t, from(a, k), i, sums + TILE_ROWS * k);
            }
        }
        for (int64_t k = 0; k < tokens; k++) {
            for (int64_t j = 0; j < rows; j++) {
                y[k * m.rows + r + j] = sums[TILE_ROWS * k + j];
            }
        }
    }
}

#define PRODUCT(TYPE) \
    case TYPE: \
        if (by_tile) { \
            many(TYPE, blocks, m, first, last, a, tokens, y); \
        } else { \
            few(TYPE, blocks, m, first, last, a, tokens, y); \
        } \
        break

/*
 * Rows first..last-1 of y [tokens][rows] = x * W^T; a row has `bytes` bytes. `by_tile`: 16 rows at a time, at most MOST
 * tokens; their sums are rounded in another order.
 */
EXPORT void GGUF(int64_t type, int64_t by_tile, const uint8_t *blocks, int64_t rows, int64_t bytes, int64_t first, int64_t last,
                 const int8_t *values, const float *scales, const float *sums, int64_t spans, int64_t tokens, float *y) {
    span_activations a = {values, scales, sums, spans};
    matrix m = {rows, bytes};
    switch (type) {
        PRODUCT(Q4_0);
        PRODUCT(Q4_1);
        PRODUCT(Q5_0);
        PRODUCT(Q5_1);
        PRODUCT(Q8_0);
        PRODUCT(Q2_K);
        PRODUCT(Q3_K);
        PRODUCT(Q4_K);
        PRODUCT(Q5_K);
        PRODUCT(Q6_K);
    }
}
