// A batch's segments: which rows of the training batch [n] and of the validation batch [m] belong together. Estimation runs inside each.
// The whole batch is one segment; the classes of a batch are many (segments.cu makes them). Rows are in the order of segments:
//   table [S, 4]      of segment c: its first training row, how many, its first validation row, how many
//   of [n + m]        the segment of every training row, then of every validation row; null where there is one segment
//   order [n + m]     the row of the batch that stands at a place, training rows, then validation rows; null where it is the batch's own
//                     order
//   status [S]        not 0 where nothing in a segment may move: 1 where it is degenerate, 2 where its numbers are not finite, or too large
//                     for single precision
// Matrices between rows are [n, n], [n, m] and so on with element (i, j) in its usual place; only the elements of a segment are ever
// written or read. A kernel takes a segment a block, or rows or elements with their segment.
#pragma once
#include "prelude.cuh"

constexpr int is_degenerate = 1, out_of_range = 2;

struct Segment {
    int first, n, other, m;
};

DEVICE Segment segment(const int* table, int c) {
    Segment s = {table[4 * c], table[4 * c + 1], table[4 * c + 2], table[4 * c + 3]};
    return s;
}

DEVICE int segment_of(const int* of, long row) { return of ? of[row] : 0; }

/// n_c (1 - eps_c) and n_c (1 + eps_c), eps_c = (sqrt(n_c) - 1) / sqrt(n_c): the sums that kernel mean matching allows n_c weights of at
/// most `upper`.
DEVICE double least_sum(int n) { return sqrt((double) n); }
DEVICE double most_sum(int n, double upper) { return min_of(2 * n - least_sum(n), n * upper); }
