package io.github.adiw.examples;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingConfig;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.github.adiw.data.Dataset;
import io.github.adiw.data.DownloadListener;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.data.ImageSet;
import io.github.adiw.data.LabelNoise;
import io.github.adiw.data.TrainingSplit;
import io.github.adiw.device.Devices;
import io.github.adiw.weight.ImportanceWeights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Pictures of clothes, of which 40 % have a wrong label, save 1,000 whose labels are right. A network is trained by DJL with PyTorch's
 * engine: with equal weights, and with weights that {@link ImportanceWeights} estimates in every step from the losses of the batch and of
 * pictures with right labels. Both work in the same memory.
 */
public final class DjlExample implements AutoCloseable {
    private static final int PIXELS = 28 * 28;
    private static final int CLASSES = 10;
    private static final int EPOCHS = 20;
    private static final int BATCH = 256;
    private static final int RIGHT = 1_000;
    private static final int SEED = 1;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu());
    private final TrainingSplit split;
    private final Pictures train;
    private final Pictures right;
    private final Pictures test;

    /** Float32 {@code [n, pixels]} in 0 to 1, and int64 {@code [n]}. */
    private record Pictures(NDArray images, NDArray labels) {
        static Pictures of(ImageSet set, NDManager manager) {
            float[] x = new float[set.images().length];
            for (int i = 0; i < x.length; i++) {
                x[i] = (set.images()[i] & 0xff) / 255f;
            }
            return new Pictures(manager.create(x, new Shape(set.count(), PIXELS)),
                manager.create(Arrays.stream(set.labels()).asLongStream().toArray()));
        }

        /** Those with the given numbers, in the memory of one step. */
        Pictures of(NDArray numbers, NDManager step) {
            Pictures chosen = new Pictures(images.get(numbers), labels.get(numbers));
            chosen.images.attach(step);
            chosen.labels.attach(step);
            return chosen;
        }
    }

    /**
     * How a training went.
     *
     * @param accuracies on the test pictures, after every epoch
     * @param right      the mean weight that is remembered of pictures with right labels; 1 without weights
     * @param wrong      of those with wrong ones
     */
    record Outcome(double[] accuracies, double right, double wrong) {
        /** The mean of the last five epochs. */
        double accuracy() {
            return Arrays.stream(accuracies).skip(accuracies.length - 5).average().orElseThrow();
        }
    }

    DjlExample(Dataset clothes) {
        split = TrainingSplit.of(clothes).seed(SEED).validationSamples(RIGHT).shift(new LabelNoise(LabelNoise.Kind.SYMMETRIC, 0.4)).build();
        ImageSet noisy = (ImageSet) split.data();
        train = Pictures.of(noisy, manager);
        right = Pictures.of(noisy.withLabels(split.trueLabels()).gather(split.validation()), manager);
        test = Pictures.of((ImageSet) clothes.test(), manager);
    }

    /** Trains twice, and prints what came of it. */
    public static void main(String[] arguments) {
        Dataset clothes = arguments.length == 0 ? FashionMnist.sample() : FashionMnist.open(Path.of(arguments[0]), DownloadListener.SILENT);
        System.out.println(clothes.description());
        try (DjlExample example = new DjlExample(clothes)) {
            System.out.println(example.split.description());
            for (boolean weighted : new boolean[] {false, true}) {
                Outcome outcome = example.train(weighted);
                System.out.printf(Locale.ROOT, "%-8s  accuracy %.1f %%, weights of right labels %.2f, of wrong ones %.2f%n",
                    weighted ? "weighted" : "uniform", 100 * outcome.accuracy(), outcome.right, outcome.wrong);
            }
        }
    }

    Outcome train(boolean weighted) {
        Engine.getInstance().setRandomSeed(SEED);
        Block network = new SequentialBlock().add(Linear.builder().setUnits(256).build()).add(Activation::relu)
            .add(Linear.builder().setUnits(CLASSES).build());
        TrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss()).optDevices(new Device[] {Device.cpu()})
            .optOptimizer(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.1f)).optMomentum(0.9f).build());
        double[] accuracies = new double[EPOCHS];
        try (Model model = Model.newInstance("clothes", Device.cpu());
             io.github.adiw.device.Device processor = Devices.open("host");
             ImportanceWeights weights = ImportanceWeights.builder(processor, split.count()).batch(BATCH).validationBatch(BATCH)
                 .validationSamples(RIGHT).build()) {
            model.setBlock(network);
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(1, PIXELS));
                for (int epoch = 0; epoch < EPOCHS; epoch++) {
                    // The losses of the first epoch say little about labels yet.
                    trainEpoch(trainer, weighted && epoch > 0 ? weights : null);
                    accuracies[epoch] = accuracy(trainer);
                }
            }
            float[] remembered = weights.memory();
            return new Outcome(accuracies, mean(remembered, false), mean(remembered, true));
        }
    }

    /** A pass over the training pictures; weights are null where all are to be 1. */
    private void trainEpoch(Trainer trainer, ImportanceWeights weights) {
        try (NDManager epoch = manager.newSubManager()) {
            NDArray order = epoch.randomPermutation(split.count());             // int64
            for (long start = 0; start < order.size(); start += BATCH) {
                try (NDManager step = epoch.newSubManager()) {
                    NDArray numbers = order.get(start + ":" + Math.min(start + BATCH, order.size()));
                    NDArray rightNumbers = step.randomInteger(0, RIGHT, new Shape(BATCH), DataType.INT64);
                    numbers.attach(step);
                    Pictures batch = train.of(numbers, step);
                    Pictures reference = right.of(rightNumbers, step);
                    NDArray rightLosses = losses(trainer.evaluate(new NDList(reference.images)), reference.labels);
                    try (GradientCollector gradients = trainer.newGradientCollector()) {
                        NDArray losses = losses(trainer.forward(new NDList(batch.images)), batch.labels);
                        if (weights != null) {
                            ByteBuffer w = ByteBuffer.allocateDirect(Math.toIntExact(4 * losses.size())).order(ByteOrder.nativeOrder());
                            weights.update(longs(numbers), longs(rightNumbers), floats(losses), floats(rightLosses), w.asFloatBuffer());
                            losses = losses.mul(step.create(w, losses.getShape(), DataType.FLOAT32));
                        }
                        gradients.backward(losses.mean());
                    }
                    trainer.step();
                }
            }
        }
    }

    /** The cross entropy of every sample, {@code [n]}: DJL's own loss would be their mean. */
    private static NDArray losses(NDList logits, NDArray labels) {
        return logits.singletonOrThrow().logSoftmax(1).gather(labels.expandDims(1), 1).squeeze(1).neg();
    }

    /** The array's own memory, as long as it is not closed, where it is contiguous and on the processor; else that of a copy. */
    static FloatBuffer floats(NDArray array) {
        return array.toByteBuffer(true).asFloatBuffer();
    }

    /** As {@link #floats}, of int64. */
    static LongBuffer longs(NDArray array) {
        return array.toByteBuffer(true).asLongBuffer();
    }

    private double accuracy(Trainer trainer) {
        try (NDManager evaluation = manager.newSubManager()) {
            NDArray logits = trainer.evaluate(new NDList(test.images)).singletonOrThrow();
            logits.attach(evaluation);
            return logits.argMax(1).eq(test.labels).toType(DataType.FLOAT32, false).mean().getFloat();
        }
    }

    private double mean(float[] weights, boolean wrong) {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < weights.length; i++) {
            if (split.mislabelled()[i] == wrong) {
                sum += weights[i];
                count++;
            }
        }
        return sum / count;
    }

    @Override
    public void close() {
        manager.close();
    }
}
