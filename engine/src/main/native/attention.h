/*
 * What lies between the products: softmax attention over a cache of floats, and SiLU times up. Included after dense.h by
 * dense_avx512.c and dense_avx2.c, which define ATTEND and SILU (names of the entries) and the vector operations. Column c
 * of a dot product goes to partial sum c mod 64, and softmax goes through blocks of 64 keys, so that both variants return
 * the same bits and memory does not grow with the context.
 */
enum { KEYS = 64, QUERIES = LANES == 16 ? 4 : 1, MOST_QUERIES = 64 };

/* e^x for x <= 88, 0 below -87, NaN for NaN: x = n ln 2 + r, a polynomial in r (Cephes' expf), within 2 ulp. */
INLINE vector exponential(vector x) {
    vector bounded = least(splat_f32(88), greatest(splat_f32(-87), x));
    vector shifted = multiply_add(bounded, splat_f32(1.442695f), splat_f32(12582912.0f));
    vector n = subtract(shifted, splat_f32(12582912.0f));
    vector r = multiply_add(n, splat_f32(-6.933594e-1f), bounded);
    r = multiply_add(n, splat_f32(2.1219444e-4f), r);
    vector p = splat_f32(1.9875691e-4f);
    p = multiply_add(p, r, splat_f32(1.3981999e-3f));
    p = multiply_add(p, r, splat_f32(8.333452e-3f));
    p = multiply_add(p, r, splat_f32(4.1665796e-2f));
    p = multiply_add(p, r, splat_f32(1.6666666e-1f));
    p = multiply_add(p, r, splat_f32(5e-1f));
    p = multiply_add(multiply(p, r), r, add(r, splat_f32(1)));
    return zero_below(x, -87, scale_by_power(p, shifted));
}

/* gate = gate / (1 + e^-gate) * up. */
EXPORT void SILU(float *gate, const float *up, int64_t count) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        vector g = load_f32((const uint8_t *) (gate + i));
        vector s = divide(g, add(splat_f32(1), exponential(subtract(zero(), g))));
        store_f32(gate + i, multiply(s, load_f32((const uint8_t *) (up + i))));
    }
    if (i < count) {
        float last[2][LANES] = {{0}, {0}};
        for (int64_t k = i; k < count; k++) {
            last[0][k - i] = gate[k];
            last[1][k - i] = up[k];
        }
        SILU(last[0], last[1], LANES);
        for (int64_t k = i; k < count; k++) {
            gate[k] = last[0][k - i];
        }
    }
}

/* Attention as Java passes it: 64-bit fields in this order; strides in floats. */
typedef struct {
    int64_t queries;        /* at most MOST_QUERIES */
    int64_t key_dimension;
    int64_t value_dimension;
    int64_t query_stride;
    int64_t key_stride;
    int64_t value_stride;
    int64_t context_stride;
    int64_t last;           /* query i sees keys first[i] .. last + i */
    int64_t first[MOST_QUERIES];
} attention;

/* Vector i of a row of `count` floats; what lies beyond is zero. */
INLINE vector part(const float *x, int64_t count) {
    if (count >= LANES) {
        return load_f32((const uint8_t *) x);
    }
    float last[LANES] = {0};
    for (int64_t i = 0; i < count; i++) {
        last[i] = x[i];
    }
    return load_f32((const uint8_t *) last);
}

/* Scores of `count` queries with `keys` keys, in rows of KEYS; beyond them minus infinity. */
INLINE void scores(int count, const attention *a, const float *q, const float *k, int64_t keys, float s[QUERIES][KEYS]) {
    for (int64_t j = 0; j < keys; j++) {
        const float *key = k + j * a->key_stride;
        vector sum[QUERIES][VECTORS];
#pragma GCC unroll 4
        for (int i = 0; i < count; i++) {
#pragma GCC unroll 8
            for (int v = 0; v < VECTORS; v++) {
                sum[i][v] = zero();
            }
        }
        int64_t c = 0;
        for (; c + SUMS <= a->key_dimension; c += SUMS) {
#pragma GCC unroll 8
            for (int v = 0; v < VECTORS; v++) {
                vector w = load_f32((const uint8_t *) (key + c + LANES * v));
#pragma GCC unroll 4
                for (int i = 0; i < count; i++) {
                    vector x = load_f32((const uint8_t *) (q + i * a->query_stride + c + LANES * v));
                    sum[i][v] = multiply_add(w, x, sum[i][v]);
                }
            }
        }
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++) {
            int64_t rest = a->key_dimension - c - LANES * v;
            if (rest > 0) {
                vector w = part(key + c + LANES * v, rest);
#pragma GCC unroll 4
                for (int i = 0; i < count; i++) {
                    sum[i][v] = multiply_add(w, part(q + i * a->query_stride + c + LANES * v, rest), sum[i][v]);
                }
            }
        }
#pragma GCC unroll 4
        for (int i = 0; i < count; i++) {
            s[i][j] = total(sum[i]);
        }
    }
    for (int64_t j = keys; j < KEYS; j++) {
        for (int i = 0; i < count; i++) {
            s[i][j] = -__builtin_inff();
        }
    }
}

/*
 * Scores to weights e^(score - largest), in place. `largest` and `sum` are the query's so far; returns what its context so
 * far must be multiplied with. A query that has seen nothing yet keeps the weights 0.
 */
INLINE float weigh(float s[KEYS], float scale, float *largest, float *sum) {
    vector v[VECTORS];
    vector block = zero();
    float top = *largest;
#pragma GCC unroll 8
    for (int i = 0; i < VECTORS; i++) {
        v[i] = multiply(load_f32((const uint8_t *) (s + LANES * i)), splat_f32(scale));
        block = i == 0 ? v[0] : greatest(block, v[i]);
    }
    float lanes[LANES];
    store_f32(lanes, block);
    for (int i = 0; i < LANES; i++) {
        top = lanes[i] > top ? lanes[i] : top;
    }
    if (top == -__builtin_inff()) {
#pragma GCC unroll 8
        for (int i = 0; i < VECTORS; i++) {
            store_f32(s + LANES * i, zero());
        }
        return 1;
    }
    float before[LANES];
    store_f32(before, exponential(splat_f32(*largest - top)));
#pragma GCC unroll 8
    for (int i = 0; i < VECTORS; i++) {
        v[i] = exponential(subtract(v[i], splat_f32(top)));
        store_f32(s + LANES * i, v[i]);
    }
    *largest = top;
    *sum = *sum * before[0] + total(v);
    return before[0];
}

/* Context columns c .. c+LANES*width-1 of `count` queries: times their factors, plus weights times values. */
INLINE void mix(int count, int width, const attention *a, const float *factor, float s[QUERIES][KEYS], const float *v,
                int64_t keys, float *y) {
    vector sum[QUERIES][VECTORS];
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
#pragma GCC unroll 8
        for (int w = 0; w < width; w++) {
            sum[i][w] = multiply(load_f32((const uint8_t *) (y + i * a->context_stride + LANES * w)), splat_f32(factor[i]));
        }
    }
    for (int64_t j = 0; j < keys; j++) {
#pragma GCC unroll 8
        for (int w = 0; w < width; w++) {
            vector value = load_f32((const uint8_t *) (v + j * a->value_stride + LANES * w));
#pragma GCC unroll 4
            for (int i = 0; i < count; i++) {
                sum[i][w] = multiply_add(splat_f32(s[i][j]), value, sum[i][w]);
            }
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < count; i++) {
#pragma GCC unroll 8
        for (int w = 0; w < width; w++) {
            store_f32(y + i * a->context_stride + LANES * w, sum[i][w]);
        }
    }
}

/* Queries i .. i+count-1 and keys `block` .. `end`-1. */
INLINE void attend_block(int count, const attention *a, int64_t i, int64_t block, int64_t end, const float *q, const float *k,
                         const float *v, float scale, float *largest, float *sums, float *y) {
    float s[QUERIES][KEYS];
    float factor[QUERIES];
    int64_t seen = a->last + i + count < end ? a->last + i + count : end;
    int64_t keys = seen - block;
    if (keys <= 0) {
        return;
    }
    scores(count, a, q + i * a->query_stride, k + block * a->key_stride, keys, s);
#pragma GCC unroll 4
    for (int n = 0; n < count; n++) {
        for (int64_t j = 0; j < a->first[i + n] - block && j < KEYS; j++) {
            s[n][j] = -__builtin_inff();
        }
        int64_t unseen = a->last + i + n + 1 - block;
        for (int64_t j = unseen < 0 ? 0 : unseen; j < keys; j++) {
            s[n][j] = -__builtin_inff();
        }
        factor[n] = weigh(s[n], scale, largest + i + n, sums + i + n);
    }
    float *context = y + i * a->context_stride;
    const float *values = v + block * a->value_stride;
    int64_t c = 0;
    for (; c + SUMS <= a->value_dimension; c += SUMS) {
        mix(count, VECTORS, a, factor, s, values + c, keys, context + c);
    }
    for (; c + LANES <= a->value_dimension; c += LANES) {
        mix(count, 1, a, factor, s, values + c, keys, context + c);
    }
    for (; c < a->value_dimension; c++) {
        for (int n = 0; n < count; n++) {
            float sum = context[n * a->context_stride + c] * factor[n];
            for (int64_t j = 0; j < keys; j++) {
                sum = __builtin_fmaf(s[n][j], values[j * a->value_stride + c], sum);
            }
            context[n * a->context_stride + c] = sum;
        }
    }
}

/*
 * y [queries][value_dimension] = softmax(scale * q * k^T) * v of one head, each query over its keys; the sink is a score
 * without a value, minus infinity for none.
 */
EXPORT void ATTEND(const attention *a, float scale, float sink, const float *q, const float *k, const float *v, float *y) {
    float largest[MOST_QUERIES];
    float sums[MOST_QUERIES];
    int64_t begin = a->first[0];
    for (int64_t i = 0; i < a->queries; i++) {
        largest[i] = sink;
        sums[i] = sink == -__builtin_inff() ? 0 : 1;
        begin = a->first[i] < begin ? a->first[i] : begin;
        for (int64_t c = 0; c < a->value_dimension; c++) {
            y[i * a->context_stride + c] = 0;
        }
    }
    int64_t keys = a->last + a->queries;
    for (int64_t block = begin; block < keys; block += KEYS) {
        int64_t end = block + KEYS < keys ? block + KEYS : keys;
        int64_t i = 0;
        for (; i + QUERIES <= a->queries; i += QUERIES) {
            attend_block(QUERIES, a, i, block, end, q, k, v, scale, largest, sums, y);
        }
        for (; i < a->queries; i++) {
            attend_block(1, a, i, block, end, q, k, v, scale, largest, sums, y);
        }
    }
    for (int64_t i = 0; i < a->queries; i++) {
        float inverse = 1 / sums[i];
        for (int64_t c = 0; c < a->value_dimension; c++) {
            y[i * a->context_stride + c] *= inverse;
        }
    }
}
