/*
 * Products with GGUF blocks with 256-bit vectors: 64 bytes and 16 lanes are two vectors each. Included by gguf_avx2.c and
 * gguf_avxvnni.c, which define GGUF (name of the entry) and VNNI (1: multiply-add four bytes in one instruction).
 */
#include <immintrin.h>
#include "mojave.h"

/* Tokens of a register block: of one row, and two of a tile. */
enum { FEW = 1, SOME = 2, MANY = 4 };

typedef struct { __m256i part[2]; } codes;
typedef codes integers;
typedef struct { __m256 part[2]; } lanes;

#define EACH _Pragma("GCC unroll 2") for (int h = 0; h < 2; h++)

INLINE lanes same(float x) {
    lanes y = {{_mm256_set1_ps(x), _mm256_set1_ps(x)}};
    return y;
}

INLINE lanes load_lanes(const float *p) {
    lanes y = {{_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}};
    return y;
}

INLINE void store_lanes(float *p, lanes x) {
    EACH _mm256_storeu_ps(p + 8 * h, x.part[h]);
}

INLINE codes load_codes(const uint32_t *p) {
    codes y = {{_mm256_loadu_si256((const __m256i *) p), _mm256_loadu_si256((const __m256i *) (p + 8))}};
    return y;
}

INLINE void store_codes(uint32_t *p, codes x) {
    EACH _mm256_storeu_si256((__m256i *) (p + 8 * h), x.part[h]);
}

INLINE lanes add(lanes a, lanes b) {
    EACH a.part[h] = _mm256_add_ps(a.part[h], b.part[h]);
    return a;
}

INLINE lanes multiply(lanes a, lanes b) {
    EACH a.part[h] = _mm256_mul_ps(a.part[h], b.part[h]);
    return a;
}

INLINE lanes multiply_add(lanes a, lanes b, lanes c) {
    EACH c.part[h] = _mm256_fmadd_ps(a.part[h], b.part[h], c.part[h]);
    return c;
}

/* c - a * b */
INLINE lanes subtract_product(lanes a, lanes b, lanes c) {
    EACH c.part[h] = _mm256_fnmadd_ps(a.part[h], b.part[h], c.part[h]);
    return c;
}

INLINE lanes from_bytes(__m128i x) {
    lanes y = {{_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(x)), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(x, 8)))}};
    return y;
}

INLINE lanes from_signed_bytes(__m128i x) {
    lanes y = {{_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(x)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(x, 8)))}};
    return y;
}

/* Lane l gets float l / 2. */
INLINE lanes twice(__m256 x) {
    lanes y = {{_mm256_permutevar8x32_ps(x, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3)),
                _mm256_permutevar8x32_ps(x, _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7))}};
    return y;
}

/* Lane l gets lane 4v + l / 4. */
INLINE lanes spread(lanes x, int v) {
    lanes y;
    __m256i index = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    EACH y.part[h] = _mm256_permutevar8x32_ps(x.part[v / 2], _mm256_add_epi32(index, _mm256_set1_epi32(4 * (v % 2) + 2 * h)));
    return y;
}

/* Lane l gets float 2v + l / 8 of eight. */
INLINE lanes run_scales(const float *p, int v) {
    lanes y;
    EACH y.part[h] = _mm256_set1_ps(p[2 * v + h]);
    return y;
}

/* 32 bytes shifted right by `low`, and again by `high`. */
INLINE codes pair(const uint8_t *p, int low, int high, int mask) {
    __m256i x = _mm256_loadu_si256((const __m256i *) p);
    codes y = {{_mm256_and_si256(_mm256_srli_epi64(x, low), _mm256_set1_epi8((char) mask)),
                _mm256_and_si256(_mm256_srli_epi64(x, high), _mm256_set1_epi8((char) mask))}};
    return y;
}

INLINE codes whole(const uint8_t *p, int shift, int mask) {
    codes y;
    EACH y.part[h] = _mm256_and_si256(_mm256_srli_epi64(_mm256_loadu_si256((const __m256i *) (p + 32 * h)), shift), _mm256_set1_epi8((char) mask));
    return y;
}

/* Low bits and, `shift` bits further left, high ones. */
INLINE codes with(codes low, codes high, int shift) {
    EACH low.part[h] = _mm256_or_si256(low.part[h], _mm256_slli_epi64(high.part[h], shift));
    return low;
}

/* Signed bytes plus 128. */
INLINE codes bytes_of_two(const uint8_t *p, const uint8_t *q) {
    __m256i top = _mm256_set1_epi8((char) 0x80);
    codes y = {{_mm256_xor_si256(_mm256_loadu_si256((const __m256i *) p), top), _mm256_xor_si256(_mm256_loadu_si256((const __m256i *) q), top)}};
    return y;
}

/* Low nibbles of 16 bytes, then their high ones; the same of 16 others. */
INLINE codes nibbles_of_two(const uint8_t *p, const uint8_t *q) {
    codes y = {{_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) p)),
                _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) q))}};
    EACH y.part[h] = _mm256_and_si256(_mm256_srlv_epi64(y.part[h], _mm256_setr_epi64x(0, 0, 4, 4)), _mm256_set1_epi8(15));
    return y;
}

/* One bit a byte. */
INLINE codes bits_of_two(uint32_t a, uint32_t b) {
    __m256i byte = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    __m256i bit = _mm256_set1_epi64x((int64_t) 0x8040201008040201);
    codes y = {{_mm256_set1_epi32((int) a), _mm256_set1_epi32((int) b)}};
    EACH {
        __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(y.part[h], byte), bit), bit);
        y.part[h] = _mm256_and_si256(set, _mm256_set1_epi8(1));
    }
    return y;
}

/* sum + codes up to 63, or wide ones up to 255, times activations: without VNNI a sum of two must fit into 16 bits. */
INLINE __m256i add_products(int wide, __m256i sum, __m256i c, __m256i x) {
#if VNNI
    (void) wide;
    return _mm256_dpbusd_avx_epi32(sum, c, x);
#else
    __m256i nibble = _mm256_set1_epi8(15);
    __m256i low = wide ? _mm256_and_si256(c, nibble) : c;
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(low, x), _mm256_set1_epi16(1)));
    if (wide) {
        __m256i high = _mm256_and_si256(_mm256_srli_epi64(c, 4), nibble);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(high, x), _mm256_set1_epi16(16)));
    }
    return sum;
#endif
}

INLINE integers none(void) {
    integers y = {{_mm256_setzero_si256(), _mm256_setzero_si256()}};
    return y;
}

INLINE lanes to_lanes(integers x) {
    lanes y = {{_mm256_cvtepi32_ps(x.part[0]), _mm256_cvtepi32_ps(x.part[1])}};
    return y;
}

/* Every lane's four codes times the same four activations. */
INLINE integers add_dots(int wide, integers sum, codes c, const int8_t *x) {
    EACH sum.part[h] = add_products(wide, sum.part[h], c.part[h], _mm256_set1_epi32(*(const int32_t *) x));
    return sum;
}

/* Every lane's four codes times its own four activations. */
INLINE lanes dots(int wide, codes c, const int8_t *x) {
    integers sum = none();
    EACH sum.part[h] = add_products(wide, sum.part[h], c.part[h], _mm256_loadu_si256((const __m256i *) (x + 32 * h)));
    return to_lanes(sum);
}

/* Sum of all lanes: strides 8, 4, 2, 1. */
INLINE float total(lanes x) {
    __m256 a = _mm256_add_ps(x.part[0], x.part[1]);
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

#undef EACH
#include "gguf.h"
