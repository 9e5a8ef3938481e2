// General matrix product on the processor: c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n] (+ c), ReLU last; row-major.
//
// b is packed once into panels of two vectors' width, [k][2 lanes] each, the last of one vector if that is enough. A register
// tile of up to `most_rows` rows by one panel reads a by broadcast, transposed or not, and the panel by whole vectors:
// 2 * most_rows accumulators, k steps. Heights of tiles are as even as can be, so that none is left with a single row.
// Reads (m n k / panel) floats of a and (m n k / rows) of b from cache; the arithmetic is 2 m n k operations.
#include "host/call_host.h"
#include "host/vector.h"

namespace {
using adiw::Pool;

#if defined(__AVX512F__)
constexpr int most_rows = 12;
#elif defined(__AVX2__)
constexpr int most_rows = 6;
#else
constexpr int most_rows = 4;
#endif
constexpr int panel = 2 * lanes;
enum Flags { accumulate = 1, relu = 2 };

struct Product {
    const float* a;
    float* c;
    const float* bias;
    const float* packed;
    int m, n, k, transpose_a, flags;
};

/// op(b)[0..k-1][first..] to packed [k][panel], zero past n.
void pack_panel(const float* b, float* packed, int n, int k, int transposed, int first) {
    int width = smaller(panel, n - first);
    if (!transposed) {
        for (int p = 0; p < k; p++, packed += panel) {
            const float* row = b + (long) p * n + first;
            store(packed, load_first(row, smaller(width, lanes)));
            store(packed + lanes, load_first(row + lanes, larger(width - lanes, 0)));
        }
        return;
    }
    for (int half = 0; half < 2; half++)
        for (int p = 0; p < k; p += lanes) {
            int columns = smaller(lanes, k - p);
            vec block[lanes];
            for (int j = 0; j < lanes; j++) {
                bool inside = half * lanes + j < width;
                block[j] = load_first(b + (inside ? (long) (first + half * lanes + j) * k + p : 0), inside ? columns : 0);
            }
            transpose(block);
            for (int j = 0; j < columns; j++) store(packed + (long) (p + j) * panel + half * lanes, block[j]);
        }
}

template<int rows, int vectors> void tile(const Product& g, int i0, int j0) {
    vec acc[rows][vectors] = {};
    const float* b = g.packed + (long) j0 * g.k;
    // Three rows share a pointer, which the addressing of the processor reaches by 0, 1 and 2 steps.
    long row_step = g.transpose_a ? 1 : g.k, k_step = g.transpose_a ? g.m : 1;
    const float* a[(rows + 2) / 3];
#pragma GCC unroll 4
    for (int i = 0; i < (rows + 2) / 3; i++) a[i] = g.a + (i0 + 3 * i) * row_step;
    for (int p = 0; p < g.k; p++, b += panel) {
        vec right[vectors];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) right[v] = load(b + v * lanes);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            vec left = splat(a[i / 3][i % 3 * row_step]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) multiply_add(acc[i][v], left, right[v]);
        }
#pragma GCC unroll 4
        for (int i = 0; i < (rows + 2) / 3; i++) a[i] += k_step;
    }
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++) {
        int column = j0 + v * lanes, width = smaller(lanes, g.n - column);
        if (width <= 0) break;
        vec bias = g.bias ? load_first(g.bias + column, width) : vec{};
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            float* out = g.c + (long) (i0 + i) * g.n + column;
            vec sum = acc[i][v] + bias;
            if (g.flags & accumulate) sum += load_first(out, width);
            if (g.flags & relu) sum = sum < 0 ? vec{} : sum;
            store_first(out, sum, width);
        }
    }
}

template<int rows = most_rows> void tile_of(const Product& g, int i0, int height, int j0) {
    if (height == rows) {
        if (g.n - j0 > lanes) tile<rows, 2>(g, i0, j0);
        else tile<rows, 1>(g, i0, j0);
    } else if constexpr (rows > 1) tile_of<rows - 1>(g, i0, height, j0);
}

void gemm(Pool& pool, const float* a, const float* b, float* c, const float* bias, int m, int n, int k, int transpose_a, int transpose_b,
          int flags) {
    int panels = (n + panel - 1) / panel, tiles = (m + most_rows - 1) / most_rows;
    float* packed = (float*) pool.scratch(0, sizeof(float) * panels * panel * (size_t) (k > 0 ? k : 1));
    if (!packed) return;
    // Handing work to another processor costs about a microsecond: packing goes along only if there is much of it.
    pool.each(panels, 1 + (1 << 15) / (panel * (k + 1)), [&](long begin, long end, int) {
        for (long j = begin; j < end; j++) pack_panel(b, packed + j * panel * k, n, k, transpose_b, (int) j * panel);
    });
    Product g = {a, c, bias, packed, m, n, k, transpose_a, flags};
    long grain = 1 + (1 << 17) / ((long) most_rows * panel * (k + 1));
    pool.each((long) tiles * panels, grain, [&](long begin, long end, int) {
        for (long t = begin; t < end; t++) {
            long i = t / panels;
            int i0 = (int) (i * m / tiles), i1 = (int) ((i + 1) * m / tiles);
            tile_of(g, i0, i1 - i0, (int) (t % panels) * panel);
        }
    });
}

/// Here the tiles of a product are spread over the cores, and k is not split.
void gemm_split(Pool& pool, const float* a, const float* b, float* c, const float* bias, int m, int n, int k, int transpose_a,
                int transpose_b, int flags, float*, int*) {
    gemm(pool, a, b, c, bias, m, n, k, transpose_a, transpose_b, flags);
}
}

HOST_CALL(gemm_fp32, gemm);
HOST_CALL(gemm_tf32, gemm);
HOST_CALL(gemm_split_fp32, gemm_split);
HOST_CALL(gemm_split_tf32, gemm_split);
