// A stand-in for cuBLAS (libcublas.so.12), for the test that plain matrix products pass through JCublas rightly: the functions that
// CublasProducts calls, a product by the stand-in driver's kernels. What cuBLAS would refuse or misread it refuses: leading
// dimensions that do not fit the column-major matrices, a handle without a stream or workspace.
#include <stdint.h>
#include <stdlib.h>

struct Kernel;
extern "C" const Kernel* adiw_stand_in_kernel(const char* name);
extern "C" int cuLaunchKernel(const Kernel*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);

namespace {
enum Status { success = 0, not_initialized = 1, invalid_value = 7, execution_failed = 13, not_supported = 15 };
enum Math { pedantic = 2, tf32 = 3 };
struct Handle {
    void* stream;
    void* workspace;
    int math;
};
}
#define API extern "C" __attribute__((visibility("default"))) Status

API cublasCreate_v2(Handle** handle) {
    *handle = new Handle();
    return success;
}
API cublasDestroy_v2(Handle* handle) {
    delete handle;
    return success;
}
API cublasGetVersion_v2(Handle*, int* version) {
    *version = 120604;
    return success;
}
API cublasSetStream_v2(Handle* handle, void* stream) {
    handle->stream = stream;
    return success;
}
API cublasSetMathMode(Handle* handle, int mode) {
    handle->math = mode;
    return success;
}
API cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t) {
    handle->workspace = workspace;
    return (uintptr_t) workspace % 256 ? invalid_value : success;
}

/// C [m, n] = op(A) [m, k] op(B) [k, n] (+ C), column-major: the row-major product c' = op(B)' op(A)'.
API cublasSgemm_v2(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha, const float* a, int lda,
                   const float* b, int ldb, const float* beta, float* c, int ldc) {
    if (!handle || !handle->stream || !handle->workspace) return not_initialized;
    if (handle->math != pedantic && handle->math != tf32) return not_supported;
    if (lda < (transpose_a ? k : m) || ldb < (transpose_b ? n : k) || ldc < m) return invalid_value;
    if (lda != (transpose_a ? k : m) || ldb != (transpose_b ? n : k) || ldc != m) return not_supported;
    if (*alpha != 1 || (*beta != 0 && *beta != 1)) return not_supported;
    const float* bias = nullptr;
    int flags = *beta == 1;
    void* parameters[] = {&b, &a, &c, &bias, &n, &m, &k, &transpose_b, &transpose_a, &flags};
    return cuLaunchKernel(adiw_stand_in_kernel(handle->math == tf32 ? "gemm_tf32" : "gemm_fp32"), (m + 63) / 64, (n + 63) / 64, 1, 256, 1,
                          1, 0, handle->stream, parameters, nullptr)
               ? execution_failed
               : success;
}
