package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Parameter;
import java.util.List;

/**
 * y = x W' + b; x {@code [rows, in]}, W {@code [out, in]}, b {@code [out]}, y {@code [rows, out]}. Flattens what it is given.
 *
 * @param name    of its parameters: {@code name.weight}, {@code name.bias}
 * @param outputs numbers in a row of y
 * @param bias    whether there is b
 * @param relu    whether ReLU follows in the same launch
 */
public record LinearLayer(String name, int outputs, boolean bias, boolean relu) implements Layer {
    /** Without ReLU. */
    public LinearLayer(String name, int outputs, boolean bias) {
        this(name, outputs, bias, false);
    }

    LinearLayer withRelu() {
        return new LinearLayer(name, outputs, bias, true);
    }

    @Override
    public Shape output(Shape input) {
        return new Shape(outputs, 1, 1);
    }

    @Override
    public List<Declaration> needs(Shape input) {
        Initial initial = Initial.uniform(input.size());
        Declaration weight = Declaration.weight(name + ".weight", initial, outputs, input.size());
        return bias ? List.of(weight, Declaration.undecayed(name + ".bias", initial, outputs)) : List.of(weight);
    }

    @Override
    public Operation bind(Site site) {
        return new Bound(site);
    }

    private final class Bound implements Operation {
        private final Site site;
        private final Device device;
        private final ProductSize product;
        private final ProductSize weightProduct;
        private final ProductSize inputProduct;
        private final SplitMemory memory;
        private final Parameter weights;
        private final Buffer biases;
        private final Buffer biasGradients;
        private final MaskedGradient masked;

        Bound(Site site) {
            this.site = site;
            device = site.device();
            int in = site.shape().size();
            product = new ProductSize(site.rows(), outputs, in);
            weightProduct = new ProductSize(outputs, in, site.trained());
            inputProduct = new ProductSize(site.trained(), in, outputs);
            memory = SplitMemory.of(device, site::allocate, product, weightProduct, inputProduct);
            weights = site.parameter(name + ".weight");
            Parameter b = bias ? site.parameter(name + ".bias") : null;
            biases = b == null ? null : b.value();
            biasGradients = b == null ? null : b.gradient();
            masked = relu ? new MaskedGradient(site, outputs) : null;
        }

        @Override
        public void forward(Mode mode) {
            MatrixKernels.gemm(device, site.precision(), memory, site.input(), weights.value(), site.output(), biases, product, false, true,
                relu ? MatrixKernels.RELU : 0);
        }

        @Override
        public void backward() {
            Buffer gradient = masked != null ? masked.of(site.outputGradient()) : site.outputGradient();
            MatrixKernels.gemm(device, site.precision(), memory, gradient, site.input(), weights.gradient(), null, weightProduct, true,
                false, 0);
            if (biases != null) {
                device.launch("column_sum", Launch.rows((outputs + 15) / 16), gradient, biasGradients, site.trained(), outputs);
            }
            if (site.inputGradient() != null) {
                MatrixKernels.gemm(device, site.precision(), memory, gradient, weights.value(), site.inputGradient(), null, inputProduct,
                    false, false, 0);
            }
        }
    }
}
