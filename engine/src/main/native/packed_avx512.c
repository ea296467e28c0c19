/* Packed products with AVX-512 VNNI, trellis schemes apart. */
#define SPARSE mojave_packed_sparse_avx512
#include "sparse_512.h"

/* Rows of tiles first..last-1 of y [tokens][rows] = x * W^T. */
EXPORT void mojave_packed_avx512(const packed_matrix *m, const uint8_t *tiles, int64_t first, int64_t last, const int8_t *values,
                                 const float *scales, const int32_t *sums, int64_t groups, int64_t tokens, float *y) {
    activations a = {values, scales, sums, groups};
    switch (m->bits) {
        case 1: product(1, m, tiles, first, last, a, tokens, y); break;
        case 2: product(2, m, tiles, first, last, a, tokens, y); break;
        case 3: product(3, m, tiles, first, last, a, tokens, y); break;
        case 4: product(4, m, tiles, first, last, a, tokens, y); break;
        case 5: product(5, m, tiles, first, last, a, tokens, y); break;
        case 6: product(6, m, tiles, first, last, a, tokens, y); break;
        default: product(8, m, tiles, first, last, a, tokens, y);
    }
}
