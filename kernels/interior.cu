// DIW's program (Huang et al. 2006; Fang et al., NeurIPS 2020), in double precision, to convergence or as far as DIW's published code goes:
//     minimise 1/2 w'(K + ridge I) w - kappa'w   subject to   0 <= w <= B,  low <= sum w <= high
// by Mehrotra's predictor-corrector interior point (SIAM J. Optimization 2, 1992). A Gaussian K is nearly of low rank, so that it is
// never stored: K = F'F, F [r, n] by Cholesky with diagonal pivoting, stopped where no diagonal element of the rest exceeds 1e-10 (the
// objective is then off by less than 1e-10 n B). A Newton system (D + F'F) x = b, D diagonal, is solved through the r x r capacitance
// matrix I + F D^-1 F' (Woodbury) with one step of iterative refinement; the sum is eliminated last, since its multiplier may be huge.
//
// kappa_rows_f64       kappa_i = (n / m) sum_j exp(-gamma |z_i - z'_j|^2); n m exponentials; a row a block
// kmm_factor           F and its rank; n r^2 / 2 operations, n r exponentials; a segment a block
// kmm_interior_point   w, and its residual; n r^2 operations an iteration, about 20 iterations; a segment a block
// kmm_published_point  w as DIW's published code has it: by cvxopt's way, from its start, until its default tolerances are met; 5 to 7
//                      iterations; a segment a block
// All of it inside every segment (segments.cuh), each segment's memory where its rows begin; nothing is done in degenerate ones.
// z [n, d], z' [m, d], F [most, n], diagonal [n], capacitance [most, n], workspace [15, n], reduced [n]
// result, double [4]: residual max |w - P(w - grad/L)| / max(1, max |w|), iterations, rank (-1 where F has too few rows), L
#include "projection.cuh"
#include "segments.cuh"

/// sum_j exp(-gamma |z_i - z'_j|^2), j < m.
DEVICE double matched(const float* RESTRICT zi, const float* RESTRICT zv, double gamma, int m, int d) {
    double g = -gamma, sum = 0;
    if (d == 1) {
        double a = zi[0];
        FOR_THREADS(j, m) sum += exp((a - zv[j]) * (a - zv[j]) * g);
    } else {
        FOR_THREADS(j, m) {
            double square = 0;
            for (int k = 0; k < d; k++) {
                double difference = (double) zi[k] - zv[(long) j * d + k];
                square += difference * difference;
            }
            sum += exp(square * g);
        }
    }
    return block_sum(sum);
}

KERNEL(kappa_rows_f64, const float* RESTRICT z, const float* RESTRICT zv, const int* RESTRICT of, const int* RESTRICT table,
       const double* RESTRICT gamma, const int* RESTRICT status, double* RESTRICT kappa, int d) {
    int i = blockIdx.x, c = segment_of(of, i);
    if (status[c]) return;
    Segment own = segment(table, c);
    double sum = matched(z + (long) i * d, zv + (long) own.other * d, gamma[c], own.m, d);
    if (threadIdx.x == 0) kappa[i] = sum * own.n / own.m;
}

/// F and, as the result's element 2, its rank.
DEVICE void factorize(const float* RESTRICT z, double gamma, double* RESTRICT F, double* RESTRICT diagonal, double* RESTRICT result, int n,
                      int d, int most) {
    const double tolerance = 1e-10;
    double g = -gamma;
    FOR_THREADS(i, n) diagonal[i] = 1;
    int rank = 0;
    for (;; rank++) {
        double largest = 0;
        FOR_THREADS(i, n) largest = max_of(largest, diagonal[i]);
        largest = block_max(largest);
        if (!(largest > tolerance)) break;      // NaN has no pivot
        int pivot = n;
        FOR_THREADS(i, n) pivot = min_of(pivot, diagonal[i] == largest ? i : n);
        pivot = block_min(pivot);
        if (rank == most) {      // no room for another row
            rank = -1;
            break;
        }
        double* row = F + (long) rank * n;
        const float* zp = z + (long) pivot * d;
        if (d == 1) {
            double a = zp[0];
            FOR_THREADS(i, n) row[i] = exp((a - z[i]) * (a - z[i]) * g);
        } else {
            FOR_THREADS(i, n) {
                double square = 0;
                for (int k = 0; k < d; k++) {
                    double difference = (double) zp[k] - z[(long) i * d + k];
                    square += difference * difference;
                }
                row[i] = exp(square * g);
            }
        }
        for (int l = 0; l < rank; l++) {
            const double* before = F + (long) l * n;
            double factor = before[pivot];
            FOR_THREADS(i, n) row[i] -= factor * before[i];
        }
        double scale = 1 / sqrt(largest);
        __syncthreads();
        FOR_THREADS(i, n) {
            double x = row[i] * scale;
            double left = diagonal[i] - x * x;
            row[i] = x;
            diagonal[i] = i == pivot ? 0 : left > 0 ? left : 0;
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) result[2] = rank;
}

KERNEL(kmm_factor, const float* RESTRICT z, const int* RESTRICT table, const double* RESTRICT gamma, const int* RESTRICT status,
       double* RESTRICT F, double* RESTRICT diagonal, double* RESTRICT result, int d, int most) {
    int c = blockIdx.x;
    if (status[c]) return;
    Segment own = segment(table, c);
    factorize(z + (long) own.first * d, gamma[c], F + (long) own.first * most, diagonal + own.first, result + 4 * c, own.n, d,
              min_of(most, own.n));
}

/// out = G x, a dot product a row, a row a warp; G [rows, n], x [n], out [rows].
DEVICE void times(const double* RESTRICT G, const double* RESTRICT x, double* RESTRICT out, int rows, int n) {
    SHARED(double, part, 1024);
    int t = threadIdx.x, lanes = blockDim.x < 32 ? 1 : 32, lane = t % lanes, warps = blockDim.x / lanes;
    __syncthreads();
    for (int k = t / lanes; k < rows && t < warps * lanes; k += warps) {
        const double* row = G + (long) k * n;
        double sum = 0;
        for (int i = lane; i < n; i += lanes) sum += row[i] * x[i];
        part[t] = sum;
        if (lanes > 1) __syncwarp();      // else the threads of a warp have rows of their own
        for (int step = lanes / 2; step > 0; step /= 2) {
            if (lane < step) part[t] += part[t + step];
            __syncwarp();
        }
        if (lane == 0) out[k] = part[t];
    }
    __syncthreads();
}

/// out = out + sign G'y; y [rows], out [n].
DEVICE void add_transposed(const double* RESTRICT G, const double* RESTRICT y, double* RESTRICT out, int rows, int n, double sign) {
    for (int k = 0; k < rows; k++) {
        const double* row = G + (long) k * n;
        double factor = sign * y[k];
        FOR_THREADS(i, n) out[i] += factor * row[i];
    }
}

/// The upper triangle of I + G diag(x) G' by tiles of 4 x 4, so that a loaded element serves four products; G [rows, n].
DEVICE void capacitance_matrix(const double* RESTRICT G, const double* RESTRICT x, double* RESTRICT capacitance, int rows, int n) {
    int tiles = (rows + 3) / 4;
    FOR_THREADS(tile, tiles * tiles) {
        int k = tile / tiles * 4, l = tile % tiles * 4;
        if (l < k) continue;
        const double *a[4], *b[4];
        for (int i = 0; i < 4; i++) {
            a[i] = G + (long) min_of(k + i, rows - 1) * n;
            b[i] = G + (long) min_of(l + i, rows - 1) * n;
        }
        double s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
        double s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        const double *RESTRICT a0 = a[0], *RESTRICT a1 = a[1], *RESTRICT a2 = a[2], *RESTRICT a3 = a[3];
        const double *RESTRICT b0 = b[0], *RESTRICT b1 = b[1], *RESTRICT b2 = b[2], *RESTRICT b3 = b[3];
        for (int i = 0; i < n; i++) {
            double y0 = b0[i] * x[i], y1 = b1[i] * x[i], y2 = b2[i] * x[i], y3 = b3[i] * x[i];
            // clang-format off
            s00 += a0[i] * y0; s01 += a0[i] * y1; s02 += a0[i] * y2; s03 += a0[i] * y3;
            s10 += a1[i] * y0; s11 += a1[i] * y1; s12 += a1[i] * y2; s13 += a1[i] * y3;
            s20 += a2[i] * y0; s21 += a2[i] * y1; s22 += a2[i] * y2; s23 += a2[i] * y3;
            s30 += a3[i] * y0; s31 += a3[i] * y1; s32 += a3[i] * y2; s33 += a3[i] * y3;
            // clang-format on
        }
        double sums[16] = {s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33};
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++)
                if (k + i < rows && l + j < rows && l + j >= k + i)
                    capacitance[(long) (k + i) * rows + l + j] = sums[4 * i + j] + (k + i == l + j ? 1 : 0);
    }
    __syncthreads();
}

/// The upper triangle U of A = U'U, in place; A [size, size].
DEVICE void cholesky(double* A, int size) {
    for (int k = 0; k < size; k++) {
        double* RESTRICT row = A + (long) k * size;
        __syncthreads();
        double pivot = sqrt(max_of(row[k], 1e-300));
        __syncthreads();
        FOR_THREADS(j, size - k) row[k + j] *= 1 / pivot;
        __syncthreads();
        FOR_THREADS(i, size - k - 1) {
            double* RESTRICT below = A + (long) (k + 1 + i) * size;
            double factor = row[k + 1 + i];
            for (int j = k + 1 + i; j < size; j++) below[j] -= factor * row[j];
        }
    }
    __syncthreads();
}

/// y = (U'U)^-1 y.
DEVICE void cholesky_solve(const double* U, double* y, int size) {
    for (int k = 0; k < size; k++) {
        const double* row = U + (long) k * size;
        __syncthreads();
        double x = y[k] / row[k];
        __syncthreads();
        if (threadIdx.x == 0) y[k] = x;
        FOR_THREADS(j, size - k - 1) y[k + 1 + j] -= row[k + 1 + j] * x;
    }
    for (int k = size - 1; k >= 0; k--) {
        const double* row = U + (long) k * size;
        __syncthreads();
        double sum = 0;
        FOR_THREADS(j, size - k - 1) sum += row[k + 1 + j] * y[k + 1 + j];
        sum = block_sum(sum);
        if (threadIdx.x == 0) y[k] = (y[k] - sum) / row[k];
    }
    __syncthreads();
}

/// x = (D + G'G)^-1 b; inverse = 1 / D; U of I + G D^-1 G'; t [n] and y [rows] are overwritten.
DEVICE void woodbury(const double* RESTRICT G, const double* RESTRICT U, const double* RESTRICT inverse, const double* RESTRICT b,
                     double* RESTRICT x, double* RESTRICT t, double* RESTRICT y, int rows, int n) {
    FOR_THREADS(i, n) t[i] = b[i] * inverse[i];
    times(G, t, y, rows, n);
    cholesky_solve(U, y, rows);
    FOR_THREADS(i, n) x[i] = 0;
    add_transposed(G, y, x, rows, n, -1);
    FOR_THREADS(i, n) x[i] = t[i] + inverse[i] * x[i];
}

/// The same, with one step of iterative refinement; off and fix [n] are overwritten too.
DEVICE void solve(const double* RESTRICT G, const double* RESTRICT U, const double* RESTRICT inverse, const double* RESTRICT b,
                  double* RESTRICT x, double* RESTRICT t, double* RESTRICT off, double* RESTRICT fix, double* RESTRICT y, int rows, int n) {
    woodbury(G, U, inverse, b, x, t, y, rows, n);
    times(G, x, y, rows, n);
    FOR_THREADS(i, n) off[i] = b[i] - x[i] / inverse[i];
    add_transposed(G, y, off, rows, n, -1);
    woodbury(G, U, inverse, off, fix, t, y, rows, n);
    FOR_THREADS(i, n) x[i] += fix[i];
}

/// The longest step to 1 that keeps x + step dx >= 0, as the largest -dx / x met so far.
DEVICE double pull(double x, double dx) { return -dx / x; }

/// w from F, its rank in the result, and kappa; all threads of the block call it.
DEVICE void interior_point(double* RESTRICT F, const double* RESTRICT kappa, double* RESTRICT capacitance, double* RESTRICT workspace,
                           double* RESTRICT reduced, double* RESTRICT result, float* RESTRICT weights, int n, double ridge, double upper,
                           double low, double high, int most_iterations) {
    if (result[2] < 0) return;
    int rank = (int) result[2];
    double* RESTRICT w = workspace;
    double* RESTRICT zl = workspace + (long) n;      // multipliers of 0 <= w and of w <= B
    double* RESTRICT zu = workspace + 2l * n;
    double* RESTRICT gradient = workspace + 3l * n;
    double* RESTRICT inverse = workspace + 4l * n;      // 1 / D
    double* RESTRICT b = workspace + 5l * n;
    double* RESTRICT dw = workspace + 6l * n;
    double* RESTRICT t = workspace + 7l * n;
    double* RESTRICT off = workspace + 8l * n;      // residual of the linear system
    double* RESTRICT fix = workspace + 9l * n;
    double* RESTRICT cl = workspace + 10l * n;      // Mehrotra's second-order terms
    double* RESTRICT cu = workspace + 11l * n;
    double* RESTRICT room = workspace + 12l * n;      // B - w, kept apart: it must not round to 0
    double* RESTRICT y = reduced;
    double* RESTRICT q = workspace + 13l * n;      // (D + F'F)^-1 1

    // L, the largest row sum of K; K = F'F
    FOR_THREADS(i, n) t[i] = 1;
    times(F, t, y, rank, n);
    FOR_THREADS(i, n) off[i] = 0;
    add_transposed(F, y, off, rank, n, 1);
    double L = 0;
    FOR_THREADS(i, n) L = max_of(L, off[i]);
    L = block_max(L) + ridge;

    double start = upper > 2 ? 1 : upper / 2;
    FOR_THREADS(i, n) {
        w[i] = start;
        room[i] = upper - start;
    }
    double s = start * n, reach = high - low;      // s stands for sum w
    if (s < low + 0.1 * reach || s > high - 0.1 * reach) s = low + 0.5 * reach;
    double slack_l = s - low, slack_u = high - s;
    double multiplier = 0, sl = 0, su = 0;      // of sum w = s, low <= s, s <= high
    int iteration = 0;
    for (;; iteration++) {
        times(F, w, y, rank, n);
        FOR_THREADS(i, n) gradient[i] = ridge * w[i] - kappa[i];
        add_transposed(F, y, gradient, rank, n, 1);
        if (iteration == 0) {
            double size = 0;
            FOR_THREADS(i, n) size += fabs(gradient[i]);
            size = max_of(block_sum(size) / n, 1e-3);
            FOR_THREADS(i, n) {
                zl[i] = max_of(gradient[i], 0.0) + size;
                zu[i] = max_of(-gradient[i], 0.0) + size;
            }
            sl = su = size;
        }
        double sum = 0, gap = 0, worst = 0, value = 0, widest = 1;
        FOR_THREADS(i, n) {
            double dual = fabs(gradient[i] - multiplier - zl[i] + zu[i]) / L;
            sum += w[i];
            gap += w[i] * zl[i] + room[i] * zu[i];
            value += w[i] * (gradient[i] - kappa[i]);
            worst = max_of(worst, max_of(dual, max_of(min_of(w[i], zl[i] / L), min_of(room[i], zu[i] / L))));
            widest = max_of(widest, w[i]);
        }
        sum = block_sum(sum);
        gap = block_sum(gap);
        value = block_sum(value) / 2;
        worst = block_max(worst) / block_max(widest);
        double primal = sum - s;
        gap += slack_l * sl + slack_u * su;
        double mu = gap / (2.0 * n + 2);
        if ((worst <= 1e-8 && gap <= 1e-9 * fabs(value) + 1e-12 && fabs(primal) <= 1e-9 * n) || iteration == most_iterations) break;

        double theta = sl / slack_l + su / slack_u;
        FOR_THREADS(i, n) {
            inverse[i] = 1 / (ridge + zl[i] / w[i] + zu[i] / room[i]);
            b[i] = 1;
        }
        __syncthreads();
        capacitance_matrix(F, inverse, capacitance, rank, n);
        cholesky(capacitance, rank);
        solve(F, capacitance, inverse, b, q, t, off, fix, y, rank, n);
        double sum_q = 0;
        FOR_THREADS(i, n) sum_q += q[i];
        sum_q = block_sum(sum_q);

        double aim = 0, cross_l = 0, cross_u = 0, ds = 0, dm = 0, dsl = 0, dsu = 0, step = 1;
        for (int phase = 0; phase < 2; phase++) {
            // phase 0 aims at the boundary, phase 1 at the central path with the second-order terms of phase 0
            double rs = -(multiplier - sl + su) + (aim - cross_l) / slack_l - sl - (aim - cross_u) / slack_u + su;
            FOR_THREADS(i, n) {
                double second_l = phase ? cl[i] : 0, second_u = phase ? cu[i] : 0;
                b[i] = -(gradient[i] - multiplier) + (aim - second_l) / w[i] - (aim - second_u) / room[i];
            }
            solve(F, capacitance, inverse, b, dw, t, off, fix, y, rank, n);
            double change = 0;
            FOR_THREADS(i, n) change += dw[i];
            change = block_sum(change);
            dm = (rs / theta - change - primal) / (1 / theta + sum_q);
            ds = (rs - dm) / theta;
            FOR_THREADS(i, n) dw[i] += dm * q[i];
            dsl = (aim - cross_l) / slack_l - sl - sl / slack_l * ds;
            dsu = (aim - cross_u) / slack_u - su + su / slack_u * ds;
            double most_pull = max_of(max_of(pull(slack_l, ds), pull(slack_u, -ds)), max_of(pull(sl, dsl), pull(su, dsu)));
            FOR_THREADS(i, n) {
                double second_l = phase ? cl[i] : 0, second_u = phase ? cu[i] : 0;
                double dl = (aim - second_l) / w[i] - zl[i] - zl[i] / w[i] * dw[i];
                double du = (aim - second_u) / room[i] - zu[i] + zu[i] / room[i] * dw[i];
                most_pull =
                    max_of(most_pull, max_of(max_of(pull(w[i], dw[i]), pull(room[i], -dw[i])), max_of(pull(zl[i], dl), pull(zu[i], du))));
                t[i] = dl;
                off[i] = du;
            }
            most_pull = block_max(most_pull);
            step = most_pull > 1 ? 1 / most_pull : 1;
            if (phase == 0) {
                double reached = (slack_l + step * ds) * (sl + step * dsl) + (slack_u - step * ds) * (su + step * dsu), own = 0;
                FOR_THREADS(i, n) {
                    own += (w[i] + step * dw[i]) * (zl[i] + step * t[i]) + (room[i] - step * dw[i]) * (zu[i] + step * off[i]);
                    cl[i] = dw[i] * t[i];
                    cu[i] = -dw[i] * off[i];
                }
                reached += block_sum(own);
                double ratio = reached / gap;
                aim = ratio * ratio * ratio * mu;
                cross_l = ds * dsl;
                cross_u = -ds * dsu;
            }
        }
        step = min_of(1.0, 0.995 * (step < 1 ? step : 1 / 0.995));
        FOR_THREADS(i, n) {
            w[i] += step * dw[i];
            room[i] -= step * dw[i];
            zl[i] += step * t[i];
            zu[i] += step * off[i];
        }
        s += step * ds;
        slack_l += step * ds;
        slack_u -= step * ds;
        multiplier += step * dm;
        sl += step * dsl;
        su += step * dsu;
        __syncthreads();
    }

    // One projected-gradient step puts what is at a bound exactly there; how far it moves is the residual.
    FOR_THREADS(i, n) t[i] = w[i] - gradient[i] / L;
    __syncthreads();
    Threshold threshold = band_threshold(t, n, upper, low, high);
    double moved = 0, widest = 1;
    FOR_THREADS(i, n) {
        double next = clipped(t[i], threshold, upper);
        moved = max_of(moved, fabs(w[i] - next));
        widest = max_of(widest, next);
        w[i] = next;
        weights[i] = (float) next;
    }
    moved = block_max(moved);
    widest = block_max(widest);
    if (threadIdx.x == 0) {
        result[0] = moved / widest;
        result[1] = iteration;
        result[3] = L;
    }
}

KERNEL(kmm_interior_point, double* RESTRICT F, const double* RESTRICT kappa, const int* RESTRICT table, const int* RESTRICT status,
       double* RESTRICT capacitance, double* RESTRICT workspace, double* RESTRICT reduced, double* RESTRICT result, float* RESTRICT weights,
       double ridge, double upper, int most, int most_iterations) {
    int c = blockIdx.x;
    if (status[c]) return;
    Segment own = segment(table, c);
    long first = own.first;
    interior_point(F + first * most, kappa + first, capacitance + first * most, workspace + 15 * first, reduced + first, result + 4 * c,
                   weights + first, own.n, ridge, upper, least_sum(own.n), most_sum(own.n, upper), most_iterations);
}

/// The same program as cvxopt's coneqp solves it with its default tolerances (M. Andersen, J. Dahl, L. Vandenberghe): G w + s = h over the
/// rows w >= 0, w <= B, sum w <= high, sum w >= low, from its infeasible start, until gap and residuals are small; all threads call it.
/// What DIW's published code trains with. The point is well centred: gap and feasibility end it long before the nearest vertex is reached.
DEVICE void published_point(double* RESTRICT F, const double* RESTRICT kappa, double* RESTRICT capacitance, double* RESTRICT workspace,
                            double* RESTRICT reduced, double* RESTRICT result, float* RESTRICT weights, int n, double ridge, double upper,
                            double low, double high, int most_iterations) {
    const double relative_gap = 1e-6, absolute_gap = 1e-7, feasible = 1e-7, near = 0.99;
    if (result[2] < 0) return;
    int rank = (int) result[2];
    double* RESTRICT w = workspace;
    double* RESTRICT zl = workspace + (long) n;      // multipliers of -w <= 0 and of w <= B
    double* RESTRICT zu = workspace + 2l * n;
    double* RESTRICT gradient = workspace + 3l * n;
    double* RESTRICT inverse = workspace + 4l * n;      // 1 / D
    double* RESTRICT b = workspace + 5l * n;
    double* RESTRICT dw = workspace + 6l * n;
    double* RESTRICT t = workspace + 7l * n;
    double* RESTRICT off = workspace + 8l * n;
    double* RESTRICT fix = workspace + 9l * n;
    double* RESTRICT cl = workspace + 10l * n;      // Mehrotra's second-order terms
    double* RESTRICT cu = workspace + 11l * n;
    double* RESTRICT sl = workspace + 12l * n;      // slacks; they differ from w and B - w until a whole step was taken
    double* RESTRICT su = workspace + 14l * n;
    double* RESTRICT q = workspace + 13l * n;      // (D + F'F)^-1 1
    double* RESTRICT y = reduced;

    // The start: minimise 1/2 w'Kw - kappa'w + |s|^2 / 2, z = -s; then both are raised to 1 above the least where one is not positive
    double size_b = 0, L = 0;
    FOR_THREADS(i, n) {
        size_b += kappa[i] * kappa[i];
        t[i] = 1;
    }
    times(F, t, y, rank, n);
    FOR_THREADS(i, n) off[i] = 0;
    add_transposed(F, y, off, rank, n, 1);
    FOR_THREADS(i, n) L = max_of(L, off[i]);
    L = block_max(L) + ridge;
    double dual_size = max_of(1.0, sqrt(block_sum(size_b)));
    double primal_size = max_of(1.0, sqrt(n * upper * upper + high * high + low * low));
    FOR_THREADS(i, n) {
        inverse[i] = 1 / (ridge + 2);
        b[i] = 1;
    }
    __syncthreads();
    capacitance_matrix(F, inverse, capacitance, rank, n);
    cholesky(capacitance, rank);
    solve(F, capacitance, inverse, b, q, t, off, fix, y, rank, n);
    FOR_THREADS(i, n) b[i] = kappa[i] + upper + high + low;
    solve(F, capacitance, inverse, b, w, t, off, fix, y, rank, n);
    double sum_q = 0, sum = 0;
    FOR_THREADS(i, n) {
        sum_q += q[i];
        sum += w[i];
    }
    sum_q = block_sum(sum_q);
    sum = block_sum(sum);
    double shared = sum / (0.5 + sum_q);
    sum -= shared * sum_q;
    double least = min_of(high - sum, sum - low), most = max_of(high - sum, sum - low), length = 0;
    FOR_THREADS(i, n) {
        w[i] -= shared * q[i];
        sl[i] = w[i];
        su[i] = upper - w[i];
        least = min_of(least, min_of(sl[i], su[i]));
        most = max_of(most, max_of(sl[i], su[i]));
        length += sl[i] * sl[i] + su[i] * su[i];
    }
    least = block_min(least);
    most = block_max(most);
    length = max_of(1.0, sqrt(block_sum(length) + (high - sum) * (high - sum) + (sum - low) * (sum - low)));
    double raise_s = least <= 1e-8 * length ? 1 - least : 0, raise_z = most >= -1e-8 * length ? 1 + most : 0;
    double s_high = high - sum + raise_s, s_low = sum - low + raise_s;
    double z_high = sum - high + raise_z, z_low = low - sum + raise_z;
    FOR_THREADS(i, n) {
        zl[i] = raise_z - sl[i];
        zu[i] = raise_z - su[i];
        sl[i] += raise_s;
        su[i] += raise_s;
    }

    int iteration = 0;
    for (;; iteration++) {
        __syncthreads();
        times(F, w, y, rank, n);
        FOR_THREADS(i, n) gradient[i] = ridge * w[i] - kappa[i];
        add_transposed(F, y, gradient, rank, n, 1);
        double gap = 0, value = 0, dual = 0, primal = 0, slope = 0;
        sum = 0;
        FOR_THREADS(i, n) {
            double rl = sl[i] - w[i], ru = su[i] + w[i] - upper;
            value += w[i] * (gradient[i] - kappa[i]);
            gap += sl[i] * zl[i] + su[i] * zu[i];
            primal += rl * rl + ru * ru;
            slope += zl[i] * rl + zu[i] * ru;
            sum += w[i];
            double rx = gradient[i] - zl[i] + zu[i] + z_high - z_low;
            dual += rx * rx;
        }
        sum = block_sum(sum);
        double r_high = s_high + sum - high, r_low = s_low - sum + low;
        value = block_sum(value) / 2;
        gap = block_sum(gap) + s_high * z_high + s_low * z_low;
        primal = sqrt(block_sum(primal) + r_high * r_high + r_low * r_low) / primal_size;
        dual = sqrt(block_sum(dual)) / dual_size;
        double bound = value + block_sum(slope) + z_high * r_high + z_low * r_low - gap;
        bool small_gap = gap <= absolute_gap || (value < 0 ? gap <= relative_gap * -value : bound > 0 && gap <= relative_gap * bound);
        if ((primal <= feasible && dual <= feasible && small_gap) || iteration == most_iterations) break;

        double mu = gap / (2.0 * n + 2), theta = z_high / s_high + z_low / s_low;
        FOR_THREADS(i, n) {
            inverse[i] = 1 / (ridge + zl[i] / sl[i] + zu[i] / su[i]);
            b[i] = 1;
        }
        __syncthreads();
        capacitance_matrix(F, inverse, capacitance, rank, n);
        cholesky(capacitance, rank);
        solve(F, capacitance, inverse, b, q, t, off, fix, y, rank, n);
        sum_q = 0;
        FOR_THREADS(i, n) sum_q += q[i];
        sum_q = block_sum(sum_q);

        double aim = 0, c_high = 0, c_low = 0, step = 1, dz_high = 0, dz_low = 0, ds_high = 0, ds_low = 0;
        for (int phase = 0; phase < 2; phase++) {
            // phase 0 aims at the boundary, phase 1 at the central path with the second-order terms of phase 0
            double e_high = (aim - c_high + z_high * r_high) / s_high - z_high, e_low = (aim - c_low + z_low * r_low) / s_low - z_low;
            FOR_THREADS(i, n) {
                double second_l = phase ? cl[i] : 0, second_u = phase ? cu[i] : 0;
                double el = (aim - second_l + zl[i] * (sl[i] - w[i])) / sl[i] - zl[i];
                double eu = (aim - second_u + zu[i] * (su[i] + w[i] - upper)) / su[i] - zu[i];
                b[i] = -(gradient[i] - zl[i] + zu[i] + z_high - z_low) + el - eu - e_high + e_low;
            }
            solve(F, capacitance, inverse, b, dw, t, off, fix, y, rank, n);
            double change = 0;
            FOR_THREADS(i, n) change += dw[i];
            change = block_sum(change);
            shared = change / (1 / theta + sum_q);
            change -= shared * sum_q;
            ds_high = -r_high - change;
            ds_low = -r_low + change;
            dz_high = e_high + z_high / s_high * change;
            dz_low = e_low - z_low / s_low * change;
            double pulled = max_of(max_of(pull(s_high, ds_high), pull(s_low, ds_low)), max_of(pull(z_high, dz_high), pull(z_low, dz_low)));
            double product = 0;
            FOR_THREADS(i, n) {
                dw[i] -= shared * q[i];
                double second_l = phase ? cl[i] : 0, second_u = phase ? cu[i] : 0;
                double dsl = w[i] - sl[i] + dw[i], dsu = upper - su[i] - w[i] - dw[i];
                double dzl = (aim - second_l - zl[i] * dsl) / sl[i] - zl[i], dzu = (aim - second_u - zu[i] * dsu) / su[i] - zu[i];
                pulled = max_of(pulled, max_of(max_of(pull(sl[i], dsl), pull(su[i], dsu)), max_of(pull(zl[i], dzl), pull(zu[i], dzu))));
                product += dsl * dzl + dsu * dzu;
                t[i] = dzl;
                off[i] = dzu;
                if (phase == 0) {
                    cl[i] = dsl * dzl;
                    cu[i] = dsu * dzu;
                }
            }
            pulled = block_max(pulled);
            if (phase == 0) {
                step = pulled > 1 ? 1 / pulled : 1;
                c_high = ds_high * dz_high;
                c_low = ds_low * dz_low;
                double left = 1 - step + (block_sum(product) + c_high + c_low) / gap * step * step;
                left = min_of(1.0, max_of(0.0, left));
                aim = left * left * left * mu;
            } else {
                step = pulled > near ? near / pulled : 1;
            }
        }
        FOR_THREADS(i, n) {
            double dsl = w[i] - sl[i] + dw[i], dsu = upper - su[i] - w[i] - dw[i];
            w[i] += step * dw[i];
            sl[i] += step * dsl;
            su[i] += step * dsu;
            zl[i] += step * t[i];
            zu[i] += step * off[i];
        }
        s_high += step * ds_high;
        s_low += step * ds_low;
        z_high += step * dz_high;
        z_low += step * dz_low;
    }

    FOR_THREADS(i, n) t[i] = w[i] - gradient[i] / L;
    __syncthreads();
    Threshold threshold = band_threshold(t, n, upper, low, high);
    double moved = 0, widest = 1;
    FOR_THREADS(i, n) {
        moved = max_of(moved, fabs(w[i] - clipped(t[i], threshold, upper)));
        w[i] = clipped(w[i], upper);
        widest = max_of(widest, w[i]);
        weights[i] = (float) w[i];
    }
    moved = block_max(moved);
    widest = block_max(widest);
    if (threadIdx.x == 0) {
        result[0] = moved / widest;
        result[1] = iteration;
        result[3] = L;
    }
}

KERNEL(kmm_published_point, double* RESTRICT F, const double* RESTRICT kappa, const int* RESTRICT table, const int* RESTRICT status,
       double* RESTRICT capacitance, double* RESTRICT workspace, double* RESTRICT reduced, double* RESTRICT result, float* RESTRICT weights,
       double ridge, double upper, int most, int most_iterations) {
    int c = blockIdx.x;
    if (status[c]) return;
    Segment own = segment(table, c);
    long first = own.first;
    published_point(F + first * most, kappa + first, capacitance + first * most, workspace + 15 * first, reduced + first, result + 4 * c,
                    weights + first, own.n, ridge, upper, least_sum(own.n), most_sum(own.n, upper), most_iterations);
}
