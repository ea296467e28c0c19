/* Packed products of trellis schemes with AVX-512 VNNI; byte permutations and double shifts need VBMI and VBMI2. */
#include "packed_512.h"

/* Rows of tiles first..last-1 of y [tokens][rows] = x * W^T. */
EXPORT void mojave_trellis_avx512(const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, const int8_t *values,
                                  const float *scales, const int32_t *sums, int64_t groups, int64_t tokens, float *y) {
    activations a = {values, scales, sums, groups};
    switch (m->bits) {
        case 1: product(TRELLIS | 1, m, tiles, first, last, a, tokens, y); break;
        case 2: product(TRELLIS | 2, m, tiles, first, last, a, tokens, y); break;
        case 3: product(TRELLIS | 3, m, tiles, first, last, a, tokens, y); break;
        default: product(TRELLIS | 4, m, tiles, first, last, a, tokens, y);
    }
}
