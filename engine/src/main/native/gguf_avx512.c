/* Products with GGUF blocks with AVX-512 VNNI. gguf_256.h is its narrow twin. */
#define GGUF mojave_gguf_avx512
#include <immintrin.h>
#include "mojave.h"

/* Tokens of a register block: of one row, and two of a tile. */
enum { FEW = 3, SOME = 3, MANY = 8 };

typedef __m512i codes;
typedef __m512i integers;
typedef __m512 lanes;

INLINE lanes same(float x) {
    return _mm512_set1_ps(x);
}

INLINE lanes load_lanes(const float *p) {
    return _mm512_loadu_ps(p);
}

INLINE void store_lanes(float *p, lanes x) {
    _mm512_storeu_ps(p, x);
}

INLINE codes load_codes(const uint32_t *p) {
    return _mm512_loadu_si512(p);
}

INLINE void store_codes(uint32_t *p, codes x) {
    _mm512_storeu_si512(p, x);
}

INLINE lanes add(lanes a, lanes b) {
    return _mm512_add_ps(a, b);
}

INLINE lanes multiply(lanes a, lanes b) {
    return _mm512_mul_ps(a, b);
}

INLINE lanes multiply_add(lanes a, lanes b, lanes c) {
    return _mm512_fmadd_ps(a, b, c);
}

/* c - a * b */
INLINE lanes subtract_product(lanes a, lanes b, lanes c) {
    return _mm512_fnmadd_ps(a, b, c);
}

INLINE lanes from_bytes(__m128i x) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(x));
}

INLINE lanes from_signed_bytes(__m128i x) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(x));
}

/* Lane l gets float l / 2. */
INLINE lanes twice(__m256 x) {
    return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7), _mm512_castps256_ps512(x));
}

/* Lane l gets lane 4v + l / 4. */
INLINE lanes spread(lanes x, int v) {
    return _mm512_permutexvar_ps(_mm512_add_epi32(_mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3), _mm512_set1_epi32(4 * v)), x);
}

/* Lane l gets float 2v + l / 8 of eight. */
INLINE lanes run_scales(const float *p, int v) {
    __m512i index = _mm512_add_epi32(_mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1), _mm512_set1_epi32(2 * v));
    return _mm512_permutexvar_ps(index, _mm512_castps256_ps512(_mm256_loadu_ps(p)));
}

/* 32 bytes shifted right by `low`, and again by `high`. */
INLINE codes pair(const uint8_t *p, int low, int high, int mask) {
    __m512i x = _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *) p));
    x = _mm512_srlv_epi64(x, _mm512_setr_epi64(low, low, low, low, high, high, high, high));
    return _mm512_and_si512(x, _mm512_set1_epi8((char) mask));
}

INLINE codes whole(const uint8_t *p, int shift, int mask) {
    return _mm512_and_si512(_mm512_srli_epi64(_mm512_loadu_si512(p), (unsigned) shift), _mm512_set1_epi8((char) mask));
}

/* Low bits and, `shift` bits further left, high ones. */
INLINE codes with(codes low, codes high, int shift) {
    return _mm512_or_si512(low, _mm512_slli_epi64(high, (unsigned) shift));
}

/* Signed bytes plus 128. */
INLINE codes bytes_of_two(const uint8_t *p, const uint8_t *q) {
    __m512i x = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *) p)), _mm256_loadu_si256((const __m256i *) q), 1);
    return _mm512_xor_si512(x, _mm512_set1_epi8((char) 0x80));
}

/* Low nibbles of 16 bytes, then their high ones; the same of 16 others. */
INLINE codes nibbles_of_two(const uint8_t *p, const uint8_t *q) {
    __m256i a = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) p));
    __m256i b = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) q));
    __m512i x = _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
    return _mm512_and_si512(_mm512_srlv_epi64(x, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4)), _mm512_set1_epi8(15));
}

/* One bit a byte. */
INLINE codes bits_of_two(uint32_t a, uint32_t b) {
    return _mm512_maskz_set1_epi8((uint64_t) b << 32 | a, 1);
}

INLINE lanes dots(int wide, codes c, const int8_t *x) {
    (void) wide;
    return _mm512_cvtepi32_ps(_mm512_dpbusd_epi32(_mm512_setzero_si512(), c, _mm512_loadu_si512(x)));
}

INLINE integers none(void) {
    return _mm512_setzero_si512();
}

INLINE lanes to_lanes(integers x) {
    return _mm512_cvtepi32_ps(x);
}

/* Every lane's four codes times the same four activations. */
INLINE integers add_dots(int wide, integers sum, codes c, const int8_t *x) {
    (void) wide;
    return _mm512_dpbusd_epi32(sum, c, _mm512_set1_epi32(*(const int32_t *) x));
}

/* Sum of all lanes: strides 8, 4, 2, 1. */
INLINE float total(lanes x) {
    __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

#include "gguf.h"
