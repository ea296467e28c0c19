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

/* Tiles that meet a unit one after the other: what their lists cost is shared. */
enum { TOGETHER = 4 };

#define EVERY _Pragma("GCC unroll 4") for (int i = 0; i < count; i++)

/* `count` tiles times one activation, of which the units of s are read. Equals vector() in every bit. */
INLINE void sparse_vectors(int kind, int count, const packed_matrix *m, const uint8_t *const *t, selection s, activations a, reading *r,
                           __m512 *y) {
    int64_t zero_bytes = m->symmetric ? 0 : kind > 4 ? 16 : 8;
    int64_t scale = first_scale(m);
    int64_t zero = m->zeros_offset;
    int64_t activation = 0;
    EVERY y[i] = _mm512_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m512 group[TOGETHER];
        EVERY group[i] = _mm512_setzero_ps();
        int read = 0;
        for (; run < group_end; activation++) {
            run = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            if (s.starts[activation] == s.starts[activation + 1]) {
                continue;
            }
            read = 1;
            __m512i sum[TOGETHER][8];
            EVERY {
                __m512i z = m->symmetric ? zeros(kind, 1, t[i] + zero) : zeros(kind, 0, t[i] + zero);
                sum[i][0] = start(z, a.sums[activation]);
#pragma GCC unroll 8
                for (int j = 1; j < 8; j++) {
                    sum[i][j] = _mm512_setzero_si512();
                }
            }
            for (int64_t u = s.starts[activation]; u < s.starts[activation + 1]; u++) {
                read_ahead(kind, count, m, r);
                int64_t unit = s.units[u];
                EVERY unit_one(kind, sum[i], t[i] + m->codes_offset + unit_bytes(kind) * unit, a.values + unit_columns(kind) * unit);
            }
            __m512 xs = _mm512_set1_ps(a.scales[activation]);
            EVERY group[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(doubled(kind, m, collect(kind, sum[i]), a.sums[activation])), xs, group[i]);
        }
        if (read) {
            EVERY y[i] = _mm512_fmadd_ps(group[i], scales(kind, m, t[i], t[i] + scale), y[i]);
        }
        scale += scale_bytes(m);
        zero += zero_bytes;
    }
}

/* Tiles from list[first] on, `count` together, as long as there are so many; returns the first one that is left. */
INLINE int64_t sparse_blocks(int kind, int count, const packed_matrix *m, reading all, selection s, activations a, int64_t first, float *y) {
    all.i = first;
    reading r = begin_reading(kind, count, m, all, AHEAD);
    for (; first + count <= all.count; first += count) {
        const uint8_t *t[TOGETHER];
        __m512 sums[TOGETHER];
        EVERY t[i] = all.tiles + all.list[first + i] * m->tile_bytes;
        sparse_vectors(kind, count, m, t, s, a, &r, sums);
        EVERY store(sums[i], all.list[first + i] * TILE_ROWS, m->rows, y);
    }
    return first;
}

#include "sparse.h"
