package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.CifarFiles;
import io.github.adiw.data.file.Npy;
import io.github.adiw.device.Device;
import io.github.adiw.nn.Model;
import io.github.adiw.nn.Parameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong ends with one sentence, the right exit code, no stack trace and nothing half-written. */
class BadInputTest {
    @TempDir
    static Path shared;
    private static Path data;
    private static Path floats;

    @TempDir
    Path folder;

    @BeforeAll
    static void small() throws IOException {
        assumeFalse(DeviceMatrix.slow(), "what is refused before any work is refused on every device");
        data = Cli.smallData(shared.resolve("data"), 300, 50);
        floats = shared.resolve("good.npy");
        Npy.write(floats, new float[] {0.1f, 0.5f, 0.9f, 1.4f}, 4);
    }

    private Path output() {
        return folder.resolve("out");
    }

    /** Runs, and checks what holds for every mistake; gives the sentence. */
    private String refused(int code, String... args) {
        TreeSet<String> before = Cli.files(folder);
        Cli run = Cli.run(args);
        assertThat(run.code()).as("exit code of %s; stderr: %s", Arrays.toString(args), run.err()).isEqualTo(code);
        assertThat(run.complaints()).as("stderr: %s", run.err()).hasSize(1);
        assertThat(run.err()).doesNotContain("\tat ").doesNotContain("Exception");
        assertThat(run.out()).isEmpty();
        assertThat(Cli.files(folder)).isEqualTo(before);
        assertThat(output()).doesNotExist();
        return run.complaints().get(0);
    }

    @Test
    void startsBelowZeroAndEmptyNames() {
        Path start = shared.resolve("negative.npy");
        Npy.write(start, new float[] {1, 1, -3, 1}, 4);
        for (String method : new String[] {"km", "w1", "kl-direct", "ls-direct", "kmm-exact"}) {
            assertThat(
                refused(1, "weights", "--method", method, "--train", floats.toString(), "--validation", floats.toString(), "--output",
                    output() + ".npy", "--initial", start.toString()))
                .contains("negative.npy has -3.0 at index [2], and weights of at least 0");
        }
        assertThat(
            refused(2, "weights", "--method", "km", "--train", "", "--validation", floats.toString(), "--output", output() + ".npy"))
            .contains("the name of a file is empty");
        assertThat(refused(2, "weights", "--method", "km", "--train", floats.toString(), "--validation", floats.toString(), "--output", ""))
            .contains("the name of a file is empty");
    }

    private String train(int code, String line, Object... more) {
        String[] base = Cli
            .args("train --device " + DeviceMatrix.name() + " --data " + data + " --validation-samples 64 --validation-batch 32"
                + " --batch 32 --epochs 1 --output " + output());
        return refused(code, override(base, Cli.args(line, more)));
    }

    private String weights(int code, String line, Object... more) {
        String[] base = Cli.args("weights --method km --device " + DeviceMatrix.name() + " --train " + floats + " --validation " + floats
            + " --output " + output() + ".npy");
        return refused(code, override(base, Cli.args(line, more)));
    }

    /** Puts the options of {@code changes} into the place of those in {@code base}. */
    private static String[] override(String[] base, String[] changes) {
        List<String> all = new java.util.ArrayList<>(Arrays.asList(base));
        for (int i = 0; i < changes.length; i++) {
            int at = all.indexOf(changes[i]);
            if (at >= 0 && changes[i].startsWith("--")) {
                all.set(at + 1, changes[++i]);
            } else {
                all.add(changes[i]);
            }
        }
        return all.toArray(String[]::new);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--epochs 0 | --epochs must be at least 1, not 0", "--epochs -3 | -3",
        "--epochs 2147483647 --batch 10 | --epochs must be at most", "--batch 0 | --batch", "--batch -1 | --batch",
        "--validation-batch 0 | --validation-batch", "--validation-samples 0 | --validation-samples", "--steps 0 | --steps",
        "--steps -1 | --steps", "--train-samples 0 | --train-samples", "--train-samples -5 | --train-samples", "--lr 0 | --lr",
        "--lr -1e-3 | --lr", "--lr NaN | --lr", "--lr Infinity | --lr", "--lr fast | fast", "--weight-decay -1 | --weight-decay",
        "--eta 0 | --eta", "--estimation-steps 0 | --estimation-steps", "--upper-bound 0.5 | --upper-bound",
        "--warmup-epochs -1 | --warmup-epochs",
        "--momentum 1 | --momentum", "--threads 0 | --threads", "--threads -2 | --threads", "--seed one | one", "--batch 2.5 | 2.5",
        "--noise symmetric:1 | 0 <= R < 1", "--noise symmetric:-0.1 | 0 <= R < 1", "--noise pair:1.5 | 0 <= R < 1",
        "--noise symmetric:x | x",
        "--noise symmetric | symmetric:R", "--noise salt:0.4 | symmetric:R", "--method km2 | uniform, diw, adiw-km",
        "--model resnet | lenet",
        "--model mlp: | mlp", "--model mlp:0 | mlp", "--model mlp:64,x | mlp", "--dataset mnist | fashion-mnist",
        "--optimizer rms | sgd, adam",
        "--reduction max | sum, mean", "--precision fp16 | fp32, tf32", "--lr-schedule linear | step:EPOCHS:FACTOR",
        "--lr-schedule step:0:0.1 | step:0:0.1", "--lr-schedule milestones:5,3:0.1 | has the epoch 3 behind 5",
        "--lr-schedule milestones:5:x | has \"x\" where a factor was expected",
        "--lr-warmup-epochs -1 | --lr-warmup-epochs must be at least 0",
        "--augment rotate | --augment rotate is not known: choose one of none, crop-flip",
        "--bandwidth wide | median", "--bandwidth diw:2 | diw:2", "--bandwidth gamma:0 | gamma:0",
        "--device gpu | auto, cuda, cuda:N, host, simt",
        "--device cuda:x | auto, cuda, cuda:N, host, simt", "--device cuda:N | cuda:0", "--batch 1000 | 300", "--train-samples 1000 | 300",
        "--validation-samples 1000 | 300", "--frobnicate 1 | --frobnicate", "--nesterov | momentum",
        "--transform logits | loss, features", "--transform features --validation-samples 8 --validation-batch 8 | no validation sample"})
    void training(String options, String named) {
        assertThat(train(2, options)).contains(named);
    }

    @Test
    void nearestNameIsSuggested() {
        assertThat(train(2, "--method adiw-kn")).contains("did you mean adiw-km?");
        assertThat(train(2, "--metod diw")).contains("--method");
        assertThat(refused(2, "trian")).contains("train");
    }

    @Test
    void somethingIsMissing() {
        assertThat(refused(2, "train", "--epochs", "1")).contains("--output");
        assertThat(refused(2, "weights", "--method", "km")).contains("--train");
        assertThat(Cli.run().code()).isEqualTo(2);
    }

    @Test
    void methodTwiceOrUnknownInComparison() {
        String[] base = Cli.args("compare --device " + DeviceMatrix.name() + " --data " + data + " --output " + output());
        assertThat(refused(2, override(base, Cli.args("--methods uniform,uniform")))).contains("twice");
        assertThat(refused(2, override(base, Cli.args("--methods uniform,dwi")))).contains("uniform, diw, adiw-km");
    }

    @Test
    void dataAreMissing() {
        assertThat(train(1, "--data", folder.resolve("nowhere"))).contains("nowhere");
    }

    @ParameterizedTest
    @CsvSource({"train-images-idx3-ubyte, -1", "train-labels-idx1-ubyte, -1", "t10k-images-idx3-ubyte, -1", "t10k-labels-idx1-ubyte, -1",
        "train-images-idx3-ubyte, 3", "t10k-labels-idx1-ubyte, 0"})
    void dataAreTruncated(String file, int keep) throws IOException {
        Path broken = Cli.smallData(folder.resolve("broken"), 300, 50);
        byte[] bytes = Files.readAllBytes(broken.resolve(file));
        Files.write(broken.resolve(file), Arrays.copyOf(bytes, keep < 0 ? bytes.length + keep : keep));
        assertThat(train(1, "--data", broken)).contains(file);
    }

    @ParameterizedTest
    @CsvSource({"train-images-idx3-ubyte, 3, 9", "train-labels-idx1-ubyte, 3, 3", "train-labels-idx1-ubyte, 20, 77",
        "train-images-idx3-ubyte, 7, 5"})
    void dataAreCorrupt(String file, int at, int value) throws IOException {
        Path broken = Cli.smallData(folder.resolve("broken"), 300, 50);
        byte[] bytes = Files.readAllBytes(broken.resolve(file));
        bytes[at] = (byte) value;
        Files.write(broken.resolve(file), bytes);
        assertThat(train(1, "--data", broken)).contains("train-");
    }

    @Test
    void cifarIsBroken() throws IOException {
        Path cifar = CifarFiles.writeTen(folder.resolve("cifar"), 300, 50);
        Path batch = cifar.resolve("data_batch_1.bin");
        byte[] good = Files.readAllBytes(batch);
        Npy.write(folder.resolve("labels.npy"), new int[299], 299);
        assertThat(train(1, "--dataset cifar-10 --data " + cifar + " --labels " + folder.resolve("labels.npy")))
            .contains("labels.npy has 299 labels, and 300 (one a row of the training file) was expected");
        assertThat(train(1, "--dataset cifar-100 --data " + cifar)).contains("there is no train.bin in " + cifar, "CIFAR-100");
        Files.write(batch, Arrays.copyOf(good, good.length - 1000));
        assertThat(train(1, "--dataset cifar-10 --data " + cifar)).contains("data_batch_1.bin is broken", "truncated");
        good[0] = 77;
        Files.write(batch, good);
        assertThat(train(1, "--dataset cifar-10 --data " + cifar)).contains("the label of image 0 is 77, and 0 to 9 was expected");
        Files.delete(batch);
        assertThat(train(1, "--dataset cifar-10 --data " + cifar)).contains("there is no data_batch_*.bin in " + cifar);
        assertThat(train(1, "--dataset cifar-10 --data " + data)).contains("the binary version of CIFAR-10 was expected there");
    }

    @Test
    void compressedDataAreCorrupt() throws IOException {
        Path broken = Cli.smallData(folder.resolve("broken"), 300, 50);
        Files.delete(broken.resolve("train-labels-idx1-ubyte"));
        Files.write(broken.resolve("train-labels-idx1-ubyte.gz"), new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 42, 42});
        assertThat(train(1, "--data", broken)).contains("train-labels-idx1-ubyte.gz");
    }

    @Test
    void labelsFromAFile() {
        Path labels = folder.resolve("labels.npy");
        assertThat(train(1, "--labels", labels)).contains("labels.npy");
        int[] values = new int[300];
        values[7] = 10;
        Npy.write(labels, values, 300);
        assertThat(train(1, "--labels", labels)).contains("label 10").contains("index 7");
        Npy.write(labels, new int[299], 299);
        assertThat(train(1, "--labels", labels)).contains("299");
        Npy.write(labels, new float[300], 300);
        assertThat(train(1, "--labels", labels)).contains("float32");
    }

    @Test
    void orderFiles() {
        Path order = folder.resolve("order.npy");
        int[] rows = new int[2 * 32];
        Npy.write(order, rows, 2, 32);
        assertThat(train(1, "--steps 3 --train-order", order)).contains("order.npy");
        assertThat(train(2, "--train-order", order)).contains("--steps");
        rows[5] = 300;
        Npy.write(order, rows, 2, 32);
        assertThat(train(1, "--steps 2 --train-order", order)).contains("300");
        Npy.write(order, new int[2 * 16], 2, 16);
        assertThat(train(1, "--steps 2 --validation-order", order)).contains("16");
    }

    @Test
    void initialParameters() throws IOException {
        Path file = folder.resolve("m.safetensors");
        assertThat(train(1, "--init", file)).endsWith("cannot read " + file + ": there is no such file");
        assertThat(train(1, "--data " + folder.resolve("nowhere") + " --init", file)).as("before the data are looked for")
            .contains("m.safetensors");
        Files.writeString(file, "not a tensor");
        assertThat(train(1, "--init", file)).contains("m.safetensors");
        for (String model : List.of("mlp:4", "lenet", "resnet18")) {
            try (Device device = DeviceMatrix.open();
                 Parameters others = Model.parse(model, 1, 28, 28, 10).parameters(device)) {
                others.save().write(file);
            }
            String complaint = train(1, "--model resnet20 --init", file);
            assertThat(complaint).as(model).contains(switch (model) {
                case "mlp:4" -> "the tensor conv1.weight [16, 1, 3, 3] is missing from " + file + ", where fc1.weight is instead";
                case "lenet" -> "the tensor conv1.weight of " + file + " has the shape [6, 1, 5, 5], but the model's is [16, 1, 3, 3]";
                default -> "the tensor conv1.weight of " + file + " has the shape [64, 1, 7, 7], but the model's is [16, 1, 3, 3]";
            });
        }
    }

    @Test
    void oneValueAChannelHasNoVariance() {
        assertThat(train(2, "--model resnet18 --batch 1 --method uniform")).contains("--batch 1 leaves one value a channel");
        assertThat(train(2, "--model resnet18 --validation-batch 1 --batch 2 --method reweight"))
            .contains("--validation-batch 1 leaves one value a channel");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "compare"})
    void outputCannotBeWritten(String command) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        String[] args = Cli.args(command + " --device " + DeviceMatrix.name() + " --data " + data + " --epochs 1 --output",
            file.resolve("below"));
        assertThat(refused(1, args)).contains("is not a folder");
        args[args.length - 1] = "/proc/adiw-results";
        assertThat(refused(1, args)).contains("/proc/adiw-results");
        assertThat(file).hasContent("mine");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--steps 0 | --steps", "--steps -1 | --steps", "--eta 0 | --eta", "--eta -1 | --eta", "--upper-bound 0 | --upper-bound",
        "--method kl2 | km, kmm-exact", "--bandwidth diw:-1 | diw:-1", "--bandwidth gamma:-2 | gamma:-2", "--bandwidth big | median",
        "--device tpu | auto, cuda, cuda:N, host, simt"})
    void weightOptions(String options, String named) {
        assertThat(weights(2, options)).contains(named);
    }

    @Test
    void weightData() {
        Path bad = folder.resolve("bad.npy");
        assertThat(weights(1, "--train", bad)).contains("bad.npy");
        Npy.write(bad, new float[] {1, Float.NaN, 2}, 3);
        assertThat(weights(1, "--train", bad)).contains("bad.npy, row 1 (from 0)", "NaN");
        Npy.write(bad, new double[] {1, 2, Double.POSITIVE_INFINITY}, 3);
        assertThat(weights(1, "--validation", bad)).contains("Infinity");
        Npy.write(bad, new double[] {1, 2, 1e300}, 3);
        assertThat(weights(1, "--steps 5 --train", bad)).contains("too large");
        Npy.write(bad, new float[] {1, 2, 3, 4}, 2, 2);
        assertThat(weights(1, "--train", bad)).contains("bad.npy has 2 columns");
        Npy.write(bad, new float[] {1, 2, 3, 4}, 1, 2, 2);
        assertThat(weights(1, "--train", bad)).contains("[1, 2, 2]");
        Npy.write(bad, new float[0], 0);
        assertThat(weights(1, "--validation", bad)).contains("empty");
    }

    @Test
    void initialWeights() {
        Path initial = folder.resolve("initial.npy");
        Npy.write(initial, new float[] {1, 1, 1}, 3);
        assertThat(weights(1, "--initial", initial)).contains("[3]").contains("4");
        Npy.write(initial, new float[] {1, 1, Float.NaN, 1}, 4);
        assertThat(weights(1, "--initial", initial)).contains("NaN");
    }

    @Test
    void outputOfWeightsCannotBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        assertThat(weights(1, "--output", file.resolve("w.npy"))).contains("is not a folder");
        assertThat(weights(1, "--output", Files.createDirectory(folder.resolve("w.npy")))).contains("is a folder");
    }

    @Test
    void noGpu() {
        assumeFalse(Files.exists(Path.of("/dev/nvidia0")), "a GPU is there");
        for (String device : new String[] {"cuda", "cuda:0", "cuda:3"}) {
            assertThat(train(1, "--device", device)).containsIgnoringCase("driver");
            assertThat(weights(1, "--device", device)).containsIgnoringCase("driver");
            assertThat(refused(1, "info", "--device", device)).containsIgnoringCase("driver");
        }
    }
}
