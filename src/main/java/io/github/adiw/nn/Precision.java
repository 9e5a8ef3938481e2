package io.github.adiw.nn;

/** Arithmetic of matrix products and convolutions. On the processor both are FP32. */
public enum Precision {
    /** Exact single precision. */
    FP32("_fp32"),
    /** Tensor cores: operands rounded to 10 bits of mantissa, sums in single precision. */
    TF32("_tf32");

    private final String suffix;

    Precision(String suffix) {
        this.suffix = suffix;
    }

    String kernel(String name) {
        return name + suffix;
    }
}
