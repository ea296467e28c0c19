/* Products with float matrices, and attention, with 512-bit vectors. */
#include <immintrin.h>
#include "mojave.h"
#define DENSE mojave_dense_avx512
#define ATTEND mojave_attend_avx512
#define SILU mojave_silu_avx512
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

INLINE vector load_i8(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *) p)));
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

INLINE vector splat_f32(float x) {
    return _mm512_set1_ps(x);
}

INLINE void store_f32(float *p, vector v) {
    _mm512_storeu_ps(p, v);
}

INLINE vector add(vector a, vector b) {
    return _mm512_add_ps(a, b);
}

INLINE vector subtract(vector a, vector b) {
    return _mm512_sub_ps(a, b);
}

INLINE vector multiply(vector a, vector b) {
    return _mm512_mul_ps(a, b);
}

INLINE vector divide(vector a, vector b) {
    return _mm512_div_ps(a, b);
}

/* Of a number and NaN the second: NaN stays NaN if it comes second. */
INLINE vector least(vector a, vector b) {
    return _mm512_min_ps(a, b);
}

INLINE vector greatest(vector a, vector b) {
    return _mm512_max_ps(a, b);
}

/* v, but 0 where x < limit. */
INLINE vector zero_below(vector x, float limit, vector v) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_set1_ps(limit), _CMP_NLT_UQ), v);
}

/* p times 2^n, where `shifted` is n + 1.5 * 2^23. */
INLINE vector scale_by_power(vector p, vector shifted) {
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(shifted), 23)));
}

#include "dense.h"
#include "attention.h"
