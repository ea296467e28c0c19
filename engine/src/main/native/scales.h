/* What both widths of packed products share: six-bit scales of a tile's 16 rows, and reading ahead in a list of units. */
#include <immintrin.h>
#include "mojave.h"

/* The multiples of one group, a byte a row; signed ones from -32 to 31. */
INLINE __m128i six_bit_multiples(const uint8_t *group, int is_signed) {
    __m128i low = _mm_loadl_epi64((const __m128i *) group);
    low = _mm_and_si128(_mm_unpacklo_epi64(low, _mm_srli_epi64(low, 4)), _mm_set1_epi8(15));
    __m128i high = _mm_srlv_epi32(_mm_set1_epi32(*(const int32_t *) (group + 8)), _mm_setr_epi32(0, 2, 4, 6));
    __m128i value = _mm_or_si128(low, _mm_slli_epi16(_mm_and_si128(high, _mm_set1_epi8(3)), 4));
    return is_signed ? _mm_sub_epi8(_mm_xor_si128(value, _mm_set1_epi8(32)), _mm_set1_epi8(32)) : value;
}

/*
 * How far ahead of a product with listed tiles and units its memory is asked for: unit u of the tiles from list[i] on, of which
 * `together` meet the same units before the next ones do.
 */
typedef struct {
    const uint8_t *tiles;
    const int32_t *list;
    int64_t count;
    const int32_t *units;
    int64_t unit_count;
    int64_t i, u;
    const char *codes[4]; /* of the tiles from i on */
} reading;

/* Takes the tiles from r->i on, and asks for their scales and zeros; the last tiles may be taken twice, and are where there are no more. */
INLINE void read_tiles(int together, const packed_matrix *m, reading *r) {
#pragma GCC unroll 4
    for (int k = 0; k < together; k++) {
        int64_t i = r->i + k < r->count ? r->i + k : r->count - 1;
        const char *t = (const char *) r->tiles + r->list[i] * m->tile_bytes;
        for (int64_t v = 0; v < m->codes_offset; v += 64) {
            _mm_prefetch(t + v, _MM_HINT_T0);
        }
        r->codes[k] = t + m->codes_offset;
    }
}

/* Asks for one unit more of `together` tiles. */
INLINE void read_ahead(int bits, int together, const packed_matrix *m, reading *r) {
    if (r->u == r->unit_count) {
        r->u = 0;
        r->i += together;
        read_tiles(together, m, r);
    }
    int64_t unit = (int64_t) unit_bytes(bits) * r->units[r->u++];
#pragma GCC unroll 4
    for (int k = 0; k < together; k++) {
#pragma GCC unroll 8
        for (int v = 0; v < unit_bytes(bits); v += 64) {
            _mm_prefetch(r->codes[k] + unit + v, _MM_HINT_T0);
        }
    }
}

/* Reads so many bytes ahead of the first unit of r, which names at least one tile. */
INLINE reading begin_reading(int bits, int together, const packed_matrix *m, reading r, int64_t ahead) {
    read_tiles(together, m, &r);
    for (int64_t done = 0; done < ahead && r.unit_count > 0; done += (int64_t) together * unit_bytes(bits)) {
        read_ahead(bits, together, m, &r);
    }
    return r;
}
