package io.github.adiw.ratio;

import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import java.io.Serializable;
import java.util.Map;

/** A ratio of densities r(x) that was fitted, not normalised: a function of scaled columns. */
interface RatioFunction extends Serializable {
    /**
     * r of rows, each finite and at least 0. Parameters are rounded to float32 when the function is made, so that one that was saved and
     * loaded gives the same digits.
     *
     * @return {@code [rows]}
     */
    double[] at(Matrix rows, Device device);

    /** r of one row {@code [columns]}, on the calling thread, without a device: to rounding what {@link #at(Matrix, Device)} gives. */
    double at(float[] row);

    /** What it was fitted by and how well. */
    Fit fit();

    /** Its parameters by name, for a file; a static {@code load} of its class takes them back. */
    Map<String, SafeTensors.Tensor> parameters();

    /**
     * How a fit ended.
     *
     * @param steps     iterations
     * @param objective what the method minimises; lower is better
     * @param residual  how far it is from the optimality conditions, 0 where the solution is closed
     * @param converged whether that is near enough for the weights not to change any more
     */
    record Fit(int steps, double objective, double residual, boolean converged) implements Serializable {}
}
