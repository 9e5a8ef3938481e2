// Elementary kernels that belong to no layer.
//
// fill          x_i = value                                  x [n]                 4 n bytes
// add           out_i = x_i + y_i; out may be x or y           x, y, out [n]         12 n bytes
// add_relu      out_i = max(0, x_i + y_i)                      x, y, out [n]         12 n bytes
// mark_time     stamp[slots step] = the device's clock in nanoseconds, in a ring of steps (clock.cuh); step counter [1]
// advance       step = step + 1
// end_step      mark_time, then advance
#include "clock.cuh"

KERNEL(fill, float* RESTRICT x, float value, int n) {
    FOR_ELEMENTS(i, n) x[i] = value;
}

KERNEL(add, float* x, float* y, float* out, int n) {      // pointers to const may not overlap what is written
    FOR_ELEMENTS(i, n) out[i] = x[i] + y[i];
}

KERNEL(add_relu, const float* x, const float* y, float* out, int n) {
    FOR_ELEMENTS(i, n) {
        float sum = x[i] + y[i];
        out[i] = sum < 0 ? 0 : sum;
    }
}

KERNEL(mark_time, long* RESTRICT stamp, const long* RESTRICT step, int slots, int ring) {
    if (threadIdx.x == 0) stamp_time(stamp, *step, slots, ring);
}

KERNEL(advance, long* step) {
    if (threadIdx.x == 0) *step += 1;
}

KERNEL(end_step, long* RESTRICT stamp, long* RESTRICT step, int slots, int ring) {
    if (threadIdx.x == 0) {
        stamp_time(stamp, *step, slots, ring);
        *step += 1;
    }
}
