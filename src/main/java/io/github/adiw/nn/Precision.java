package io.github.adiw.nn;

/** Arithmetic of matrix products and convolutions. On the processor both are FP32. */
public enum Precision {
    /** Exact single precision. */
    FP32,
    /** Tensor cores: operands rounded to 10 bits of mantissa, sums in single precision. */
    TF32
}
