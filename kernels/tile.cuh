// One tiled product serves GEMM and every convolution: C(i, j) = sum_k a(i, k) b(k, j), where a and b are loaded by an operand type,
// so that a convolution is an implicit GEMM whose patches are never written to memory.
//
// A block of 256 threads makes ROWS x COLUMNS of C. Slices of 16 steps of k for each of GROUPS groups of threads go through shared memory,
// double-buffered: the next slice's loads are under way while this one is multiplied. A product of few tiles has several groups, each
// of which adds up its own part of every slice; what they have is added in their order.
//   fp32  each thread keeps a tile of sums in registers, exact single precision; it takes a row and a column of them by vector loads
//   tf32  warps of 16 rows by mma m16n8k8 on the tensor cores; operands are rounded once, when they are stored
// The sums then lie in shared memory, a tile [ROWS][COLUMNS + 1] a group, for the epilogue.
#pragma once
#include "prelude.cuh"

constexpr int tile_threads = 256;

template<int ROWS_, int COLUMNS_, int GROUPS_, bool TF32_> struct Tile {
    static constexpr int ROWS = ROWS_, COLUMNS = COLUMNS_, GROUPS = GROUPS_;
    static constexpr bool TF32 = TF32_;
    static constexpr int depth = 16 * GROUPS;
    static constexpr int padding = TF32 ? 8 : 4;      // so that the lanes of a warp find its operands in different banks
    static constexpr int a_step = ROWS + padding, b_step = COLUMNS + padding;
    static constexpr int a_size = depth * a_step, b_size = depth * b_step;
    static constexpr int sum_step = COLUMNS + 1, group_sums = ROWS * sum_step;
    static constexpr int slices = 2 * (a_size + b_size), sums = GROUPS * group_sums;
    static constexpr int floats = slices > sums ? slices : sums;
    /// Of a slice, what one thread loads.
    static constexpr int held_a = ROWS * depth / tile_threads, held_b = COLUMNS * depth / tile_threads;
    static constexpr int group_threads = tile_threads / GROUPS, group_warps = group_threads / 32;
};

/// Element (i, j) of the finished tile.
template<class T> DEVICE float tile_sum(const float* memory, int i, int j) {
    float sum = memory[i * T::sum_step + j];
#pragma unroll
    for (int g = 1; g < T::GROUPS; g++) sum += memory[g * T::group_sums + i * T::sum_step + j];
    return sum;
}

/// The exact sums of one group: threads stand 4 x 8 in a warp, so that each of its vector loads is one pass over the banks.
template<class T> struct ExactSums {
    static constexpr int columns = T::COLUMNS >= 32 ? 4 : 2, rows = T::ROWS * T::COLUMNS / T::group_threads / columns;
    static constexpr int warp_columns = T::COLUMNS / columns / 8;
    float sum[rows][columns] = {};
    int row, column;

    KERNEL_MEMBER explicit ExactSums(int thread) {
        int lane = thread & 31, warp = thread >> 5;
        row = (warp / warp_columns * 4 + lane / 8) * rows;
        column = (warp % warp_columns * 8 + lane % 8) * columns;
    }
    KERNEL_MEMBER void add(const float* a, const float* b) {
#pragma unroll
        for (int k = 0; k < 16; k++) {
            float fa[rows], fb[columns];
#pragma unroll
            for (int i = 0; i < rows; i++) fa[i] = a[k * T::a_step + row + i];
#pragma unroll
            for (int j = 0; j < columns; j++) fb[j] = b[k * T::b_step + column + j];
#pragma unroll
            for (int i = 0; i < rows; i++)
#pragma unroll
                for (int j = 0; j < columns; j++) sum[i][j] = fmaf(fa[i], fb[j], sum[i][j]);
        }
    }
    KERNEL_MEMBER void leave(float* memory) const {
#pragma unroll
        for (int i = 0; i < rows; i++)
#pragma unroll
            for (int j = 0; j < columns; j++) memory[(row + i) * T::sum_step + column + j] = sum[i][j];
    }
};

/// The sums of one group on the tensor cores, 16 rows a warp.
template<class T> struct MatrixSums {
    static constexpr int row_warps = T::ROWS / 16, warp_columns = T::COLUMNS / (T::group_warps / row_warps), pieces = warp_columns / 8;
    float piece[pieces][4] = {};
    int row, column, group, member;

    KERNEL_MEMBER explicit MatrixSums(int thread) {
        int warp = thread >> 5;
        group = (thread & 31) >> 2;
        member = thread & 3;
        row = warp % row_warps * 16 + group;
        column = warp / row_warps * warp_columns;
    }
    KERNEL_MEMBER void add(const float* a, const float* b) {
#pragma unroll
        for (int k = 0; k < 16; k += 8) {
            unsigned fa[4];
#pragma unroll
            for (int q = 0; q < 4; q++) fa[q] = __float_as_uint(a[(k + member + (q >> 1) * 4) * T::a_step + row + (q & 1) * 8]);
#pragma unroll
            for (int p = 0; p < pieces; p++) {
                unsigned fb[2];
#pragma unroll
                for (int q = 0; q < 2; q++) fb[q] = __float_as_uint(b[(k + member + q * 4) * T::b_step + column + p * 8 + group]);
                mma_tf32_16x8x8(piece[p], fa, fb);
            }
        }
    }
    KERNEL_MEMBER void leave(float* memory) const {
#pragma unroll
        for (int p = 0; p < pieces; p++)
#pragma unroll
            for (int q = 0; q < 4; q++) memory[(row + (q >> 1) * 8) * T::sum_step + column + p * 8 + 2 * member + (q & 1)] = piece[p][q];
    }
};

template<bool TF32> DEVICE float tile_operand(float x) { return TF32 ? __uint_as_float(to_tf32(x)) : x; }

template<bool B, class X, class Y> struct Either { typedef X type; };
template<class X, class Y> struct Either<false, X, Y> { typedef Y type; };

/// The sums of this block's tile over k in [k_begin, k_end), left in memory (T::floats) for tile_sum, behind a barrier. Operand:
///   announce(k)       puts into shared memory what loads of the slice at k need of other threads; a barrier follows
///   load(k, a, b)     this thread's T::held_a and T::held_b elements of the slice at k, 0 outside
///   a_at(e), b_at(e)  where these belong in the slice, k * T::a_step + i and k * T::b_step + j
///   keep(b)           sees every slice once its loads have come
template<class T, class Operand> DEVICE void tile_product(Operand& operand, int k_begin, int k_end, float* memory) {
    float next_a[T::held_a], next_b[T::held_b];
    int group = threadIdx.x / T::group_threads;
    typename Either<T::TF32, MatrixSums<T>, ExactSums<T>>::type sums(threadIdx.x % T::group_threads);

    operand.announce(k_begin);
    __syncthreads();
    operand.load(k_begin, next_a, next_b);
    int buffer = 0;
    for (int k0 = k_begin; k0 < k_end; k0 += T::depth) {
        float* a = memory + buffer * (T::a_size + T::b_size);
        float* b = a + T::a_size;
#pragma unroll
        for (int e = 0; e < T::held_a; e++) a[operand.a_at(e)] = tile_operand<T::TF32>(next_a[e]);
#pragma unroll
        for (int e = 0; e < T::held_b; e++) b[operand.b_at(e)] = tile_operand<T::TF32>(next_b[e]);
        operand.keep(next_b);
        operand.announce(k0 + T::depth);
        __syncthreads();
        if (k0 + T::depth < k_end) operand.load(k0 + T::depth, next_a, next_b);
        sums.add(a + group * 16 * T::a_step, b + group * 16 * T::b_step);
        buffer ^= 1;
    }
    __syncthreads();
    sums.leave(memory + group * T::group_sums);
    __syncthreads();
}
