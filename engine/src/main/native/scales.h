/* Six-bit scales of a tile's 16 rows, as both widths of packed products read them. */
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
