/* The entry of a product that leaves out parts, over the vectors of sparse_256.h or sparse_512.h; SPARSE is its name. */

/* The `count` tiles that `list` names. */
INLINE void sparse_product(int kind, const packed_matrix *m, const uint8_t *tiles, const int32_t *list, int64_t count, selection s,
                           activations a, float *y) {
    reading all = {tiles, list, count, s.units, s.starts[a.groups], 0, 0, {0}};
    int64_t left = count < TOGETHER ? 0 : sparse_blocks(kind, TOGETHER, m, all, s, a, 0, y);
    if (left < count) {
        sparse_blocks(kind, 1, m, all, s, a, left, y);
    }
}

/* Rows of the `count` tiles that `list` names of y [rows] = x * W^T; of each tile the listed units are read, all others meet zeros. */
EXPORT void SPARSE(const packed_matrix *m, const uint8_t *tiles, const int32_t *list, int64_t count, const int32_t *units,
                   const int32_t *starts, const int8_t *values, const float *scales, const int32_t *sums, int64_t groups, float *y) {
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
