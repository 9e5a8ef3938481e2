package io.github.adiw.train;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.BatchOrder;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.data.Shift;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.nn.LearningRateSchedule;
import io.github.adiw.weight.WeightEstimator;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains a network with importance weights estimated batch by batch: dynamic importance weighting (DIW, Fang et al.,
 * NeurIPS 2020), its accelerated form (ADIW, Fang et al., arXiv 2605.25499), or uniform weights.
 *
 * <p>A step is recorded once and replayed; everything that changes from step to step lives on the device, and nothing is
 * copied back before the epoch ends. One thread.
 */
public final class Trainer implements AutoCloseable {
    private final Device device;
    private final Dataset dataset;
    private final TrainingOptions options;
    private final TrainingSplit split;
    private final int stepsPerEpoch;
    private final int totalSteps;
    private final LearningRateSchedule schedule;
    private final TrainingParts parts;
    private final Map<String, String> settings;
    private final List<EpochReport> reports = new ArrayList<>();
    private final List<TrainingResult.TraceRow> trace = new ArrayList<>();
    /** Steps made, and those among them whose times have been read. */
    private int done, read;
    /** Epochs completed: all their steps made, their metrics read. */
    private int completed;
    /** Of the epoch that is not completed: seconds in estimation and training, and when it began by {@link System#nanoTime}. */
    private double estimation, training;
    private long began;
    /** Whether the above say how far the run is. */
    private boolean begun;
    private int timed;
    private volatile boolean stopping;

    /**
     * Prepares everything: splits the data, applies the shift, allocates all device memory, records the steps. If it fails, nothing of it
     * stays allocated.
     *
     * @param device  where to train; it stays the caller's to close
     * @param dataset training and test samples
     * @throws UsageException if the options do not fit the data
     * @throws AdiwException  if a file that they name is missing or broken, or the device has too little memory
     */
    public Trainer(Device device, Dataset dataset, TrainingOptions options) {
        this(device, dataset, options, true);
    }

    /** @param evaluates whether memory for the evaluation is allocated now, too: steps alone do without */
    Trainer(Device device, Dataset dataset, TrainingOptions options, boolean evaluates) {
        this.device = UsageException.given("device", device);
        this.dataset = UsageException.given("dataset", dataset);
        this.options = UsageException.given("options", options);
        this.settings = new LinkedHashMap<>(options.identity());
        options.augmentation().requireFor(dataset.train());
        this.split = split(dataset, options);
        this.stepsPerEpoch = split.count() / options.batch();
        if (stepsPerEpoch == 0) {
            throw UsageException.of("batch", "batch " + options.batch() + " is more than the " + split.count()
                + " training samples: an epoch would have no step");
        }
        this.totalSteps = options.steps() > 0 ? options.steps() : steps(options.epochs(), stepsPerEpoch);
        this.schedule = LearningRateSchedule.parse(options.schedule(), options.learningRate(), epochs())
            .warmedUp(options.learningRateWarmupEpochs());
        int[] trainOrder = order(options.trainOrder(), options.batch());
        int[] validationOrder = order(options.validationOrder(), options.validationBatch());
        if (options.insideClasses()) {
            split.requireEveryClass(validationOrder == null ? split.validation() : validationOrder);
        }
        this.parts = TrainingParts.create(device, dataset, split, options, new TrainingParts.Orders(trainOrder, validationOrder),
            Math.min(stepsPerEpoch, totalSteps), totalSteps, evaluates);
    }

    private static TrainingSplit split(Dataset dataset, TrainingOptions options) {
        TrainingSplit.Builder builder = TrainingSplit.of(dataset).seed(options.seed()).validationSamples(options.validationSamples());
        if (options.trainSamples() > 0) {
            builder.trainSamples(options.trainSamples());
        }
        if (options.labels() != null) {
            builder.labels(options.labels());
        } else {
            builder.shift(Shift.parse(options.shift()));
        }
        return builder.build();
    }

    private static int steps(int epochs, int stepsPerEpoch) {
        int most = Integer.MAX_VALUE / stepsPerEpoch;
        if (epochs > most) {
            throw UsageException.of("epochs", "epochs must be at most " + most + " where an epoch has " + stepsPerEpoch + " steps, not "
                + epochs);
        }
        return epochs * stepsPerEpoch;
    }

    private int[] order(Path file, int batch) {
        return file == null ? null : BatchOrder.read(file, split, dataset.train().count(), totalSteps, batch);
    }

    private int epochs() {
        return (totalSteps + stepsPerEpoch - 1) / stepsPerEpoch;
    }

    /** How the data were split and shifted. */
    public TrainingSplit split() {
        return split;
    }

    /**
     * Everything that this run must have to go on: buffers on the device by name ({@code parameters.conv1.weight},
     * {@code optimizer.mean}, {@code weighting.memory}, {@code step}, ...). Where they are filled with what those of another trainer of
     * the same options and data held, {@link #run} goes on from there as that one would, bit by bit. The buffers are this object's to
     * close.
     */
    public Map<String, Buffer> state() {
        return Collections.unmodifiableMap(parts.state());
    }

    /** Ends training after the step that runs now; {@link #run} returns what was reached. From any thread. */
    public void stop() {
        stopping = true;
    }

    /** Milliseconds of every step after warm-up, in order. */
    public double[] stepMillis() {
        return parts.clock().totals();
    }

    /**
     * Takes weighted steps, whatever warm-up says, and says how long each took by the device's clock. After the last of the options' steps
     * it goes on with the first. For {@link StepTimer}: a trainer either runs or is timed. {@code iw} looks weights up and estimates none.
     */
    List<TrainingResult.StepMillis> timeSteps(int count) {
        parts.model().learningRate(schedule.at(1));
        List<TrainingResult.StepMillis> millis = new ArrayList<>();
        while (millis.size() < count) {
            if (timed == totalSteps) {
                device.zero(parts.model().step());
                timed = 0;
            }
            int ran = Math.min(count - millis.size(), Math.min(Math.min(stepsPerEpoch, totalSteps), totalSteps - timed));
            for (int i = 0; i < ran; i++) {
                parts.step().run();
            }
            millis.addAll(parts.clock().steps(timed, ran));
            timed += ran;
        }
        return millis;
    }

    /**
     * The losses that weights were estimated from in the last weighted step, float32 {@code [batch + validation batch]}, those of the
     * training batch first.
     */
    Buffer lastLosses() {
        return parts.step().losses();
    }

    /**
     * What has been reached, for {@link #restore} of another trainer: before or after {@link #run}, or in one of the calls to its listener.
     * Waits for the step that runs. Not after training has failed.
     */
    public Checkpoint checkpoint() {
        begin();
        readTimes();
        Checkpoint.Progress progress = new Checkpoint.Progress(done, totalSteps, completed, estimation, training,
            seconds(), reports.stream().filter(report -> report.epoch() <= completed).toList(),
            trace.stream().filter(row -> row.step() < completed * stepsPerEpoch).toList(), parts.clock().totals(),
            parts.clock().estimations(), parts.clock().estimationForwards());
        return Checkpoint.of(parts.state(), progress, settings(), split.identity());
    }

    private Map<String, String> settings() {
        settings.computeIfAbsent("data", name -> dataset.identity());      // takes a while, and not every run is saved
        return settings;
    }

    /**
     * Takes over what another trainer had reached; {@link #run} goes on from there, and its result holds all epochs. To be called before
     * {@link #run}.
     *
     * @throws UsageException if that trainer had other options or other data
     */
    public void restore(Checkpoint checkpoint) {
        UsageException.given("checkpoint", checkpoint);
        Map<String, String> wanted = settings();
        wanted.forEach((name, now) -> {
            String before = checkpoint.settings().get(name);
            if (!now.equals(before)) {
                throw UsageException.of(name, name + " was " + before + " in the checkpoint, and is " + now);
            }
        });
        if (!checkpoint.split().equals(split.identity())) {
            throw new AdiwException("the checkpoint is of the split " + checkpoint.split() + ", and this is " + split.identity());
        }
        checkpoint.restore(parts.state());
        Checkpoint.Progress progress = checkpoint.progress();
        done = Math.toIntExact(progress.step());
        read = done;
        completed = progress.epochs();
        reports.addAll(progress.reports());
        trace.addAll(progress.trace());
        parts.clock().restore(progress.totals(), progress.estimations(), progress.estimationForwards());
        beginEpoch(progress.estimation(), progress.training(), progress.seconds());
        begun = true;
    }

    /**
     * Trains, from the step that the {@link #state} has come to. Called once.
     *
     * @throws AdiwException if the training that the method {@code iw} begins with diverges
     */
    public TrainingResult run(TrainingListener listener) {
        UsageException.given("listener", listener);
        begin();
        if (done == 0) {
            parts.model().learningRate(schedule.at(1));
            parts.weighting().prepare(() -> stopping);
        }
        String failure = null;
        while (completed < epochs() && !stopping && failure == null) {
            int epoch = completed + 1;
            int first = completed * stepsPerEpoch;
            int end = Math.min(first + stepsPerEpoch, totalSteps);
            TrainingStep step = warmingUp() ? parts.warmUp() : parts.step();
            float rate = schedule.at(epoch);
            parts.model().learningRate(rate);
            while (done < end && !stopping) {
                step.run();
                done++;
                listener.step(done, totalSteps);
            }
            readTimes();
            List<TrainingResult.TraceRow> rows = parts.metrics().read(first, done - first);
            if (options.trace()) {
                trace.addAll(rows);
            }
            failure = failure(epoch, rate);
            boolean evaluate = failure == null && done > first && (options.steps() == 0 || done == totalSteps || stopping);
            EpochReport report = evaluate ? report(epoch, rate, trainLoss(rows)) : null;
            if (failure == null && done == end) {
                completed = epoch;
                beginEpoch(0, 0, 0);
            }
            if (report != null) {
                reports.add(report);
                listener.epoch(report);
            }
            if (completed == epoch) {
                listener.completed(epoch);
            }
        }
        return result(failure);
    }

    /** Where the state was filled from outside, what is known of the run begins with the epoch that its step is in. */
    private void begin() {
        if (!begun) {
            done = Math.toIntExact(parts.model().steps());
            read = done;
            completed = done / stepsPerEpoch;
            beginEpoch(0, 0, 0);
            begun = true;
        }
    }

    /** @param seconds those in estimation and in training are among them */
    private void beginEpoch(double secondsEstimation, double secondsTraining, double seconds) {
        estimation = secondsEstimation;
        training = secondsTraining;
        began = System.nanoTime() - (long) (seconds * 1e9);
    }

    /** Whether the method has weights, and every epoch is a warm-up epoch, which uses none. */
    public boolean warmUpOnly() {
        return options.adaptive() && options.warmupEpochs() >= epochs();
    }

    private boolean warmingUp() {
        return options.adaptive() && completed < options.warmupEpochs();
    }

    private void readTimes() {
        if (done > read) {
            double[] seconds = parts.clock().read(read, done - read, !warmingUp());
            estimation += seconds[0];
            training += seconds[1];
            read = done;
        }
    }

    private static double trainLoss(List<TrainingResult.TraceRow> rows) {
        double sum = 0;
        for (TrainingResult.TraceRow row : rows) {
            sum += row.trainLoss();
        }
        return sum / rows.size();
    }

    private String failure(int epoch, float rate) {
        int step = parts.model().halted().toInts()[0];
        return step == 0 ? unestimated() : "the loss or a weight is no longer a finite number at step " + step + " (epoch "
            + epoch + ", learning rate " + written(rate, 0) + "): try learningRate=" + written(rate, 1)
            + (options.reduction().equals("sum") ? " or reduction=mean" : "") + "; what was reached before that step is kept";
    }

    /** Of which step the weights could not be estimated, and why; null if of none. */
    private String unestimated() {
        WeightEstimator estimator = parts.weighting().estimator();
        if (estimator == null) {
            return null;
        }
        StepMetrics.Failure first = parts.metrics().failure(estimator);
        if (first == null) {
            return estimator.problem();      // what only a divergence of somebody else's own knows, of the last step
        }
        return "at step " + first.step() + " (epoch " + ((first.step() - 1) / stepsPerEpoch + 1) + ") " + first.reason();
    }

    /** A rate over a power of ten, as people write it: 0.03, 3e-5. */
    static String written(float rate, int tenths) {
        BigDecimal value = new BigDecimal(Float.toString(rate)).movePointLeft(tenths).stripTrailingZeros();
        int exponent = value.precision() - value.scale() - 1;
        return exponent >= -3 && exponent < 6 ? value.toPlainString() : value.movePointLeft(exponent).toPlainString() + "e" + exponent;
    }

    private double seconds() {
        return (System.nanoTime() - began) * 1e-9;
    }

    private EpochReport report(int epoch, float rate, double trainLoss) {
        double accuracy = parts.evaluation().accuracy();
        float[] weights = parts.weighting().memory().toFloats();
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
            if (weights[i] >= options.estimation().upperBound() * (1 - 1e-6)) {
                atBound++;
            }
        }
        double effective = squares == 0 ? 0 : (clean + noisy) * (clean + noisy) / squares;
        return new EpochReport(epoch, rate, trainLoss, accuracy, clean / cleanCount, noisy / (weights.length - cleanCount),
            effective, (double) atBound / weights.length, estimation, training, seconds());
    }

    /** Of the steps that this run takes. */
    private TrainingResult.GraphNodes graphNodes() {
        boolean uniform = !options.adaptive() || options.warmupEpochs() > 0;
        boolean weighted = options.adaptive() && !warmUpOnly();
        return new TrainingResult.GraphNodes(uniform ? parts.warmUp().nodes() : null, weighted ? parts.step().nodes() : null);
    }

    private TrainingResult result(String failure) {
        return TrainingResult.of(options).dataset(dataset.name()).device(device.name()).trainSamples(split.count())
            .validationSamples(split.validation().length).testSamples(dataset.test().count()).actualNoiseRate(split.noiseRate())
            .parameterCount(parts.model().parameters().trainable()).epochs(reports).weights(parts.weighting().memory().toFloats())
            .mislabelled(split.mislabelled())
            .labels(split.labels()).parameters(parts.model().parameters().save()).stepMillis(parts.clock().medians())
            .graphNodes(graphNodes()).trace(trace)
            .weightsTrace(parts.metrics().weights(done)).failure(failure).interrupted(stopping && done < totalSteps).build();
    }

    @Override
    public void close() {
        parts.close();
    }
}
