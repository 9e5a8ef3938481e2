// One tiled product serves GEMM and every convolution: C(i, j) = sum_k a(i, k) b(k, j), where a and b are looked up by an operand type,
// so that a convolution is an implicit GEMM whose patches are never written to memory.
//
// A block of 256 threads makes ROWS x COLUMNS of C: 64 x 64 for GEMM, 128 x 16 where columns are few (filters, channels). Slices of
// 16 steps of k go through shared memory, double-buffered: the next slice's loads are under way while this one is multiplied.
//   fp32  each thread keeps (ROWS / 16) x (COLUMNS / 16) sums in registers, exact single precision
//   tf32  eight warps, each 16 x 32 or 16 x 16 by mma m16n8k8 on the tensor cores
// The sums then lie in shared memory as tile [ROWS][COLUMNS + 1] for the epilogue.
#pragma once
#include "prelude.cuh"

constexpr int tile_threads = 256, tile_depth = 16;

template<int ROWS, int COLUMNS> struct TileMemory {
    static constexpr int a_step = ROWS + 4, b_step = COLUMNS + 4;
    static constexpr int a_size = tile_depth * a_step, b_size = tile_depth * b_step;
    static constexpr int slices = 2 * (a_size + b_size), sums = ROWS * (COLUMNS + 1);
    static constexpr int floats = slices > sums ? slices : sums;
};

/// Loads a slice's share of one thread. k_fast: neighbouring threads take neighbouring k (memory is contiguous along k).
template<int WIDTH, class Load> DEVICE void slice_load(float* held, bool k_fast, int first, int k0, int k_end, const Load& load) {
    constexpr int count = WIDTH * tile_depth / tile_threads;
#pragma unroll
    for (int e = 0; e < count; e++) {
        int at = threadIdx.x + e * tile_threads;
        int k = k_fast ? at % tile_depth : at / WIDTH, i = k_fast ? at / tile_depth : at % WIDTH;
        held[e] = k0 + k < k_end ? load(first + i, k0 + k) : 0.0f;
    }
}

template<int WIDTH> DEVICE void slice_store(const float* held, bool k_fast, float* shared) {
    constexpr int count = WIDTH * tile_depth / tile_threads;
#pragma unroll
    for (int e = 0; e < count; e++) {
        int at = threadIdx.x + e * tile_threads;
        int k = k_fast ? at % tile_depth : at / WIDTH, i = k_fast ? at / tile_depth : at % WIDTH;
        shared[k * (WIDTH + 4) + i] = held[e];
    }
}

/// The sums of this block's tile over k in [k_begin, k_end), left in memory as [ROWS][COLUMNS + 1] behind a barrier.
/// Operand: a(i, k), b(k, j) give 0 outside; a_k_fast(), b_k_fast() say along which index memory is contiguous.
template<int ROWS, int COLUMNS, bool TF32, class Operand>
DEVICE void tile_product(const Operand& operand, int row0, int column0, int k_begin, int k_end, float* memory) {
    typedef TileMemory<ROWS, COLUMNS> Layout;
    constexpr int held_a = ROWS * tile_depth / tile_threads, held_b = COLUMNS * tile_depth / tile_threads;
    constexpr int per_rows = ROWS / 16, per_columns = COLUMNS / 16;
    constexpr int row_warps = ROWS / 16 < 8 ? ROWS / 16 : 8, warp_columns = COLUMNS / (8 / row_warps), pieces = warp_columns / 8;
    float next_a[held_a], next_b[held_b];
    float sum[TF32 ? 1 : per_rows][TF32 ? 1 : per_columns] = {};
    float piece[TF32 ? pieces : 1][4] = {};
    int t = threadIdx.x, tr = t / 16, tc = t % 16, lane = t & 31, warp = t >> 5;
    int warp_row = warp % row_warps * 16, warp_column = warp / row_warps * warp_columns, group = lane >> 2, member = lane & 3;
    bool a_fast = operand.a_k_fast(), b_fast = operand.b_k_fast();
    auto load_a = [&](int i, int k) { return operand.a(i, k); };
    auto load_b = [&](int j, int k) { return operand.b(k, j); };

    slice_load<ROWS>(next_a, a_fast, row0, k_begin, k_end, load_a);
    slice_load<COLUMNS>(next_b, b_fast, column0, k_begin, k_end, load_b);
    int buffer = 0;
    for (int k0 = k_begin; k0 < k_end; k0 += tile_depth) {
        float* a = memory + buffer * (Layout::a_size + Layout::b_size);
        float* b = a + Layout::a_size;
        slice_store<ROWS>(next_a, a_fast, a);
        slice_store<COLUMNS>(next_b, b_fast, b);
        __syncthreads();
        if (k0 + tile_depth < k_end) {
            slice_load<ROWS>(next_a, a_fast, row0, k0 + tile_depth, k_end, load_a);
            slice_load<COLUMNS>(next_b, b_fast, column0, k0 + tile_depth, k_end, load_b);
        }
        if constexpr (TF32) {
#pragma unroll
            for (int k = 0; k < tile_depth; k += 8) {
                unsigned fa[4];
                for (int q = 0; q < 4; q++)
                    fa[q] = to_tf32(a[(k + member + (q >> 1) * 4) * Layout::a_step + warp_row + group + (q & 1) * 8]);
#pragma unroll
                for (int p = 0; p < pieces; p++) {
                    unsigned fb[2];
                    for (int q = 0; q < 2; q++) fb[q] = to_tf32(b[(k + member + q * 4) * Layout::b_step + warp_column + p * 8 + group]);
                    mma_tf32_16x8x8(piece[p], fa, fb);
                }
            }
        } else {
#pragma unroll
            for (int k = 0; k < tile_depth; k++) {
                float fa[per_rows], fb[per_columns];
#pragma unroll
                for (int i = 0; i < per_rows; i++) fa[i] = a[k * Layout::a_step + tr * per_rows + i];
#pragma unroll
                for (int j = 0; j < per_columns; j++) fb[j] = b[k * Layout::b_step + tc + 16 * j];
#pragma unroll
                for (int i = 0; i < per_rows; i++)
#pragma unroll
                    for (int j = 0; j < per_columns; j++) sum[i][j] = fmaf(fa[i], fb[j], sum[i][j]);
            }
        }
        buffer ^= 1;
    }
    __syncthreads();
    if constexpr (TF32) {
        for (int p = 0; p < pieces; p++)
            for (int q = 0; q < 4; q++)
                memory[(warp_row + group + (q >> 1) * 8) * (COLUMNS + 1) + warp_column + p * 8 + 2 * member + (q & 1)] = piece[p][q];
    } else {
        for (int i = 0; i < per_rows; i++)
            for (int j = 0; j < per_columns; j++) memory[(tr * per_rows + i) * (COLUMNS + 1) + tc + 16 * j] = sum[i][j];
    }
    __syncthreads();
}
