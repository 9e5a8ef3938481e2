// General matrix product: c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n] (bias may be null) (+ c if flags & 1), then ReLU if flags & 2.
// Row-major; a is [m, k], or [k, m] if transpose_a; b is [k, n], or [n, k] if transpose_b.
// 2 m n k operations, 4 (m k ceil(n / 64) + k n ceil(m / 64) + m n) bytes. Grid: ceil(n / 64), ceil(m / 64).
#include "tile.cuh"

struct MatrixOperand {
    const float* x;
    const float* y;
    int m, n, k, transpose_a, transpose_b;
    KERNEL_MEMBER float a(int i, int p) const { return i < m ? transpose_a ? x[(long) p * m + i] : x[(long) i * k + p] : 0.0f; }
    KERNEL_MEMBER float b(int p, int j) const { return j < n ? transpose_b ? y[(long) j * k + p] : y[(long) p * n + j] : 0.0f; }
    KERNEL_MEMBER bool a_k_fast() const { return !transpose_a; }
    KERNEL_MEMBER bool b_k_fast() const { return transpose_b; }
};

template<bool TF32> DEVICE void gemm(int tile_column, int tile_row, const float* a, const float* b, float* c, const float* bias, int m,
                                     int n, int k, int transpose_a, int transpose_b, int flags) {
    SHARED(float, memory, (TileMemory<64, 64>::floats));
    int row0 = tile_row * 64, column0 = tile_column * 64;
    tile_product<64, 64, TF32>(MatrixOperand{a, b, m, n, k, transpose_a, transpose_b}, row0, column0, 0, k, memory);
    FOR_THREADS(at, 64 * 64) {
        int i = at / 64, j = at % 64;
        if (row0 + i < m && column0 + j < n) {
            float* out = c + (long) (row0 + i) * n + column0 + j;
            float v = memory[i * 65 + j] + (bias ? bias[column0 + j] : 0) + (flags & 1 ? *out : 0);
            *out = flags & 2 && v < 0 ? 0 : v;
        }
    }
}

#define GEMM(name, tf32) \
    KERNEL_FIXED(256, name, const float* a, const float* b, float* c, const float* bias, int m, int n, int k, int transpose_a, \
                 int transpose_b, int flags) { \
        gemm<tf32>(blockIdx.x, blockIdx.y, a, b, c, bias, m, n, k, transpose_a, transpose_b, flags); \
    }
GEMM(gemm_fp32, false)
GEMM(gemm_tf32, true)
