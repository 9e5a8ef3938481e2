// General matrix product: c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n] (bias may be null) (+ c if flags & 1), then ReLU if flags & 2.
// Row-major; a is [m, k], or [k, m] if transpose_a; b is [k, n], or [n, k] if transpose_b.
// Grid: ceil(n / 64), ceil(m / 64); or ceil(n / 32), ceil(m / 32) where those are too few to fill the device: a tile of 32 x 32 has four
// groups of threads for k, whose sums are added in order.
// 2 m n k operations, 4 (m k ceil(n / tile) + k n ceil(m / tile) + m n) bytes.
#include "tile.cuh"

/// One side of a product, op(a) or the transposed op(b), as slices need it: `width` rows from `first` on, elements of neighbouring k or
/// neighbouring rows behind each other. Of a slice, a thread has elements that are `next` apart.
template<int WIDTH, int DEPTH, int STEP> struct Side {
    const float* at;
    long next, slice;
    int first_k, next_k, k, row, next_row, rows, stored, next_stored;

    /// @param k_fast whether x is [rows, k], else it is [k, rows]
    KERNEL_MEMBER Side(const float* x, int rows, int k, bool k_fast, int first) : k(k) {
        int t = threadIdx.x;
        first_k = k_fast ? t % DEPTH : t / WIDTH;
        next_k = k_fast ? 0 : tile_threads / WIDTH;
        row = k_fast ? t / DEPTH : t % WIDTH;
        next_row = k_fast ? tile_threads / DEPTH : 0;
        long row_step = k_fast ? k : 1, k_step = k_fast ? 1 : rows;
        at = x + (first + row) * row_step + first_k * k_step;
        next = next_row * row_step + next_k * k_step;
        slice = DEPTH * k_step;
        this->rows = rows - first - row;
        stored = first_k * STEP + row;
        next_stored = next_k * STEP + next_row;
    }
    template<int N> KERNEL_MEMBER void load(int k0, float (&held)[N]) {
#pragma unroll
        for (int e = 0; e < N; e++) held[e] = (e * next_row < rows) & (k0 + first_k + e * next_k < k) ? at[e * next] : 0.0f;
        at += slice;
    }
};

template<class T> struct Matrices {
    Side<T::ROWS, T::depth, T::a_step> left;
    Side<T::COLUMNS, T::depth, T::b_step> right;
    KERNEL_MEMBER void announce(int) {}
    KERNEL_MEMBER void load(int k, float (&a)[T::held_a], float (&b)[T::held_b]) {
        left.load(k, a);
        right.load(k, b);
    }
    KERNEL_MEMBER int a_at(int e) const { return left.stored + e * left.next_stored; }
    KERNEL_MEMBER int b_at(int e) const { return right.stored + e * right.next_stored; }
    KERNEL_MEMBER void keep(const float (&)[T::held_b]) {}
};

template<class T> DEVICE void gemm(int bx, int by, const float* a, const float* b, float* c, const float* bias, int m, int n, int k,
                                   int transpose_a, int transpose_b, int flags, float* memory) {
    int row0 = by * T::ROWS, column0 = bx * T::COLUMNS;
    Matrices<T> operand = {{a, m, k, !transpose_a, row0}, {b, n, k, transpose_b != 0, column0}};
    tile_product<T>(operand, 0, k, memory);
    FOR_THREADS(at, T::ROWS * T::COLUMNS) {
        int i = at / T::COLUMNS, j = at % T::COLUMNS;
        if (row0 + i < m && column0 + j < n) {
            float* out = c + (long) (row0 + i) * n + column0 + j;
            float v = tile_sum<T>(memory, i, j) + (bias ? bias[column0 + j] : 0) + (flags & 1 ? *out : 0);
            *out = flags & 2 && v < 0 ? 0 : v;
        }
    }
}

#define GEMM(name, tf32) \
    KERNEL_FIXED(256, name, const float* a, const float* b, float* c, const float* bias, int m, int n, int k, int transpose_a, \
                 int transpose_b, int flags) { \
        typedef Tile<64, 64, 1, tf32> Large; \
        typedef Tile<32, 32, 4, tf32> Small; \
        SHARED(float, memory, (Large::floats > Small::floats ? Large::floats : Small::floats)); \
        bool small = (int) gridDim.x == (n + 31) / 32 && (int) gridDim.y == (m + 31) / 32; \
        if (small) gemm<Small>(blockIdx.x, blockIdx.y, a, b, c, bias, m, n, k, transpose_a, transpose_b, flags, memory); \
        else gemm<Large>(blockIdx.x, blockIdx.y, a, b, c, bias, m, n, k, transpose_a, transpose_b, flags, memory); \
    }
GEMM(gemm_fp32, false)
GEMM(gemm_tf32, true)
