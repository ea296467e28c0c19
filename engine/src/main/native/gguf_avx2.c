/* Products with GGUF blocks with AVX2 alone, and the rounding of activations for all variants. */
#define GGUF mojave_gguf_avx2
#define VNNI 0
#include "gguf_256.h"

enum { NOT_FINITE = 0x7f800000 };

INLINE int32_t sum_of(__m256i v) {
    __m128i a = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    a = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(a, _mm_shuffle_epi32(a, 0xb1)));
}

/* 32 floats: scale = max|x|/127, value = round(x * 127/max); not finite: scale NaN. Sums of 16 values times the scale. */
INLINE void round_run(const float *x, int8_t *values, float *scale, float sums[2]) {
    __m256 v[4];
    __m256i top = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
        top = _mm256_max_epi32(top, _mm256_and_si256(_mm256_castps_si256(v[i]), _mm256_set1_epi32(0x7fffffff)));
    }
    __m128i four = _mm_max_epi32(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
    four = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    union { int32_t bits; float value; } max = {_mm_cvtsi128_si32(_mm_max_epi32(four, _mm_shuffle_epi32(four, 0xb1)))};
    int regular = max.bits < NOT_FINITE && max.value >= 1e-30f;
    *scale = regular ? max.value / 127 : max.bits >= NOT_FINITE ? __builtin_nanf("") : 0;
    __m256 inverse = _mm256_set1_ps(regular ? 127 / max.value : 0);
    __m256i q[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        q[i] = regular ? _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse)) : _mm256_setzero_si256();
    }
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *) values, bytes);
    sums[0] = *scale * (float) sum_of(_mm256_add_epi32(q[0], q[1]));
    sums[1] = *scale * (float) sum_of(_mm256_add_epi32(q[2], q[3]));
}

/*
 * Activations x [tokens][columns] to whole spans: values [tokens][256 * spans], scales [tokens][8 * spans], sums
 * [tokens][16 * spans]; beyond the columns all of them are zero.
 */
EXPORT void mojave_gguf_quantize(const float *x, int64_t tokens, int64_t columns, int8_t *values, float *scales, float *sums) {
    int64_t runs = (columns + SPAN - 1) / SPAN * RUNS;
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t r = 0; r < runs; r++) {
            const float *from = x + t * columns + 32 * r;
            float last[32];
            if (32 * r + 32 > columns) {
                for (int64_t i = 0; i < 32; i++) {
                    last[i] = 32 * r + i < columns ? from[i] : 0;
                }
                from = last;
            }
            int64_t at = t * runs + r;
            round_run(from, values + 32 * at, scales + at, sums + 2 * at);
        }
    }
}
