// General matrix product: c[m,n] = op(a)[m,k] op(b)[k,n] + bias[n] (bias may be null) (+ c if flags & 1), then ReLU if flags & 2.
// Row-major; a is [m, k], or [k, m] if transpose_a; b is [k, n], or [n, k] if transpose_b.
//
// gemm_fp32, gemm_tf32  Grid: ceil(n / 64), ceil(m / 64); or ceil(n / 32), ceil(m / 32) where those are too few to fill the device: a tile
//                       of 32 x 32 has four groups of threads for k, whose sums are added in order.
// gemm_split_*          tiles of 32 x 32, and k cut into gridDim.z splits. The last block of a tile to be done adds up what all have left
//                       in partials [splits, tiles, 32, 32], in order. done [tiles] is zero before and after.
//
// 2 m n k operations, 4 (m k ceil(n / tile) + k n ceil(m / tile) + m n) bytes.
#include "tile.cuh"

/// One side of a product, op(a) or the transposed op(b), as slices need it: `width` rows from `first` on, elements of neighbouring k or
/// neighbouring rows behind each other. Of a slice, a thread has elements that are `next` apart.
template<int WIDTH, int DEPTH, int STEP> struct Side {
    const float* at;
    long next, slice;
    int first_k, next_k, k_end, row, next_row, rows, stored, next_stored;

    /// @param k_fast whether x is [rows, k], else it is [k, rows]
    KERNEL_MEMBER Side(const float* x, int rows, int k, bool k_fast, int first, int k_begin, int k_end) : k_end(k_end) {
        int t = threadIdx.x;
        first_k = k_fast ? t % DEPTH : t / WIDTH;
        next_k = k_fast ? 0 : tile_threads / WIDTH;
        row = k_fast ? t / DEPTH : t % WIDTH;
        next_row = k_fast ? tile_threads / DEPTH : 0;
        long row_step = k_fast ? k : 1, k_step = k_fast ? 1 : rows;
        at = x + (first + row) * row_step + (k_begin + first_k) * k_step;
        next = next_row * row_step + next_k * k_step;
        slice = DEPTH * k_step;
        this->rows = rows - first - row;
        stored = first_k * STEP + row;
        next_stored = next_k * STEP + next_row;
    }
    template<int N> KERNEL_MEMBER void load(int k0, float (&held)[N]) {
#pragma unroll
        for (int e = 0; e < N; e++) held[e] = (e * next_row < rows) & (k0 + first_k + e * next_k < k_end) ? at[e * next] : 0.0f;
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

struct Product {
    const float* a;
    const float* b;
    float* c;
    const float* bias;
    int m, n, k, transpose_a, transpose_b, flags;
};

template<class T> DEVICE void multiply(int bx, int by, const Product& p, int k_begin, int k_end, float* memory) {
    Matrices<T> operand = {{p.a, p.m, p.k, !p.transpose_a, by * T::ROWS, k_begin, k_end},
                           {p.b, p.n, p.k, p.transpose_b != 0, bx * T::COLUMNS, k_begin, k_end}};
    tile_product<T>(operand, k_begin, k_end, memory);
}

/// sum_of(i, j) is the product at element (i, j) of the tile.
template<class T, class Sum> DEVICE void finish(int bx, int by, const Product& p, const Sum& sum_of) {
    FOR_THREADS(at, T::ROWS * T::COLUMNS) {
        int i = at / T::COLUMNS, j = at % T::COLUMNS, row = by * T::ROWS + i, column = bx * T::COLUMNS + j;
        if (row < p.m && column < p.n) {
            float* out = p.c + (long) row * p.n + column;
            float v = sum_of(i, j) + (p.bias ? p.bias[column] : 0) + (p.flags & 1 ? *out : 0);
            *out = p.flags & 2 && v < 0 ? 0 : v;
        }
    }
}

template<class T> DEVICE void gemm(int bx, int by, const Product& p, float* memory) {
    multiply<T>(bx, by, p, 0, p.k, memory);
    finish<T>(bx, by, p, [=](int i, int j) { return tile_sum<T>(memory, i, j); });
}

/// One split of a tile, and if it is the last to be done, all of the sum.
template<class T> DEVICE void split_gemm(int bx, int by, int split, int columns, int rows, int splits, const Product& p, float* partials,
                                         int* done, float* memory) {
    SHARED(int, before, 1);
    const int slices = (p.k + T::depth - 1) / T::depth, size = T::ROWS * T::COLUMNS, tile = by * columns + bx;
    const long next = (long) rows * columns * size;
    multiply<T>(bx, by, p, (int) ((long) split * slices / splits) * T::depth,
                min_of(p.k, (int) ((long) (split + 1) * slices / splits) * T::depth), memory);
    float* part = partials + (long) tile * size;
    FOR_THREADS(at, size) part[split * next + at] = tile_sum<T>(memory, at / T::COLUMNS, at % T::COLUMNS);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) before[0] = atomicAdd(done + tile, 1);
    __syncthreads();
    if (before[0] < splits - 1) return;
    __threadfence();
    if (threadIdx.x == 0) done[tile] = 0;      // for the next launch
    const volatile float* parts = part;
    finish<T>(bx, by, p, [=](int i, int j) {
        float sum = 0;
        for (int s = 0; s < splits; s++) sum += parts[s * next + i * T::COLUMNS + j];
        return sum;
    });
}

#define PRODUCT \
    const float *a, const float *b, float *c, const float *bias, int m, int n, int k, int transpose_a, int transpose_b, int flags
#define GEMM(precision, tf32) \
    KERNEL_FIXED(256, gemm_##precision, PRODUCT) { \
        typedef Tile<64, 64, 1, tf32> Large; \
        typedef Tile<32, 32, 4, tf32> Small; \
        SHARED(float, memory, (Large::floats > Small::floats ? Large::floats : Small::floats)); \
        Product p = {a, b, c, bias, m, n, k, transpose_a, transpose_b, flags}; \
        bool small = (int) gridDim.x == (n + 31) / 32 && (int) gridDim.y == (m + 31) / 32; \
        if (small) gemm<Small>(blockIdx.x, blockIdx.y, p, memory); \
        else gemm<Large>(blockIdx.x, blockIdx.y, p, memory); \
    } \
    KERNEL_FIXED(256, gemm_split_##precision, PRODUCT, float* partials, int* done) { \
        typedef Tile<32, 32, 4, tf32> Small; \
        SHARED(float, memory, Small::floats); \
        Product p = {a, b, c, bias, m, n, k, transpose_a, transpose_b, flags}; \
        split_gemm<Small>(blockIdx.x, blockIdx.y, blockIdx.z, gridDim.x, gridDim.y, gridDim.z, p, partials, done, memory); \
    }
GEMM(fp32, false)
GEMM(tf32, true)
