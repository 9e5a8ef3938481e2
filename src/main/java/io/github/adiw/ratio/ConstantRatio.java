package io.github.adiw.ratio;

import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Device;
import java.util.Arrays;
import java.util.Map;

/** r = 1 everywhere: of samples without a column that varies. */
final class ConstantRatio implements RatioFunction {
    private static final long serialVersionUID = 1;

    @Override
    public double[] at(Matrix rows, Device device) {
        double[] ones = new double[rows.rows()];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Override
    public double at(float[] row) {
        return 1;
    }

    @Override
    public Fit fit() {
        return new Fit(0, Double.NaN, 0, true);
    }

    @Override
    public Map<String, SafeTensors.Tensor> parameters() {
        return Map.of();
    }
}
