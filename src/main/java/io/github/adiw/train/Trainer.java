package io.github.adiw.train;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.BatchOrder;
import io.github.adiw.data.ImageDataset;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.Shift;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import io.github.adiw.nn.LearningRateSchedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Trains a network with importance weights estimated batch by batch: dynamic importance weighting (DIW, Fang et al.,
 * NeurIPS 2020), its accelerated form (ADIW, Fang et al., arXiv 2605.25499), or uniform weights.
 *
 * <p>A step is recorded once and replayed; everything that changes from step to step lives on the device, and nothing is
 * copied back before the epoch ends. One thread.
 */
public final class Trainer implements AutoCloseable {
    private static final int METRICS = 5;

    private final Device device;
    private final ImageDataset dataset;
    private final TrainingOptions options;
    private final TrainingSplit split;
    private final int stepsPerEpoch;
    private final int totalSteps;
    private final int ring;
    private final LearningRateSchedule schedule;
    private final Network network;
    private final StepClock clock;
    private final Buffer metrics;
    private final Buffer halted;
    private final Buffer weightRows;
    private int timed;
    private volatile boolean stopping;

    /**
     * Prepares everything: splits the data, applies the shift, allocates all device memory, records the steps.
     *
     * @param device  where to train; it stays the caller's to close
     * @param dataset training and test images
     * @throws UsageException if the options do not fit the data
     * @throws AdiwException  if a file that they name is missing or broken, or the device has too little memory
     */
    public Trainer(Device device, ImageDataset dataset, TrainingOptions options) {
        this.device = device;
        this.dataset = dataset;
        this.options = options;
        this.split = split(dataset, options);
        this.stepsPerEpoch = split.count() / options.batch();
        if (stepsPerEpoch == 0) {
            throw new UsageException("--batch " + options.batch() + " is more than the " + split.count()
                + " training samples: an epoch would have no step");
        }
        this.totalSteps = options.steps() > 0 ? options.steps() : Math.multiplyExact(options.epochs(), stepsPerEpoch);
        this.ring = Math.min(stepsPerEpoch, totalSteps);
        this.schedule = LearningRateSchedule.parse(options.schedule(), options.learningRate(), epochs());
        int[] validationOrder = validationOrder();
        if (options.classConditional()) {
            everyClassIsValidated(validationOrder == null ? split.validation() : validationOrder);
        }
        this.network = new Network(device, dataset, split, options, trainOrder(), validationOrder);
        this.clock = new StepClock(device, network.step(), ring);
        this.metrics = device.allocate(ElementType.FLOAT32, (long) ring * METRICS);
        this.halted = network.halted();
        this.weightRows = options.weightsTrace() ? device.allocate(ElementType.FLOAT32, (long) totalSteps * options.batch()) : null;
        network.record(this::mark, this::afterWeights);
    }

    private static TrainingSplit split(ImageDataset dataset, TrainingOptions options) {
        TrainingSplit.Builder builder = TrainingSplit.of(dataset).seed(options.seed()).validationSamples(options.validationSamples());
        if (options.trainSamples() > 0) {
            builder.trainSamples(options.trainSamples());
        }
        if (options.labels() != null) {
            builder.labels(options.labels());
        } else {
            builder.shift(Shift.parse(options.noise()));
        }
        return builder.build();
    }

    private int[] trainOrder() {
        return options.trainOrder() == null ? null
            : BatchOrder.read(options.trainOrder(), split, dataset.train().count(), totalSteps, options.batch());
    }

    private int[] validationOrder() {
        return options.validationOrder() == null ? null
            : BatchOrder.read(options.validationOrder(), split, dataset.train().count(), totalSteps, options.validationBatch());
    }

    private void everyClassIsValidated(int[] validation) {
        int[] counts = split.classCounts();
        boolean[] validated = new boolean[counts.length];
        for (int sample : validation) {
            validated[split.trueLabels()[sample]] = true;
        }
        for (int c = 0; c < counts.length; c++) {
            if (counts[c] > 0 && !validated[c]) {
                throw new UsageException("--transform features compares samples inside a class, but class " + c + " ("
                    + dataset.classNames().get(c) + ") has " + counts[c] + " training samples and no validation sample: raise "
                    + "--validation-samples, or give --transform loss");
            }
        }
    }

    private void mark(int moment) {
        clock.mark(moment);
    }

    /** What a step keeps once its weights are known, before the update. */
    private void afterWeights(Buffer losses, Buffer weights) {
        float scale = options.reduction().equals("mean") ? 1f / options.batch() : 1f;
        device.launch("step_metrics", Launch.block(), losses, weights, metrics, network.step(), halted, options.batch(), ring, scale);
        if (weightRows != null) {
            device.launch("store_row", Launch.elements(options.batch()), weights, weightRows, network.step(), options.batch());
        }
    }

    private int epochs() {
        return (totalSteps + stepsPerEpoch - 1) / stepsPerEpoch;
    }

    /** How the data were split and shifted. */
    public TrainingSplit split() {
        return split;
    }

    /** Ends training after the step that runs now; {@link #run} returns what was reached. From any thread. */
    public void stop() {
        stopping = true;
    }

    /** Milliseconds of every step after warm-up, in order. */
    public double[] stepMillis() {
        return clock.totals();
    }

    /**
     * Takes weighted steps, whatever warm-up says, and says how long each took by the device's clock. After the last of the options' steps
     * it goes on with the first. For {@link StepTimer}: a trainer either runs or is timed. {@code iw} looks weights up and estimates none.
     */
    List<TrainingResult.StepMillis> timeSteps(int count) {
        network.learningRate(schedule.at(1));
        List<TrainingResult.StepMillis> millis = new ArrayList<>();
        while (millis.size() < count) {
            if (timed == totalSteps) {
                device.zero(network.step());
                timed = 0;
            }
            int ran = Math.min(count - millis.size(), Math.min(ring, totalSteps - timed));
            for (int i = 0; i < ran; i++) {
                network.step(false);
            }
            millis.addAll(clock.steps(timed, ran));
            timed += ran;
        }
        return millis;
    }

    /** The losses of the last weighted step, float32 {@code [batch + validation batch]}, those of the training batch first. */
    Buffer lastLosses() {
        return network.weightedLosses();
    }

    /** Trains. Called once. */
    public TrainingResult run(TrainingListener listener) {
        List<EpochReport> reports = new ArrayList<>();
        List<TrainingResult.TraceRow> trace = new ArrayList<>();
        String failure = null;
        int done = 0;
        if (options.method().equals("iw")) {
            network.learningRate(schedule.at(1));
            network.estimateOnce(options.pretrainEpochs(), () -> stopping);
        }
        for (int epoch = 1; done < totalSteps && !stopping && failure == null; epoch++) {
            long start = System.nanoTime();
            int count = Math.min(stepsPerEpoch, totalSteps - done);
            boolean warmup = epoch <= options.warmupEpochs();
            float rate = schedule.at(epoch);
            network.learningRate(rate);
            int ran = 0;
            while (ran < count && !stopping) {
                network.step(warmup);
                ran++;
                listener.step(done + ran, totalSteps);
            }
            double[] seconds = clock.read(done, ran, !warmup || !options.adaptive());
            double trainLoss = readMetrics(done, ran, trace);
            failure = failure(epoch, rate);
            if (failure == null) {
                failure = network.problem();
            }
            boolean evaluate = options.steps() == 0 || done + ran == totalSteps;
            done += ran;
            if (failure == null && (evaluate || stopping) && ran > 0) {
                EpochReport report = report(epoch, rate, trainLoss, seconds, start);
                reports.add(report);
                listener.epoch(report);
            }
        }
        return result(reports, trace, done, failure);
    }

    private double readMetrics(int first, int count, List<TrainingResult.TraceRow> trace) {
        float[] rows = metrics.toFloats();
        double sum = 0;
        for (int s = first; s < first + count; s++) {
            int row = s % ring * METRICS;
            sum += rows[row];
            if (options.trace()) {
                trace.add(new TrainingResult.TraceRow(s, rows[row], rows[row + 1], rows[row + 2], rows[row + 3], rows[row + 4]));
            }
        }
        return sum / count;
    }

    private String failure(int epoch, float rate) {
        int[] flag = halted.toInts();
        if (flag[0] == 0) {
            return null;
        }
        return "the loss or a weight is no longer a finite number at step " + flag[0] + " (epoch " + epoch + ", learning rate " + rate
            + "): try --lr " + rate / 10 + ", or --reduction mean; what was reached before that step is kept";
    }

    private EpochReport report(int epoch, float rate, double trainLoss, double[] seconds, long start) {
        double accuracy = network.testAccuracy();
        float[] weights = network.weights();
        boolean[] mislabelled = split.mislabelled();
        double clean = 0, noisy = 0, squares = 0;
        int cleanCount = 0, atBound = 0;
        for (int i = 0; i < weights.length; i++) {
            if (mislabelled[i]) {
                noisy += weights[i];
            } else {
                clean += weights[i];
                cleanCount++;
            }
            squares += (double) weights[i] * weights[i];
            if (weights[i] >= options.upperBound() * (1 - 1e-6)) {
                atBound++;
            }
        }
        double effective = squares == 0 ? 0 : (clean + noisy) * (clean + noisy) / squares;
        return new EpochReport(epoch, rate, trainLoss, accuracy, clean / cleanCount, noisy / (weights.length - cleanCount),
            effective, (double) atBound / weights.length, seconds[0], seconds[1], (System.nanoTime() - start) * 1e-9);
    }

    private TrainingResult result(List<EpochReport> reports, List<TrainingResult.TraceRow> trace, int done, String failure) {
        List<float[]> rows = new ArrayList<>();
        if (weightRows != null) {
            float[] all = weightRows.toFloats();
            for (int s = 0; s < done; s++) {
                rows.add(Arrays.copyOfRange(all, s * options.batch(), (s + 1) * options.batch()));
            }
        }
        SafeTensors parameters = network.parameters();
        long count = parameters.tensors().values().stream().mapToLong(t -> t.values().length).sum();
        return new TrainingResult(options, dataset.name(), device.name(), split.count(), split.validation().length,
            dataset.test().count(), split.noiseRate(), count, List.copyOf(reports), network.weights(), split.mislabelled(),
            split.labels(), parameters, clock.medians(), List.copyOf(trace), rows, failure, stopping && done < totalSteps);
    }

    @Override
    public void close() {
        network.close();
        clock.close();
        metrics.close();
        if (weightRows != null) {
            weightRows.close();
        }
    }
}
