/*
 * Products with float matrices stored row by row, as in a checkpoint: one sequential stream per thread. Included by
 * dense_avx512.c and dense_avx2.c, which define DENSE (name of the entry), LANES and the vector operations. 64 partial
 * sums, column c in sum c mod 64, added as a tree (stride 32, 16, 8, 4, 2, 1): both variants return the same bits.
 */
enum { F32 = 0, BF16 = 1, F16 = 2, SUMS = 64, VECTORS = SUMS / LANES, TOKENS = LANES == 16 ? 4 : 1 };

/* 64 weights as floats. */
INLINE void weights(int type, const uint8_t *w, vector v[VECTORS]) {
#pragma GCC unroll 8
    for (int i = 0; i < VECTORS; i++) {
        const uint8_t *p = w + (type == F32 ? 4 : 2) * LANES * i;
        v[i] = type == F32 ? load_f32(p) : type == BF16 ? load_bf16(p) : load_f16(p);
    }
}

/* 64 columns of `tokens` activations. */
INLINE void step(int type, int tokens, const uint8_t *w, const float *x, int64_t stride, vector sum[TOKENS][VECTORS]) {
    vector v[VECTORS];
    weights(type, w, v);
#pragma GCC unroll 4
    for (int k = 0; k < tokens; k++) {
#pragma GCC unroll 8
        for (int i = 0; i < VECTORS; i++) {
            sum[k][i] = multiply_add(v[i], load_f32((const uint8_t *) (x + k * stride + LANES * i)), sum[k][i]);
        }
    }
}

/* One row times `tokens` activations of `columns` columns, `stride` apart. */
INLINE void row(int type, int tokens, const uint8_t *w, int64_t columns, const float *x, int64_t stride, float y[TOKENS]) {
    int64_t size = type == F32 ? 4 : 2;
    vector sum[TOKENS][VECTORS];
#pragma GCC unroll 4
    for (int k = 0; k < tokens; k++) {
#pragma GCC unroll 8
        for (int i = 0; i < VECTORS; i++) {
            sum[k][i] = zero();
        }
    }
    int64_t c = 0;
    for (; c + SUMS <= columns; c += SUMS) {
        step(type, tokens, w + size * c, x + c, stride, sum);
    }
    if (c < columns) {
        uint8_t tail[4 * SUMS];
        float last[TOKENS * SUMS];
        for (int64_t i = 0; i < 4 * SUMS; i++) {
            tail[i] = i < size * (columns - c) ? w[size * c + i] : 0;
        }
        for (int64_t i = 0; i < tokens * SUMS; i++) {
            last[i] = c + i % SUMS < columns ? x[i / SUMS * stride + c + i % SUMS] : 0;
        }
        step(type, tokens, tail, last, SUMS, sum);
    }
#pragma GCC unroll 4
    for (int k = 0; k < tokens; k++) {
        y[k] = total(sum[k]);
    }
}

INLINE void dense(int type, const uint8_t *w, int64_t rows, int64_t columns, int64_t first, int64_t last, const float *x,
                  int64_t tokens, float *y) {
    int64_t bytes = (type == F32 ? 4 : 2) * columns;
    for (int64_t r = first; r < last; r++) {
        int64_t k = 0;
        float sums[TOKENS];
        for (; k + TOKENS <= tokens; k += TOKENS) {
            row(type, TOKENS, w + r * bytes, columns, x + k * columns, columns, sums);
            for (int i = 0; i < TOKENS; i++) {
                y[(k + i) * rows + r] = sums[i];
            }
        }
        for (; k < tokens; k++) {
            row(type, 1, w + r * bytes, columns, x + k * columns, columns, sums);
            y[k * rows + r] = sums[0];
        }
    }
}

/* Rows first..last-1 of y [tokens][rows] = x [tokens][columns] * W^T; type 0 f32, 1 bf16, 2 f16. */
EXPORT void DENSE(int64_t type, const uint8_t *w, int64_t rows, int64_t columns, int64_t first, int64_t last, const float *x,
                  int64_t tokens, float *y) {
    switch (type) {
        case F32: dense(F32, w, rows, columns, first, last, x, tokens, y); break;
        case BF16: dense(BF16, w, rows, columns, first, last, x, tokens, y); break;
        default: dense(F16, w, rows, columns, first, last, x, tokens, y);
    }
}
