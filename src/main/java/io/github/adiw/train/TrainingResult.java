package io.github.adiw.train;

import io.github.adiw.UsageException;
import io.github.adiw.data.SafeTensors;
import java.util.List;
import java.util.Map;

/** What training reached; complete also when it was stopped early or failed. Arrays are shared, not copied: nobody writes to them. */
public final class TrainingResult {
    private final TrainingOptions options;
    private final String dataset, device;
    private final int trainSamples, validationSamples, testSamples;
    private final double actualNoiseRate;
    private final long parameterCount;
    private final List<EpochReport> epochs;
    private final float[] weights;
    private final boolean[] mislabelled;
    private final int[] labels;
    private final SafeTensors parameters;
    private final StepMillis stepMillis;
    private final GraphNodes graphNodes;
    private final List<TraceRow> trace;
    private final List<float[]> weightsTrace;
    private final String failure;
    private final boolean interrupted;

    private TrainingResult(Builder from) {
        options = from.options;
        dataset = from.dataset;
        device = from.device;
        trainSamples = from.trainSamples;
        validationSamples = from.validationSamples;
        testSamples = from.testSamples;
        actualNoiseRate = from.actualNoiseRate;
        parameterCount = from.parameterCount;
        epochs = from.epochs;
        weights = from.weights;
        mislabelled = from.mislabelled;
        labels = from.labels;
        parameters = from.parameters;
        stepMillis = from.stepMillis;
        graphNodes = from.graphNodes;
        trace = from.trace;
        weightsTrace = from.weightsTrace;
        failure = from.failure;
        interrupted = from.interrupted;
    }

    /**
     * Milliseconds of a step.
     *
     * @param total             in all
     * @param weightEstimation  until the weights of the batch are there
     * @param estimationForward the part of that which the forward pass took that weights alone are estimated from
     *                          ({@link TrainingOptions#estimationMode}); 0 where weights are estimated from the pass that is trained on,
     *                          which counts as training, whatever validation samples it takes along
     * @param training          in the rest: the total without the weight estimation, also where these are medians or quartiles
     */
    public record StepMillis(double total, double weightEstimation, double estimationForward, double training) {}

    /**
     * Launches and copies of a recorded step, from the draw of its batch to the clock's last stamp; on a GPU, nodes of its graph.
     *
     * @param uniform  of a step without weights; null where the run has none
     * @param weighted of a step of a method with weights; null where the run has none
     */
    public record GraphNodes(Integer uniform, Integer weighted) {}

    /**
     * One step: unweighted mean loss before the update, sum (or mean) of weighted losses, both of the pass that is trained on, and its
     * weights.
     */
    public record TraceRow(int step, float trainLoss, float weightedLoss, float weightSum, float weightMin, float weightMax) {}

    /** A builder of the result of a run with these options; {@link Trainer#run} gives one with everything set. */
    public static Builder of(TrainingOptions options) {
        return new Builder(UsageException.given("options", options));
    }

    /** What was asked for. */
    public TrainingOptions options() {
        return options;
    }

    /** The data set's name. */
    public String dataset() {
        return dataset;
    }

    /** Name of the device. */
    public String device() {
        return device;
    }

    /** N, the training samples. */
    public int trainSamples() {
        return trainSamples;
    }

    /** V, the validation samples. */
    public int validationSamples() {
        return validationSamples;
    }

    /** Size of the test set. */
    public int testSamples() {
        return testSamples;
    }

    /** Share of the training samples exposed to noise (the clean validation samples among them are not) whose label is not the true one. */
    public double actualNoiseRate() {
        return actualNoiseRate;
    }

    /** Number of parameters of the model. */
    public long parameterCount() {
        return parameterCount;
    }

    /** A report an epoch, in order. */
    public List<EpochReport> epochs() {
        return epochs;
    }

    /** Float32 {@code [N]}, the last weight every training sample was given. */
    public float[] weights() {
        return weights;
    }

    /** {@code [N]}, whether the sample's label is not the true one. */
    public boolean[] mislabelled() {
        return mislabelled;
    }

    /** {@code [N]}, the label that every training sample carries. */
    public int[] labels() {
        return labels;
    }

    /** The model's parameters, named and shaped as PyTorch's. */
    public SafeTensors parameters() {
        return parameters;
    }

    /** Medians over the steps after warm-up; NaN if there was none. */
    public StepMillis stepMillis() {
        return stepMillis;
    }

    /** What a step is recorded as. Epochs of warm-up consist of steps without weights. */
    public GraphNodes graphNodes() {
        return graphNodes;
    }

    /** The steps' losses and weights, if asked for, else empty. */
    public List<TraceRow> trace() {
        return trace;
    }

    /** {@code [steps][batch]}, if asked for, else empty. */
    public List<float[]> weightsTrace() {
        return weightsTrace;
    }

    /** Why training ended before its time, as a sentence; null if it did not fail. */
    public String failure() {
        return failure;
    }

    /** Whether {@link Trainer#stop} ended it. */
    public boolean interrupted() {
        return interrupted;
    }

    /** Test accuracy of the last epoch, in [0, 1]; NaN before the first. */
    public double finalTestAccuracy() {
        return epochs.isEmpty() ? Double.NaN : epochs.get(epochs.size() - 1).testAccuracy();
    }

    /** Best test accuracy of all epochs, in [0, 1]; NaN before the first. */
    public double bestTestAccuracy() {
        return epochs.stream().mapToDouble(EpochReport::testAccuracy).max().orElse(Double.NaN);
    }

    /** Mean test accuracy of the last five epochs (fewer if there are fewer); NaN before the first. */
    public double lastFiveTestAccuracy() {
        return epochs.stream().skip(Math.max(0, epochs.size() - 5)).mapToDouble(EpochReport::testAccuracy).average().orElse(Double.NaN);
    }

    /** Collects what was reached; what is not given is empty, 0, NaN or, of texts, null. */
    public static final class Builder {
        private final TrainingOptions options;
        private String dataset, device;
        private int trainSamples, validationSamples, testSamples;
        private double actualNoiseRate;
        private long parameterCount;
        private List<EpochReport> epochs = List.of();
        private float[] weights = {};
        private boolean[] mislabelled = {};
        private int[] labels = {};
        private SafeTensors parameters = new SafeTensors(Map.of(), Map.of());
        private StepMillis stepMillis = new StepMillis(Double.NaN, Double.NaN, Double.NaN, Double.NaN);
        private GraphNodes graphNodes = new GraphNodes(null, null);
        private List<TraceRow> trace = List.of();
        private List<float[]> weightsTrace = List.of();
        private String failure;
        private boolean interrupted;

        private Builder(TrainingOptions options) {
            this.options = options;
        }

        /** {@link TrainingResult#dataset}. */
        public Builder dataset(String value) {
            dataset = UsageException.given("dataset", value);
            return this;
        }

        /** {@link TrainingResult#device}. */
        public Builder device(String value) {
            device = UsageException.given("device", value);
            return this;
        }

        /** {@link TrainingResult#trainSamples}. */
        public Builder trainSamples(int value) {
            trainSamples = value;
            return this;
        }

        /** {@link TrainingResult#validationSamples}. */
        public Builder validationSamples(int value) {
            validationSamples = value;
            return this;
        }

        /** {@link TrainingResult#testSamples}. */
        public Builder testSamples(int value) {
            testSamples = value;
            return this;
        }

        /** {@link TrainingResult#actualNoiseRate}. */
        public Builder actualNoiseRate(double value) {
            actualNoiseRate = value;
            return this;
        }

        /** {@link TrainingResult#parameterCount}. */
        public Builder parameterCount(long value) {
            parameterCount = value;
            return this;
        }

        /** {@link TrainingResult#epochs}. */
        public Builder epochs(List<EpochReport> value) {
            epochs = List.copyOf(UsageException.given("epochs", value));
            return this;
        }

        /** {@link TrainingResult#weights}. */
        public Builder weights(float[] value) {
            weights = UsageException.given("weights", value);
            return this;
        }

        /** {@link TrainingResult#mislabelled}. */
        public Builder mislabelled(boolean[] value) {
            mislabelled = UsageException.given("mislabelled", value);
            return this;
        }

        /** {@link TrainingResult#labels}. */
        public Builder labels(int[] value) {
            labels = UsageException.given("labels", value);
            return this;
        }

        /** {@link TrainingResult#parameters}. */
        public Builder parameters(SafeTensors value) {
            parameters = UsageException.given("parameters", value);
            return this;
        }

        /** {@link TrainingResult#stepMillis}. */
        public Builder stepMillis(StepMillis value) {
            stepMillis = UsageException.given("stepMillis", value);
            return this;
        }

        /** {@link TrainingResult#graphNodes}. */
        public Builder graphNodes(GraphNodes value) {
            graphNodes = UsageException.given("graphNodes", value);
            return this;
        }

        /** {@link TrainingResult#trace}. */
        public Builder trace(List<TraceRow> value) {
            trace = List.copyOf(UsageException.given("trace", value));
            return this;
        }

        /** {@link TrainingResult#weightsTrace}. */
        public Builder weightsTrace(List<float[]> value) {
            weightsTrace = List.copyOf(UsageException.given("weightsTrace", value));
            return this;
        }

        /** {@link TrainingResult#failure}. */
        public Builder failure(String value) {
            failure = value;
            return this;
        }

        /** {@link TrainingResult#interrupted}. */
        public Builder interrupted(boolean value) {
            interrupted = value;
            return this;
        }

        /** The result. */
        public TrainingResult build() {
            return new TrainingResult(this);
        }
    }
}
