/*
 * Products of listed tiles with one token of which listed units of columns are read, with AVX-512 VNNI: all other columns meet zeros.
 * sparse_256.h is its narrow twin. Reference: PackedOracle with the same token, whose bits it gives.
 */
#include "packed_512.h"

/* One unit of columns of one token. */
INLINE void unit_one(int kind, __m512i *sum, const uint8_t *codes, const int8_t *x) {
    if (unit_columns(kind) == RUN_COLUMNS) {
        run_one(kind, sum, codes, x, 0);
        return;
    }
    __m512i c = _mm512_loadu_si512(codes);
    if (kind == 8) {
        sum[0] = _mm512_dpbusd_epi32(sum[0], c, splat(x));
        return;
    }
#pragma GCC unroll 4
    for (int j = 0; j < 8 / kind; j++) {
        __m512i mask = _mm512_set1_epi8((char) (((1 << kind) - 1) << (kind * j)));
        sum[j] = _mm512_dpbusd_epi32(sum[j], _mm512_and_si512(c, mask), splat(x + 4 * j));
    }
}

/* One tile times one activation, of which the units of s are read; what is read next lies in tile `next`. Equals vector() in every bit. */
INLINE __m512 sparse_vector(int kind, const packed_matrix *m, const uint8_t *t, const uint8_t *next, selection s, activations a) {
    int64_t zero_bytes = m->symmetric ? 0 : kind > 4 ? 16 : 8;
    const uint8_t *scale = t + first_scale(m);
    const uint8_t *zero = t + m->zeros_offset;
    const uint8_t *codes = t + m->codes_offset;
    int64_t count = s.starts[a.groups];
    int64_t activation = 0;
    __m512 y = _mm512_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m512 group = _mm512_setzero_ps();
        int read = 0;
        for (; run < group_end; activation++) {
            run = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            if (s.starts[activation] == s.starts[activation + 1]) {
                continue;
            }
            read = 1;
            __m512i z = m->symmetric ? zeros(kind, 1, zero) : zeros(kind, 0, zero);
            __m512i sum[8] = {start(z, a.sums[activation])};
            for (int64_t u = s.starts[activation]; u < s.starts[activation + 1]; u++) {
                prefetch_unit(kind, codes, next + m->codes_offset, s.units, u, count);
                unit_one(kind, sum, codes + unit_bytes(kind) * s.units[u], a.values + unit_columns(kind) * s.units[u]);
            }
            __m512 xs = _mm512_set1_ps(a.scales[activation]);
            group = _mm512_fmadd_ps(_mm512_cvtepi32_ps(collect(kind, sum)), xs, group);
        }
        if (read) {
            y = _mm512_fmadd_ps(group, scales(kind, m, t, scale), y);
        }
        scale += scale_bytes(m);
        zero += zero_bytes;
    }
    return y;
}

/* The `count` tiles that `list` names. */
INLINE void sparse_product(int kind, const packed_matrix *m, const uint8_t *tiles, const int32_t *list, int64_t count, selection s,
                           activations a, float *y) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *t = tiles + list[i] * m->tile_bytes;
        const uint8_t *next = tiles + list[i + 1 < count ? i + 1 : i] * m->tile_bytes;
        store(sparse_vector(kind, m, t, next, s, a), list[i] * TILE_ROWS, m->rows, y);
    }
}
