// General matrix product on the processor: c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n] (+ c), ReLU last; row-major.
//
// b is packed once into panels of two vectors' width, [k][2 lanes] each; a register tile of `tile_rows` rows by one panel then
// reads a by broadcast, transposed or not, and the panel by aligned-size loads: 2 * tile_rows accumulators, k steps.
// Reads (m k n / tile width) floats of a from cache; the arithmetic is 2 m n k operations.
#include "host/call_host.h"
#include "host/vector.h"

namespace {
using adiw::Pool;

#if defined(__AVX512F__)
constexpr int tile_rows = 12;
#elif defined(__AVX2__)
constexpr int tile_rows = 6;
#else
constexpr int tile_rows = 4;
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

void pack_panel(const float* b, float* packed, int n, int k, int transposed, int first) {
    int width = n - first < panel ? n - first : panel;
    if (transposed) {
        for (int j = 0; j < width; j++) {
            const float* row = b + (long) (first + j) * k;
            for (int p = 0; p < k; p++) packed[(long) p * panel + j] = row[p];
        }
        for (int p = 0; p < k; p++) for (int j = width; j < panel; j++) packed[(long) p * panel + j] = 0;
    } else {
        for (int p = 0; p < k; p++) {
            const float* row = b + (long) p * n + first;
            float* out = packed + (long) p * panel;
            for (int j = 0; j < width; j++) out[j] = row[j];
            for (int j = width; j < panel; j++) out[j] = 0;
        }
    }
}

template<int rows> void tile(const Product& g, int i0, int j0) {
    vec acc[rows][2];
    for (int i = 0; i < rows; i++) acc[i][0] = acc[i][1] = vec{};
    const float* b = g.packed + (long) j0 * g.k;
    long row_step = g.transpose_a ? 1 : g.k, k_step = g.transpose_a ? g.m : 1;
    const float* a = g.a + i0 * row_step;
    for (int p = 0; p < g.k; p++, b += panel, a += k_step) {
        vec b0 = load(b), b1 = load(b + lanes);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            vec x = splat(a[i * row_step]);
            acc[i][0] += x * b0;
            acc[i][1] += x * b1;
        }
    }
    int width = g.n - j0 < panel ? g.n - j0 : panel;
    alignas(64) float line[panel];
    for (int i = 0; i < rows; i++) {
        store(line, acc[i][0]);
        store(line + lanes, acc[i][1]);
        float* out = g.c + (long) (i0 + i) * g.n + j0;
        if (g.bias) for (int j = 0; j < width; j++) line[j] += g.bias[j0 + j];
        if (g.flags & accumulate) for (int j = 0; j < width; j++) line[j] += out[j];
        if (g.flags & relu) for (int j = 0; j < width; j++) line[j] = line[j] < 0 ? 0 : line[j];
        for (int j = 0; j < width; j++) out[j] = line[j];
    }
}

void rows_of(const Product& g, int i0, int rows, int j0) {
    if (rows == tile_rows) { tile<tile_rows>(g, i0, j0); return; }
    for (int i = 0; i < rows; i++) tile<1>(g, i0 + i, j0);
}

void gemm(Pool& pool, const float* a, const float* b, float* c, const float* bias, int m, int n, int k, int transpose_a,
          int transpose_b, int flags) {
    int panels = (n + panel - 1) / panel, tiles = (m + tile_rows - 1) / tile_rows;
    float* packed = (float*) pool.scratch(0, sizeof(float) * panels * panel * (size_t) (k > 0 ? k : 1));
    pool.each(panels, 1 + (1 << 13) / (panel * (k + 1)), [&](long begin, long end, int) {
        for (long j = begin; j < end; j++) pack_panel(b, packed + j * panel * k, n, k, transpose_b, (int) j * panel);
    });
    Product g = {a, c, bias, packed, m, n, k, transpose_a, flags};
    long grain = 1 + (1 << 15) / ((long) tile_rows * panel * (k + 1));
    pool.each((long) tiles * panels, grain, [&](long begin, long end, int) {
        for (long t = begin; t < end; t++) {
            int i0 = (int) (t / panels) * tile_rows, j0 = (int) (t % panels) * panel;
            rows_of(g, i0, m - i0 < tile_rows ? m - i0 : tile_rows, j0);
        }
    });
}
}

HOST_CALL(gemm_fp32, gemm);
HOST_CALL(gemm_tf32, gemm);
