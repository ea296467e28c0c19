/* Packed products with AVX-512 VNNI, trellis schemes apart. */
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

/* Rows of the `count` tiles that `list` names of y [rows] = x * W^T; of each tile the listed units are read, all others meet zeros. */
EXPORT void mojave_packed_sparse_avx512(const packed_matrix *m, const uint8_t *tiles, const int32_t *list, int64_t count,
                                        const int32_t *units, const int32_t *starts, const int8_t *values, const float *scales,
                                        const int32_t *sums, int64_t groups, float *y) {
    activations a = {values, scales, sums, groups};
    selection s = {units, starts};
    switch (m->bits) {
        case 1: sparse_product(1, m, tiles, list, count, s, a, y); break;
        case 2: sparse_product(2, m, tiles, list, count, s, a, y); break;
        case 3: sparse_product(3, m, tiles, list, count, s, a, y); break;
        case 4: sparse_product(4, m, tiles, list, count, s, a, y); break;
        case 5: sparse_product(5, m, tiles, list, count, s, a, y); break;
        case 6: sparse_product(6, m, tiles, list, count, s, a, y); break;
        default: sparse_product(8, m, tiles, list, count, s, a, y);
    }
}
