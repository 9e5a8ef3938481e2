package io.github.adiw.nn.block;

import io.github.adiw.UsageException;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Parameter;
import java.util.List;

/**
 * Batch normalisation (Ioffe and Szegedy, ICML 2015), as PyTorch's {@code BatchNorm2d}: eps 1e-5, momentum 0.1. In training, all rows are
 * normalised by the mean and the biased variance of the rows that are trained on; these alone enter the running ones, the variance as its
 * unbiased estimate. In evaluation the running ones are used. They belong to the model, and are neither trained nor decayed.
 *
 * @param name of its parameters, {@code [channels]}: {@code name.weight}, {@code name.bias}, {@code name.running_mean},
 *             {@code name.running_var}; and of the count of training passes, {@code name.num_batches_tracked}
 * @param relu whether ReLU follows in the same launch
 */
public record BatchNormLayer(String name, boolean relu) implements Layer {
    static final float EPSILON = 1e-5f;
    private static final float MOMENTUM = 0.1f;

    /** Without ReLU. */
    public BatchNormLayer(String name) {
        this(name, false);
    }

    BatchNormLayer withRelu() {
        return new BatchNormLayer(name, true);
    }

    @Override
    public Shape output(Shape input) {
        return input;
    }

    @Override
    public List<Declaration> needs(Shape input) {
        int channels = input.channels();
        return List.of(
            Declaration.undecayed(name + ".weight", Initial.constant(1), channels),
            Declaration.undecayed(name + ".bias", Initial.constant(0), channels),
            Declaration.buffer(name + ".running_mean", Initial.constant(0), channels),
            Declaration.variance(name + ".running_var", Initial.constant(1), channels),
            Declaration.count(name + ".num_batches_tracked"));
    }

    @Override
    public boolean dependsOnMode() {
        return true;
    }

    /** @throws UsageException if a channel has one value alone in training, which has no variance */
    @Override
    public Operation bind(Site site) {
        return new Bound(site);
    }

    private final class Bound implements Operation {
        private final Site site;
        private final Device device;
        private final int rows;
        private final int trained;
        private final int channels;
        private final int pixels;
        private final Parameter weight;
        private final Parameter bias;
        private final Buffer runningMean;
        private final Buffer runningVariance;
        private final Buffer tracked;
        private final Buffer mean;
        private final Buffer variance;

        Bound(Site site) {
            this.site = site;
            device = site.device();
            rows = site.rows();
            trained = site.trained();
            channels = site.shape().channels();
            pixels = site.shape().height() * site.shape().width();
            if (trained == 1 && pixels == 1) {
                throw UsageException.of("batch", "batch 1 leaves one value a channel to the batch normalisation " + name
                    + ", which has no variance: give a batch of at least 2, or larger images");
            }
            weight = site.parameter(name + ".weight");
            bias = site.parameter(name + ".bias");
            runningMean = site.parameter(name + ".running_mean").value();
            runningVariance = site.parameter(name + ".running_var").value();
            tracked = site.parameter(name + ".num_batches_tracked").value();
            mean = trained == 0 ? null : site.allocate(ElementType.FLOAT32, channels);
            variance = trained == 0 ? null : site.allocate(ElementType.FLOAT32, channels);
        }

        @Override
        public void forward(Mode mode) {
            boolean training = mode == Mode.TRAIN;
            if (training) {
                device.launch("batch_norm_statistics", Launch.rows(channels), site.input(), mean, variance, runningMean, runningVariance,
                    tracked, trained, channels, pixels, MOMENTUM);
            }
            device.launch("batch_norm_forward", Launch.rows(Math.multiplyExact(rows, channels)), site.input(),
                training ? mean : runningMean, training ? variance : runningVariance, weight.value(), bias.value(), site.output(),
                channels, pixels, EPSILON, relu ? 1 : 0);
        }

        @Override
        public void backward() {
            Buffer output = relu ? site.output() : null;
            device.launch("batch_norm_sums", Launch.rows(channels), site.input(), output, site.outputGradient(), mean, variance,
                weight.gradient(), bias.gradient(), trained, channels, pixels, EPSILON);
            if (site.inputGradient() != null) {
                device.launch("batch_norm_backward", Launch.rows((long) trained * channels), site.input(), output, site.outputGradient(),
                    mean, variance, weight.value(), weight.gradient(), bias.gradient(), site.inputGradient(), trained, channels,
                    pixels, EPSILON);
            }
        }
    }
}
