/* Products with float matrices, attention, and the quantization of activations, with 256-bit vectors. */
#include <immintrin.h>
#include "mojave.h"
#define DENSE mojave_dense_avx2
#define ATTEND mojave_attend_avx2
#define SILU mojave_silu_avx2
#define LANES 8
typedef __m256 vector;

INLINE vector zero(void) {
    return _mm256_setzero_ps();
}

INLINE vector load_f32(const uint8_t *p) {
    return _mm256_loadu_ps((const float *) p);
}

INLINE vector load_bf16(const uint8_t *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *) p)), 16));
}

INLINE vector load_f16(const uint8_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) p));
}

INLINE vector load_i8(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *) p)));
}

INLINE vector multiply_add(vector a, vector b, vector c) {
    return _mm256_fmadd_ps(a, b, c);
}

INLINE float total(const vector sum[8]) {
    __m256 low = _mm256_add_ps(_mm256_add_ps(sum[0], sum[4]), _mm256_add_ps(sum[2], sum[6]));
    __m256 high = _mm256_add_ps(_mm256_add_ps(sum[1], sum[5]), _mm256_add_ps(sum[3], sum[7]));
    __m256 b = _mm256_add_ps(low, high);
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

INLINE vector splat_f32(float x) {
    return _mm256_set1_ps(x);
}

INLINE void store_f32(float *p, vector v) {
    _mm256_storeu_ps(p, v);
}

INLINE vector add(vector a, vector b) {
    return _mm256_add_ps(a, b);
}

INLINE vector subtract(vector a, vector b) {
    return _mm256_sub_ps(a, b);
}

INLINE vector multiply(vector a, vector b) {
    return _mm256_mul_ps(a, b);
}

INLINE vector divide(vector a, vector b) {
    return _mm256_div_ps(a, b);
}

/* Of a number and NaN the second: NaN stays NaN if it comes second. */
INLINE vector least(vector a, vector b) {
    return _mm256_min_ps(a, b);
}

INLINE vector greatest(vector a, vector b) {
    return _mm256_max_ps(a, b);
}

/* v, but 0 where x < limit. */
INLINE vector zero_below(vector x, float limit, vector v) {
    return _mm256_and_ps(_mm256_cmp_ps(x, _mm256_set1_ps(limit), _CMP_NLT_UQ), v);
}

/* p times 2^n, where `shifted` is n + 1.5 * 2^23. */
INLINE vector scale_by_power(vector p, vector shifted) {
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_castps_si256(shifted), 23)));
}

#include "dense.h"
#include "attention.h"

enum { GROUP = 128, NOT_FINITE = 0x7f800000 };

/* One run of 32 floats; those from `count` on are zero. */
INLINE void run(const float *x, int64_t count, __m256 v[4]) {
    float last[32];
    if (count < 32) {
        for (int64_t i = 0; i < 32; i++) {
            last[i] = i < count ? x[i] : 0;
        }
        x = last;
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
    }
}

INLINE int32_t largest(__m256i v) {
    __m128i a = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    a = _mm_max_epi32(a, _mm_shuffle_epi32(a, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(a, _mm_shuffle_epi32(a, 0xb1)));
}

INLINE int32_t sum_of(__m256i v) {
    __m128i a = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(a, _mm_shuffle_epi32(a, 0xb1)));
}

/* One activation group of `count` floats: scale = max|x|/127, value = round(x * 127/max); not finite: scale NaN. */
INLINE void quantize(const float *x, int64_t count, int8_t *values, float *scale, int32_t *sum) {
    int64_t runs = (count + 31) / 32;
    __m256 v[GROUP / 32][4];
    __m256i top = _mm256_setzero_si256();
    for (int64_t r = 0; r < runs; r++) {
        run(x + 32 * r, count - 32 * r, v[r]);
        for (int i = 0; i < 4; i++) {
            __m256i bits = _mm256_and_si256(_mm256_castps_si256(v[r][i]), _mm256_set1_epi32(0x7fffffff));
            top = _mm256_max_epi32(top, bits);
        }
    }
    union { int32_t bits; float value; } max = {largest(top)};
    int regular = max.bits < NOT_FINITE && max.value >= 1e-30f;
    *scale = regular ? max.value / 127 : max.bits >= NOT_FINITE ? __builtin_nanf("") : 0;
    __m256 inverse = _mm256_set1_ps(regular ? 127 / max.value : 0);
    __m256i all = _mm256_setzero_si256();
    for (int64_t r = 0; r < runs; r++) {
        __m256i q[4];
        for (int i = 0; i < 4; i++) {
            q[i] = regular ? _mm256_cvtps_epi32(_mm256_mul_ps(v[r][i], inverse)) : _mm256_setzero_si256();
            all = _mm256_add_epi32(all, q[i]);
        }
        __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
        bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        _mm256_storeu_si256((__m256i *) (values + 32 * r), bytes);
    }
    *sum = sum_of(all);
}

/*
 * Activations x [tokens][columns] to values [tokens][columns rounded up to 32], scales and sums [tokens][groups] of
 * `group` columns (32, 64 or 128).
 */
EXPORT void mojave_quantize(const float *x, int64_t tokens, int64_t columns, int64_t group, int8_t *values, float *scales,
                            int32_t *sums) {
    int64_t groups = (columns + group - 1) / group;
    int64_t padded = (columns + 31) / 32 * 32;
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t g = 0; g < groups; g++) {
            int64_t first = g * group;
            int64_t count = columns - first < group ? columns - first : group;
            quantize(x + t * columns + first, count, values + t * padded + first, scales + t * groups + g, sums + t * groups + g);
        }
    }
}
