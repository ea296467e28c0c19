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

/* Asks for a unit that a product needs some time after unit u of its list: of this tile, or of the next one. */
INLINE void prefetch_unit(int bits, const uint8_t *codes, const uint8_t *next, const int32_t *units, int64_t u, int64_t count) {
    int64_t later = u + 6144 / unit_bytes(bits);
    const uint8_t *from = later < count ? codes : next;
    later = later < count ? later : later - count;
    if (later < count) {
#pragma GCC unroll 8
        for (int v = 0; v < unit_bytes(bits); v += 64) {
            _mm_prefetch((const char *) from + (int64_t) unit_bytes(bits) * units[later] + v, _MM_HINT_T0);
        }
    }
}
