/*
 * Products of listed tiles with one token of which listed units of columns are read, with 256-bit vectors: all other columns meet
 * zeros. Included by packed_avx2.c and packed_avxvnni.c, which define SPARSE (name of the entry). Reference: PackedOracle with the same
 * token, whose bits it gives.
 */
/* One unit of columns of one token, in half h; a code of 8 bits goes as two nibbles where sums of two products have 16 bits. */
INLINE __m256i unit_half(int kind, const packed_matrix *m, __m256i sum, const uint8_t *codes, const int8_t *x, int h) {
#pragma GCC unroll 8
    for (int j = 0; j < unit_columns(kind) / 4; j++) {
        __m256i c = decode(kind, m, codes, h, j, 0);
        __m256i four = splat(x + 4 * j);
        if (kind == 8 && !VNNI) {
            __m256i nibble = _mm256_set1_epi8(15);
            sum = add_products(sum, _mm256_and_si256(c, nibble), four);
            __m256i upper = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi32(c, 4), nibble), four);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(upper, _mm256_set1_epi16(16)));
        } else {
            sum = add_products(sum, c, four);
        }
    }
    return sum;
}

/* One tile times one activation, of which the units of s are read; what is read next lies in tile `next`. Equals tile() in every bit. */
INLINE void sparse_tile(int kind, const packed_matrix *m, const uint8_t *t, const uint8_t *next, selection s, activations a,
                        __m256 y[HALVES]) {
    int64_t zero_bytes = m->symmetric ? 0 : kind > 4 ? 16 : 8;
    const uint8_t *scale = t + first_scale(m);
    const uint8_t *zero = t + m->zeros_offset;
    const uint8_t *codes = t + m->codes_offset;
    int64_t count = s.starts[a.groups];
    int64_t activation = 0;
    y[0] = y[1] = _mm256_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m256 group[HALVES] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
        int read = 0;
        for (; run < group_end; activation++) {
            run = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            if (s.starts[activation] == s.starts[activation + 1]) {
                continue;
            }
            read = 1;
            __m256i sum[HALVES];
#pragma GCC unroll 2
            for (int h = 0; h < HALVES; h++) {
                __m256i z = m->symmetric ? zeros(kind, 1, zero, h) : zeros(kind, 0, zero, h);
                sum[h] = _mm256_mullo_epi32(z, _mm256_set1_epi32(a.sums[activation]));
            }
            for (int64_t u = s.starts[activation]; u < s.starts[activation + 1]; u++) {
                prefetch_unit(kind, codes, next + m->codes_offset, s.units, u, count);
#pragma GCC unroll 2
                for (int h = 0; h < HALVES; h++) {
                    sum[h] = unit_half(kind, m, sum[h], codes + unit_bytes(kind) * s.units[u], a.values + unit_columns(kind) * s.units[u], h);
                }
            }
            __m256 xs = _mm256_set1_ps(a.scales[activation]);
#pragma GCC unroll 2
            for (int h = 0; h < HALVES; h++) {
                group[h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[h]), xs, group[h]);
            }
        }
        if (read) {
            y[0] = _mm256_fmadd_ps(group[0], scales(kind, m, t, scale, 0), y[0]);
            y[1] = _mm256_fmadd_ps(group[1], scales(kind, m, t, scale, 1), y[1]);
        }
        scale += scale_bytes(m);
        zero += zero_bytes;
    }
}

/* The `count` tiles that `list` names. */
INLINE void sparse_product(int kind, const packed_matrix *m, const uint8_t *tiles, const int32_t *list, int64_t count, selection s,
                           activations a, float *y) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *t = tiles + list[i] * m->tile_bytes;
        const uint8_t *next = tiles + list[i + 1 < count ? i + 1 : i] * m->tile_bytes;
        __m256 sums[HALVES];
        sparse_tile(kind, m, t, next, s, a, sums);
        store(sums[0], list[i] * TILE_ROWS, m->rows, y);
        store(sums[1], list[i] * TILE_ROWS + 8, m->rows, y);
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
