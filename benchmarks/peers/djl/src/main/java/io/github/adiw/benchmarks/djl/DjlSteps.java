package io.github.adiw.benchmarks.djl;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/**
 * LeNet's training step in DJL with libtorch on the processor, timed on command, as {@code benchmarks/peers/steps.py} times PyTorch's.
 *
 * <pre>
 * cd benchmarks/peers/djl/target
 * java -cp "classes:lib/*" io.github.adiw.benchmarks.djl.DjlSteps DATA INIT BATCH THREADS
 * </pre>
 *
 * DATA is a folder with Fashion-MNIST's files, of which the first 10,000 images are taken, with 40 % symmetric label noise; INIT a
 * safetensors file with LeNet's parameters. Commands on standard input, each answered by one line of JSON: {@code run uniform STEPS}, and
 * {@code quit}. A step is forward, backward and update of a batch, by DJL's own trainer: SGD at 1e-5, weight decay 1e-4, sum-reduced. The
 * pool comes before the ReLU, which gives the same numbers for a quarter of the work. With {@code -Dprocessor-time=true} times are those
 * for which the processor worked for this thread, which is all of a step where there is one thread.
 */
public final class DjlSteps {
    private static final int N = 10_000;
    private static final int CLEAN = 1_000;
    private static final int CLASSES = 10;
    private static final int SIDE = 28;
    private static final int WARM = 3;
    private static final List<String> PARAMETERS = List.of("conv1", "conv2", "fc1", "fc2", "fc3");

    private final NDManager manager;
    private final Trainer trainer;
    private final Loss loss = new SoftmaxCrossEntropyLoss("loss", 1, -1, true, true);
    private final NDArray images;
    private final NDArray labels;
    private final int batch;
    private final Random random = new Random(1);
    private int[] order = new int[0];
    private int at;

    private DjlSteps(NDManager manager, Trainer trainer, NDArray images, NDArray labels, int batch) {
        this.manager = manager;
        this.trainer = trainer;
        this.images = images;
        this.labels = labels;
        this.batch = batch;
    }

    public static void main(String[] arguments) throws IOException {
        int batch = Integer.parseInt(arguments[2]);
        System.setProperty("ai.djl.pytorch.num_threads", arguments[3]);
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        System.setProperty("OPT_OUT_TRACKING", "true");
        try (NDManager manager = NDManager.newBaseManager(); Model model = Model.newInstance("lenet")) {
            model.setBlock(leNet());
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(Optimizer.sgd().setLearningRateTracker(Tracker.fixed(1e-5f)).optWeightDecays(1e-4f).build());
            try (Trainer trainer = model.newTrainer(config)) {
                trainer.initialize(new Shape(batch, 1, SIDE, SIDE));
                initialize(model, Path.of(arguments[1]));
                DjlSteps steps = new DjlSteps(manager, trainer, images(manager, Path.of(arguments[0])),
                    labels(manager, Path.of(arguments[0])), batch);
                answer(String.format(Locale.ROOT, "{\"torch\": \"%s by DJL\", \"threads\": %s, \"layouts\": {\"uniform\": \"plain\"}}",
                    Engine.getInstance().getVersion(), arguments[3]));
                BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
                for (String line = commands.readLine(); line != null && !line.equals("quit"); line = commands.readLine()) {
                    answer(steps.run(Integer.parseInt(line.split(" ")[2])));
                }
            }
        }
    }

    private static SequentialBlock leNet() {
        return new SequentialBlock()
            .add(Conv2d.builder().setFilters(6).setKernelShape(new Shape(5, 5)).optPadding(new Shape(2, 2)).build())
            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2))).add(Activation.reluBlock())
            .add(Conv2d.builder().setFilters(16).setKernelShape(new Shape(5, 5)).build())
            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2))).add(Activation.reluBlock()).add(Blocks.batchFlattenBlock())
            .add(Linear.builder().setUnits(120).build()).add(Activation.reluBlock()).add(Linear.builder().setUnits(84).build())
            .add(Activation.reluBlock()).add(Linear.builder().setUnits(CLASSES).build());
    }

    /** The float32 tensors of a safetensors file, which lie in the order of the network's parameters whatever they are called there. */
    private static void initialize(Model model, Path file) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int start = 8 + (int) content.getLong(0);
        String header = new String(content.array(), 8, start - 8, StandardCharsets.UTF_8);
        int index = 0;
        for (var pair : model.getBlock().getParameters()) {
            Parameter parameter = pair.getValue();
            String name = PARAMETERS.get(index / 2) + (index % 2 == 0 ? ".weight" : ".bias");
            Matcher found = Pattern.compile("\"" + Pattern.quote(name) + "\":\\s*\\{[^}]*\"data_offsets\":\\s*\\[(\\d+),\\s*(\\d+)]")
                .matcher(header);
            if (!found.find()) {
                throw new IOException(file + " has no tensor " + name);
            }
            int from = Integer.parseInt(found.group(1));
            float[] values = new float[(Integer.parseInt(found.group(2)) - from) / 4];
            content.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(start + from).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
                .get(values);
            parameter.getArray().set(values);
            index++;
        }
    }

    private static byte[] idx(Path folder, String name, int header) throws IOException {
        Path plain = folder.resolve(name);
        try (InputStream in = Files.exists(plain)
            ? Files.newInputStream(plain) : new GZIPInputStream(Files.newInputStream(folder.resolve(name + ".gz")))) {
            in.readNBytes(header);
            return in.readAllBytes();
        }
    }

    private static NDArray images(NDManager manager, Path folder) throws IOException {
        byte[] pixels = idx(folder, "train-images-idx3-ubyte", 16);
        float[] values = new float[N * SIDE * SIDE];
        for (int i = 0; i < values.length; i++) {
            values[i] = (pixels[i] & 255) / 255f;
        }
        return manager.create(values, new Shape(N, 1, SIDE, SIDE));
    }

    private static NDArray labels(NDManager manager, Path folder) throws IOException {
        byte[] truth = idx(folder, "train-labels-idx1-ubyte", 8);
        Random noise = new Random(2);
        long[] values = new long[N];
        Arrays.setAll(values, i -> i < CLEAN || noise.nextDouble() >= 0.4
            ? truth[i] : (truth[i] + 1 + noise.nextInt(CLASSES - 1)) % CLASSES);
        return manager.create(values);
    }

    private String run(int steps) {
        double[] millis = new double[WARM + steps];
        for (int step = 0; step < millis.length; step++) {
            long start = nanos();
            step();
            millis[step] = (nanos() - start) * 1e-6;
        }
        return "{\"method\": \"uniform\", \"millis\": [" + Arrays.stream(millis).skip(WARM)
            .mapToObj(ms -> String.format(Locale.ROOT, "%.4f", ms)).collect(Collectors.joining(", ")) + "]}";
    }

    private static long nanos() {
        return Boolean.getBoolean("processor-time") ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime();
    }

    private void step() {
        try (NDManager own = manager.newSubManager()) {
            NDArray rows = own.create(rows());
            try (GradientCollector collector = trainer.newGradientCollector()) {
                NDArray x = images.get(rows);
                NDArray y = labels.get(rows);
                x.attach(own);
                y.attach(own);
                NDList predicted = trainer.forward(new NDList(x));
                predicted.attach(own);
                NDArray mean = loss.evaluate(new NDList(y), predicted);
                mean.attach(own);
                NDArray sum = mean.mul(batch);
                sum.attach(own);
                collector.backward(sum);
            }
            trainer.step();
        }
    }

    /** Without replacement within an epoch. */
    private long[] rows() {
        if (at + batch > order.length) {
            order = IntStream.range(0, N).toArray();
            for (int i = N - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                int swapped = order[i];
                order[i] = order[j];
                order[j] = swapped;
            }
            at = 0;
        }
        at += batch;
        return Arrays.stream(order, at - batch, at).asLongStream().toArray();
    }

    private static void answer(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
