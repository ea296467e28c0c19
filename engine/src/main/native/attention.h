/*
 * What lies between the products: softmax attention over a cache, and SiLU times up. Keys and values that are stored in fewer
 * bits become floats block by block, once for all queries; what follows knows floats only. Included after dense.h by
 * dense_avx512.c and dense_avx2.c, which define ATTEND and SILU (names of the entries) and the vector operations. Column c
 * of a dot product goes to partial sum c mod 64, and softmax goes through blocks of 64 keys, so that both variants return
 * the same bits and memory does not grow with the context.
 */
enum { STORED_F32 = 0, STORED_F16 = 1, STORED_Q8 = 2, SCALE_COLUMNS = 32 };
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

/* Attention as Java passes it: 64-bit fields in this order; strides in components. */
typedef struct {
    int64_t queries;        /* at most MOST_QUERIES */
    int64_t key_dimension;
    int64_t value_dimension;
    int64_t query_stride;
    int64_t key_stride;
    int64_t value_stride;
    int64_t context_stride;
    int64_t last;           /* query i sees keys first[i] .. last + i */
    int64_t storage;        /* of keys and values: STORED_F32, STORED_F16 or STORED_Q8 */
    int64_t key_scales;     /* distance of two rows' scales, of STORED_Q8 */
    int64_t value_scales;
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

/* Components c .. of a stored row as floats; `scales` of the row. */
INLINE vector stored_part(int storage, const uint8_t *row, const float *scales, int64_t c) {
    return storage == STORED_F16 ? load_f16(row + 2 * c) : multiply(load_i8(row + c), splat_f32(scales[c / SCALE_COLUMNS]));
}

/* `rows` stored rows of `count` components, `stride` apart, to floats without gaps. */
INLINE void unpack(int storage, const uint8_t *stored, int64_t stride, const float *scales, int64_t scale_stride, int64_t rows,
                   int64_t count, float *floats) {
    int64_t size = storage == STORED_F16 ? 2 : 1;
    for (int64_t j = 0; j < rows; j++) {
        const uint8_t *row = stored + j * stride * size;
        const float *s = scales + j * scale_stride;
        int64_t c = 0;
        for (; c + LANES <= count; c += LANES) {
            store_f32(floats + j * count + c, stored_part(storage, row, s, c));
        }
        if (c < count) {
            uint8_t last[2 * LANES] = {0};
            float values[LANES];
            for (int64_t i = 0; i < size * (count - c); i++) {
                last[i] = row[size * c + i];
            }
            store_f32(values, stored_part(storage, last, s + c / SCALE_COLUMNS, 0));
            for (int64_t i = c; i < count; i++) {
                floats[j * count + i] = values[i - c];
            }
        }
    }
}

/* Rows first .. first+rows-1 of keys or values as floats: where they lie, or in `memory`; `floats_apart` becomes their distance. */
INLINE const float *as_floats(const attention *a, const uint8_t *stored, int64_t stride, const float *scales, int64_t scale_stride,
                              int64_t first, int64_t rows, int64_t count, float *memory, int64_t *floats_apart) {
    *floats_apart = a->storage == STORED_F32 ? stride : count;
    switch (a->storage) {
        case STORED_F32:
            return (const float *) stored + first * stride;
        case STORED_F16:
            unpack(STORED_F16, stored + 2 * first * stride, stride, scales, 0, rows, count, memory);
            return memory;
        default:
            unpack(STORED_Q8, stored + first * stride, stride, scales + first * scale_stride, scale_stride, rows, count, memory);
            return memory;
    }
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

/* Queries i .. i+count-1 and keys `block` .. `end`-1, which `k` and `v` begin with. */
INLINE void attend_block(int count, const attention *a, int64_t i, int64_t block, int64_t end, const float *q, const float *k,
                         const float *v, float scale, float *largest, float *sums, float *y) {
    float s[QUERIES][KEYS];
    float factor[QUERIES];
    int64_t seen = a->last + i + count < end ? a->last + i + count : end;
    int64_t keys = seen - block;
    if (keys <= 0) {
        return;
    }
    scores(count, a, q + i * a->query_stride, k, keys, s);
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
    int64_t c = 0;
    for (; c + SUMS <= a->value_dimension; c += SUMS) {
        mix(count, VECTORS, a, factor, s, v + c, keys, context + c);
    }
    for (; c + LANES <= a->value_dimension; c += LANES) {
        mix(count, 1, a, factor, s, v + c, keys, context + c);
    }
    for (; c < a->value_dimension; c++) {
        for (int n = 0; n < count; n++) {
            float sum = context[n * a->context_stride + c] * factor[n];
            for (int64_t j = 0; j < keys; j++) {
                sum = __builtin_fmaf(s[n][j], v[j * a->value_stride + c], sum);
            }
            context[n * a->context_stride + c] = sum;
        }
    }
}

/*
 * y [queries][value_dimension] = softmax(scale * q * k^T) * v of one head, each query over its keys; the sink is a score
 * without a value, minus infinity for none.
 */
EXPORT void ATTEND(const attention *given, float scale, float sink, const float *q, const uint8_t *k, const float *key_scales,
                   const uint8_t *v, const float *value_scales, float *memory, float *y) {
    float largest[MOST_QUERIES];
    float sums[MOST_QUERIES];
    attention a = {.queries = given->queries, .key_dimension = given->key_dimension, .value_dimension = given->value_dimension,
                   .query_stride = given->query_stride, .context_stride = given->context_stride, .last = given->last};
    int64_t begin = given->first[0];
    for (int64_t i = 0; i < a.queries; i++) { /* Java's array ends here, the struct may go on */
        a.first[i] = given->first[i];
        largest[i] = sink;
        sums[i] = sink == -__builtin_inff() ? 0 : 1;
        begin = a.first[i] < begin ? a.first[i] : begin;
        for (int64_t c = 0; c < a.value_dimension; c++) {
            y[i * a.context_stride + c] = 0;
        }
    }
    int64_t keys = a.last + a.queries;
    for (int64_t block = begin; block < keys; block += KEYS) {
        int64_t end = block + KEYS < keys ? block + KEYS : keys;
        const float *block_keys = as_floats(given, k, given->key_stride, key_scales, given->key_scales, block, end - block,
                                            a.key_dimension, memory, &a.key_stride);
        const float *block_values = as_floats(given, v, given->value_stride, value_scales, given->value_scales, block, end - block,
                                              a.value_dimension, memory + KEYS * a.key_dimension, &a.value_stride);
        int64_t i = 0;
        for (; i + QUERIES <= a.queries; i += QUERIES) {
            attend_block(QUERIES, &a, i, block, end, q, block_keys, block_values, scale, largest, sums, y);
        }
        for (; i < a.queries; i++) {
            attend_block(1, &a, i, block, end, q, block_keys, block_values, scale, largest, sums, y);
        }
    }
    for (int64_t i = 0; i < a.queries; i++) {
        float inverse = 1 / sums[i];
        for (int64_t c = 0; c < a.value_dimension; c++) {
            y[i * a.context_stride + c] *= inverse;
        }
    }
}
