/*
 * The search of org.mojave.engine.kernel.TrellisSearch for the codes of a row: same steps, same sums in the same order,
 * so the same codes. Included by trellis_search_avx2.c and trellis_search_avx512.c, which define SEARCH (name of the
 * entry); compiled without contraction of products and sums.
 */
#include "mojave.h"

#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { STRIP = 32, STATES = 4096, SLACK = 16, NONE = -1 };

/* What Java passes: 64-bit fields in this order, then memory that the search may use as it likes. */
typedef struct {
    int64_t columns;
    int64_t bits;
    int64_t width;            /* most paths */
} search_shape;

/* Parts of the memory of a search; "next" ones are exchanged with the others. */
typedef struct {
    float *weights, *next_weights;    /* [width][columns] of each path, as the errors of whole strips have changed them */
    float *strip, *next_strip;        /* [width][STRIP] the same in the strip being worked on */
    float *errors;                    /* [STRIP][width] by column and path */
    float *path_errors;               /* [STRIP] of one path */
    float *losses, *next_losses;      /* [width] */
    int32_t *states, *next_states;    /* [width] */
    int32_t *keys, *child_states;     /* [width << bits] bits of losses, and states, of children by parent and code */
    int32_t *survivor;                /* [(width << bits) + 16] */
    int32_t *best_of;                 /* [STATES] survivor that has a state */
    int16_t *parents;                 /* [columns][width] */
    int8_t *codes;                    /* [columns][width] */
} search_memory;

INLINE void exchange(float **a, float **b) {
    float *old = *a;
    *a = *b;
    *b = old;
}

/* States and losses of all children; as losses are not negative, their bits have the same order. */
INLINE void expand(int bits, const search_memory *m, int64_t at, int64_t paths, const float *values, float scale, float inverse) {
    int children = 1 << bits;
    for (int64_t p = 0; p < paths; p++) {
        float weight = m->strip[p * STRIP + at];
        float loss = m->losses[p];
        int32_t first = m->states[p] << bits & (STATES - 1);
        float *keys = (float *) m->keys + (p << bits);
        int32_t *states = m->child_states + (p << bits);
#pragma GCC ivdep
        for (int c = 0; c < children; c++) {
            float error = (weight - scale * values[first + c]) * inverse;
            states[c] = first + c;
            keys[c] = loss + error * error;
        }
    }
}

INLINE int64_t reached(const int32_t *keys, int64_t count, int32_t limit) {
    int32_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += keys[i] <= limit;
    }
    return sum;
}

/* A loss that at most `width` children reach, and not many fewer: by bisection of its bits. */
INLINE int32_t limit_of(const int32_t *keys, int64_t count, int64_t width) {
    int32_t low = keys[0], high = keys[0];
    for (int64_t i = 0; i < count; i++) {
        low = keys[i] < low ? keys[i] : low;
        high = keys[i] > high ? keys[i] : high;
    }
    low--;
    while (count > width && high - low > 1) {
        int32_t middle = low + (high - low) / 2;
        int64_t below = reached(keys, count, middle);
        if (below > width) {
            high = middle;
        } else if (below < width - width / SLACK) {
            low = middle;
        } else {
            return middle;
        }
    }
    return high;
}

/* The first `width` children that reach a limit, in order. */
INLINE int64_t gather(const search_memory *m, int64_t count, int64_t width, int32_t limit) {
    int64_t found = 0;
#ifdef __AVX512F__
    __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int64_t i = 0; i < count; i += 16) {
        __mmask16 there = count - i >= 16 ? 0xffff : (__mmask16) ((1 << (count - i)) - 1);
        __m512i keys = _mm512_maskz_loadu_epi32(there, m->keys + i);
        __mmask16 good = _mm512_mask_cmple_epi32_mask(there, keys, _mm512_set1_epi32(limit));
        _mm512_storeu_si512(m->survivor + found, _mm512_maskz_compress_epi32(good, index));
        found += __builtin_popcount(good);
        index = _mm512_add_epi32(index, _mm512_set1_epi32(16));
    }
#else
    for (int64_t i = 0; i < count; i++) {
        m->survivor[found] = (int32_t) i;
        found += m->keys[i] <= limit;
    }
#endif
    return found < width ? found : width;
}

/* Puts the best children, about as many as there may be paths, into survivor, each state once; returns how many. */
INLINE int64_t choose(const search_memory *m, int64_t count, int64_t width) {
    int64_t found = gather(m, count, width, limit_of(m->keys, count, width));
    int64_t kept = 0;
    for (int64_t i = 0; i < found; i++) {
        int32_t child = m->survivor[i];
        int32_t state = m->child_states[child];
        int32_t other = m->best_of[state];
        if (other == NONE) {
            m->best_of[state] = (int32_t) kept;
            m->survivor[kept++] = child;
        } else if (m->keys[child] < m->keys[m->survivor[other]]) {
            m->survivor[other] = child;
        }
    }
    return kept;
}

/* The child's weights in the strip: the parent's, less the column's error as it falls on the columns that follow. */
INLINE void descend(const float *parent, float *child, const float *upper, float error) {
#pragma GCC ivdep
    for (int c = 0; c < STRIP; c++) {
        child[c] = parent[c] - error * upper[c];
    }
}

/* Carries the errors of a strip to all columns beyond, for the paths that are left. */
INLINE void spread(search_memory *m, const search_shape *shape, const float *upper, int64_t start, int64_t end, int64_t paths) {
    int64_t columns = shape->columns;
    for (int64_t p = 0; p < paths; p++) {
        int64_t origin = p;
        for (int64_t column = end - 1; column >= start; column--) {
            m->path_errors[column - start] = m->errors[(column - start) * shape->width + origin];
            origin = m->parents[column * shape->width + origin];
        }
        const float *source = m->weights + origin * columns;
        float *target = m->next_weights + p * columns;
        for (int64_t first = end; first < columns; first += 64) {
            int64_t last = first + 64 < columns ? first + 64 : columns;
            float sums[64];
            for (int64_t c = first; c < last; c++) {
                sums[c - first] = source[c];
            }
            for (int64_t column = start; column < end; column++) {
                float error = m->path_errors[column - start];
                const float *row = upper + column * columns + first;
                if (last - first == 64) {
                    for (int64_t c = 0; c < 64; c++) {
                        sums[c] -= error * row[c];
                    }
                } else {
                    for (int64_t c = 0; c < last - first; c++) {
                        sums[c] -= error * row[c];
                    }
                }
            }
            for (int64_t c = first; c < last; c++) {
                target[c] = sums[c - first];
            }
        }
    }
    exchange(&m->weights, &m->next_weights);
}

/* Takes all paths over one column; returns how many there are then. */
INLINE int64_t advance(int bits, search_memory *m, const search_shape *shape, const float *upper, const float *values, int64_t column,
                       int64_t start, int64_t paths, float scale) {
    int64_t width = shape->width;
    float inverse = 1 / upper[column * shape->columns + column];
    int64_t at = column - start;
    int64_t end = shape->columns - start < STRIP ? shape->columns - start : STRIP;
    float later[STRIP]; /* U's row of this column in the strip: what is done with stays as it is */
    for (int64_t c = 0; c < STRIP; c++) {
        later[c] = c > at && c < end ? upper[column * shape->columns + start + c] : 0;
    }
    expand(bits, m, at, paths, values, scale, inverse);
    int64_t survivors = choose(m, paths << bits, width);
    for (int64_t i = 0; i < survivors; i++) {
        int32_t child = m->survivor[i];
        int32_t state = m->child_states[child];
        int32_t parent = child >> bits;
        m->best_of[state] = NONE;
        m->parents[column * width + i] = (int16_t) parent;
        m->codes[column * width + i] = (int8_t) (child & ((1 << bits) - 1));
        m->next_states[i] = state;
        m->next_losses[i] = ((float *) m->keys)[child];
        const float *from = m->strip + parent * STRIP;
        float error = (from[at] - scale * values[state]) * inverse;
        m->errors[at * width + i] = error;
        descend(from, m->next_strip + i * STRIP, later, error);
    }
    exchange(&m->strip, &m->next_strip);
    exchange(&m->losses, &m->next_losses);
    int32_t *old = m->states;
    m->states = m->next_states;
    m->next_states = old;
    return survivors;
}

INLINE float search(int bits, search_memory *m, const search_shape *shape, const float *upper, const float *values, const float *row,
                    const float *scales, int8_t *found) {
    int64_t columns = shape->columns;
    for (int64_t c = 0; c < columns; c++) {
        m->weights[c] = row[c];
    }
    m->states[0] = 0;
    m->losses[0] = 0;
    int64_t paths = 1;
    for (int64_t start = 0; start < columns; start += STRIP) {
        int64_t end = start + STRIP < columns ? start + STRIP : columns;
        for (int64_t p = 0; p < paths; p++) {
            for (int64_t c = start; c < end; c++) {
                m->strip[p * STRIP + c - start] = m->weights[p * columns + c];
            }
        }
        for (int64_t column = start; column < end; column++) {
            paths = advance(bits, m, shape, upper, values, column, start, paths, scales[column]);
        }
        spread(m, shape, upper, start, end, paths);
    }
    int64_t best = 0;
    for (int64_t p = 1; p < paths; p++) {
        best = m->losses[p] < m->losses[best] ? p : best;
    }
    float loss = m->losses[best];
    for (int64_t column = columns - 1; column >= 0; column--) {
        found[column] = m->codes[column * shape->width + best];
        best = m->parents[column * shape->width + best];
    }
    return loss / 2;
}

INLINE void *take(uint8_t **memory, int64_t bytes) {
    void *part = *memory;
    *memory += (bytes + 63) / 64 * 64;
    return part;
}

/*
 * Codes of a row [columns] with these scales by column and U [columns][columns], H^-1 = U^T * U; returns the loss. Values by
 * register state. Memory: see TrellisSearch.memoryBytes; its last STATES words are NONE, and are so again afterwards.
 */
EXPORT float SEARCH(const search_shape *shape, const float *upper, const float *values, const float *row, const float *scales,
                    int8_t *found, uint8_t *memory, int64_t memory_bytes) {
    int64_t columns = shape->columns, width = shape->width, children = width << shape->bits;
    search_memory m;
    m.best_of = (int32_t *) (memory + memory_bytes - 4 * STATES);
    m.weights = take(&memory, 4 * width * columns);
    m.next_weights = take(&memory, 4 * width * columns);
    m.strip = take(&memory, 4 * width * STRIP);
    m.next_strip = take(&memory, 4 * width * STRIP);
    m.errors = take(&memory, 4 * width * STRIP);
    m.path_errors = take(&memory, 4 * STRIP);
    m.losses = take(&memory, 4 * width);
    m.next_losses = take(&memory, 4 * width);
    m.states = take(&memory, 4 * width);
    m.next_states = take(&memory, 4 * width);
    m.keys = take(&memory, 4 * children);
    m.child_states = take(&memory, 4 * children);
    m.survivor = take(&memory, 4 * (children + 16));
    m.parents = take(&memory, 2 * width * columns);
    m.codes = take(&memory, width * columns);
    switch (shape->bits) {
        case 1: return search(1, &m, shape, upper, values, row, scales, found);
        case 2: return search(2, &m, shape, upper, values, row, scales, found);
        case 3: return search(3, &m, shape, upper, values, row, scales, found);
        default: return search(4, &m, shape, upper, values, row, scales, found);
    }
}
