/*
 * Products of listed tiles with one token of which listed units of columns are read, with 256-bit vectors: all other columns meet
 * zeros. Included by packed_avx2.c and packed_avxvnni.c, which define SPARSE, see sparse.h. Reference: PackedOracle with the same
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

/* Tiles that meet a unit one after the other: what their lists cost is shared. */
enum { TOGETHER = 2 };

#define EVERY _Pragma("GCC unroll 2") for (int i = 0; i < count; i++) _Pragma("GCC unroll 2") for (int h = 0; h < HALVES; h++)

/* `count` tiles times one activation, of which the units of s are read. Equals tile() in every bit. */
INLINE void sparse_tiles(int kind, int count, const packed_matrix *m, const uint8_t *const *t, selection s, activations a, reading *r,
                         __m256 y[TOGETHER][HALVES]) {
    int64_t zero_bytes = m->symmetric ? 0 : kind > 4 ? 16 : 8;
    int64_t scale = first_scale(m);
    int64_t zero = m->zeros_offset;
    int64_t activation = 0;
    EVERY y[i][h] = _mm256_setzero_ps();
    for (int64_t run = 0; run < m->runs;) {
        int64_t group_end = run + m->group_runs < m->runs ? run + m->group_runs : m->runs;
        __m256 group[TOGETHER][HALVES];
        EVERY group[i][h] = _mm256_setzero_ps();
        int read = 0;
        for (; run < group_end; activation++) {
            run = run + m->activation_runs < group_end ? run + m->activation_runs : group_end;
            if (s.starts[activation] == s.starts[activation + 1]) {
                continue;
            }
            read = 1;
            __m256i sum[TOGETHER][HALVES];
            EVERY {
                __m256i z = m->symmetric ? zeros(kind, 1, t[i] + zero, h) : zeros(kind, 0, t[i] + zero, h);
                sum[i][h] = _mm256_mullo_epi32(z, _mm256_set1_epi32(a.sums[activation]));
            }
            for (int64_t u = s.starts[activation]; u < s.starts[activation + 1]; u++) {
                read_ahead(kind, count, m, r);
                int64_t unit = s.units[u];
                EVERY sum[i][h] = unit_half(kind, m, sum[i][h], t[i] + m->codes_offset + unit_bytes(kind) * unit,
                                            a.values + unit_columns(kind) * unit, h);
            }
            __m256 xs = _mm256_set1_ps(a.scales[activation]);
            EVERY group[i][h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(doubled(kind, m, sum[i][h], a.sums[activation])), xs, group[i][h]);
        }
        if (read) {
            EVERY y[i][h] = _mm256_fmadd_ps(group[i][h], scales(kind, m, t[i], t[i] + scale, h), y[i][h]);
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
        __m256 sums[TOGETHER][HALVES];
        for (int i = 0; i < count; i++) {
            t[i] = all.tiles + all.list[first + i] * m->tile_bytes;
        }
        sparse_tiles(kind, count, m, t, s, a, &r, sums);
        EVERY store(sums[i][h], all.list[first + i] * TILE_ROWS + 8 * h, m->rows, y);
    }
    return first;
}

#include "sparse.h"
