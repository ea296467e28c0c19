/* Products with float matrices, 512-bit vectors. */
#include <immintrin.h>
#include "mojave.h"
#define DENSE mojave_dense_avx512
#define LANES 16
typedef __m512 vector;

INLINE vector zero(void) {
    return _mm512_setzero_ps();
}

INLINE vector load_f32(const uint8_t *p) {
    return _mm512_loadu_ps(p);
}

INLINE vector load_bf16(const uint8_t *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *) p)), 16));
}

INLINE vector load_f16(const uint8_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) p));
}

INLINE vector multiply_add(vector a, vector b, vector c) {
    return _mm512_fmadd_ps(a, b, c);
}

INLINE float total(const vector sum[4]) {
    vector a = _mm512_add_ps(_mm512_add_ps(sum[0], sum[2]), _mm512_add_ps(sum[1], sum[3]));
    __m256 b = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

#include "dense.h"
