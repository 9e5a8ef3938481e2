package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.data.file.Npy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as people have them, after public bug reports of other packages; what each must give does not depend on this program. */
class WeightsCasesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void host() {
        assumeFalse(DeviceMatrix.slow(), "files and fits of many rows");
    }

    private Cli run(String options) {
        return Cli.run(Cli.args(("weights --device host --json --output @W.npy " + options).replace("@", folder + "/")));
    }

    private JsonNode done(String options) {
        return run(options).json();
    }

    private double[] weights() {
        float[] w = Npy.read(folder.resolve("W.npy")).toFloats();
        return IntStream.range(0, w.length).mapToDouble(i -> w[i]).toArray();
    }

    private static double mean(double[] x) {
        return Arrays.stream(x).average().orElseThrow();
    }

    /** The mean error of weights, both of mean 1. */
    private static double error(double[] w, double[] truth) {
        double scale = mean(truth);
        return IntStream.range(0, w.length).mapToDouble(i -> Math.abs(w[i] - truth[i] / scale)).average().orElseThrow();
    }

    private void npy(String name, double[] values, int columns) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        Npy.write(folder.resolve(name), floats, floats.length / columns, columns);
    }

    private static int drawn(Random random, double... shares) {
        double u = random.nextDouble();
        int k = 0;
        while (k < shares.length - 1 && u >= shares[k]) {
            u -= shares[k++];
        }
        return k;
    }

    /** One-hot answers: the age band (4), sex (2), region (3) of a sample that is young and of a world that is old. */
    @Test
    void answersThatAreOneHot() {
        Random random = new Random(21);
        double[] young = {0.5, 0.3, 0.15, 0.05};
        double[] old = {0.1, 0.2, 0.3, 0.4};
        int[] band = new int[2000];
        for (double[] shares : new double[][] {young, old}) {
            int rows = shares == young ? 2000 : 1500;
            double[] values = new double[9 * rows];
            for (int i = 0; i < rows; i++) {
                int k = drawn(random, shares);
                values[9 * i + k] = 1;
                values[9 * i + 4 + random.nextInt(2)] = 1;
                values[9 * i + 6 + random.nextInt(3)] = 1;
                if (shares == young) {
                    band[i] = k;
                }
            }
            npy(shares == young ? "T.npy" : "V.npy", values, 9);
        }
        for (String option : new String[] {"", " --method kl", " --bandwidth diw:0.01"}) {
            JsonNode report = done("--train @T.npy --validation @V.npy" + option);
            double[] w = weights();
            for (int k = 0; k < 4; k++) {
                int which = k;
                double found = IntStream.range(0, w.length).filter(i -> band[i] == which).mapToDouble(i -> w[i]).average().orElseThrow();
                assertThat(found).as("band %d %s", k, option).isCloseTo(old[k] / young[k], within(0.15 * old[k] / young[k]));
            }
            if (option.contains("diw")) {
                assertThat(report.get("warnings")).extracting(JsonNode::asText).anyMatch(warning -> warning.contains("diw:0.01 is 0"));
            } else {
                assertThat(report.get("warnings")).isEmpty();
            }
        }
        JsonNode steps = done("--train @T.npy --validation @V.npy --bandwidth diw:0.01 --method km --steps 5");
        assertThat(steps.get("warnings")).extracting(JsonNode::asText).anyMatch(warning -> warning.startsWith("All weights are equal"));
    }

    private static double density(double x, double mean, double deviation) {
        double z = (x - mean) / deviation;
        return Math.exp(-z * z / 2) / deviation;
    }

    /** One shift in three units, and an income beside a share. */
    @Test
    void unitsOfMeasurement() {
        Random random = new Random(8);
        double[] t = IntStream.range(0, 1000).mapToDouble(i -> random.nextGaussian()).toArray();
        double[] v = IntStream.range(0, 1000).mapToDouble(i -> 0.75 + 0.6 * random.nextGaussian()).toArray();
        double[] truth = Arrays.stream(t).map(x -> density(x, 0.75, 0.6) / density(x, 0, 1)).toArray();
        double[] first = null;
        for (double unit : new double[] {0.01, 1, 1000}) {
            npy("T.npy", Arrays.stream(t).map(x -> x * unit).toArray(), 1);
            npy("V.npy", Arrays.stream(v).map(x -> x * unit).toArray(), 1);
            for (String method : new String[] {"auto", "km"}) {
                done("--train @T.npy --validation @V.npy --method " + method);
                assertThat(error(weights(), truth)).as(method + " in units of " + unit).isLessThan(0.2);
            }
            first = first == null ? weights() : first;
            assertThat(weights()).containsExactly(first, within(1e-3));
        }
        double[] income = new double[2000];
        double[] world = new double[2000];
        double[] ratio = new double[1000];
        for (int i = 0; i < 1000; i++) {
            income[2 * i] = 40_000 + 12_000 * random.nextGaussian();
            income[2 * i + 1] = 0.5 + 0.2 * random.nextGaussian();
            world[2 * i] = 48_000 + 9_000 * random.nextGaussian();
            world[2 * i + 1] = 0.6 + 0.15 * random.nextGaussian();
            ratio[i] = density(income[2 * i], 48_000, 9_000) * density(income[2 * i + 1], 0.6, 0.15)
                / density(income[2 * i], 40_000, 12_000) / density(income[2 * i + 1], 0.5, 0.2);
        }
        npy("T.npy", income, 2);
        npy("V.npy", world, 2);
        done("--train @T.npy --validation @V.npy");
        assertThat(error(weights(), ratio)).isLessThan(0.2);
    }

    @Test
    void twentyColumnsAndNoOverlapAtAll() {
        Random random = new Random(5);
        double[] t = IntStream.range(0, 20_000).mapToDouble(i -> random.nextGaussian()).toArray();
        double[] v = new double[20_000];
        for (int i = 0; i < v.length; i++) {
            v[i] = (i % 20 < 5 ? 0.35 : 0) + random.nextGaussian();
        }
        double[] truth = IntStream.range(0, 1000).mapToDouble(i -> Math.exp(IntStream.range(0, 5).mapToDouble(k -> 0.35 * t[20 * i + k]
            - 0.35 * 0.35 / 2).sum())).toArray();
        npy("T.npy", t, 20);
        npy("V.npy", v, 20);
        assertThat(done("--train @T.npy --validation @V.npy").get("warnings")).isEmpty();
        assertThat(error(weights(), truth)).isLessThan(0.3);
        npy("T.npy", Arrays.copyOf(t, 200), 2);
        npy("V.npy", Arrays.stream(t, 200, 360).map(x -> 400 + x).toArray(), 2);
        assertThat(done("--train @T.npy --validation @V.npy").get("warnings")).extracting(JsonNode::asText)
            .anyMatch(warning -> warning.contains("do not overlap"));
        assertThat(weights()).hasSize(100);
        assertThat(Arrays.stream(weights())).allMatch(Double::isFinite);
    }

    /** Rows of an age and an income, as text. */
    private static double[][] people(boolean world) {
        Random random = new Random(world ? 9 : 8);
        double[][] rows = new double[world ? 30 : 40][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new double[] {random.nextGaussian() + (world ? 0.5 : 0), 100 * random.nextGaussian() + (world ? 50 : 0)};
        }
        return rows;
    }

    private void csv(String name, double[][] rows, String header, String separator, DoubleFunction<String> number, boolean index)
        throws IOException {
        StringBuilder text = new StringBuilder(header);
        for (int i = 0; i < rows.length; i++) {
            text.append(index ? i + separator : "").append(number.apply(rows[i][0])).append(separator).append(number.apply(rows[i][1]))
                .append('\n');
        }
        Files.writeString(folder.resolve(name), text);
    }

    private double[] expected() throws IOException {
        csv("T.csv", people(false), "age,income\n", ",", Double::toString, false);
        csv("V.csv", people(true), "age,income\n", ",", Double::toString, false);
        done("--train @T.csv --validation @V.csv");
        return weights();
    }

    @Test
    void columnsGoByTheirNames() throws IOException {
        double[] expected = expected();
        double[][] swapped = Arrays.stream(people(true)).map(row -> new double[] {row[1], row[0]}).toArray(double[][]::new);
        csv("Vswap.csv", swapped, "income,age\n", ",", Double::toString, false);
        done("--train @T.csv --validation @Vswap.csv");
        assertThat(weights()).containsExactly(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Unnamed: 0"})
    void aRowNumberIsNoFeature(String name) throws IOException {
        double[] expected = expected();
        csv("T.csv", people(false), name + ",age,income\n", ",", Double::toString, true);
        csv("V.csv", people(true), name + ",age,income\n", ",", Double::toString, true);
        Cli run = run("--train @T.csv --validation @V.csv");
        assertThat(run.json().get("columns")).extracting(JsonNode::asText).containsExactly("age", "income");
        assertThat(run.err()).containsIgnoringCase("row number");
        assertThat(weights()).containsExactly(expected);
    }

    @Test
    void variantsOfTheSameTable() throws IOException {
        double[] expected = expected();
        DoubleFunction<String> comma = x -> Double.toString(x).replace('.', ',');
        DoubleFunction<String> quoted = x -> '"' + Double.toString(x) + '"';
        csv("semicolon.csv", people(false), "age;income\n", ";", comma, false);
        csv("point.csv", people(false), "age;income\n", ";", Double::toString, false);
        csv("tab.csv", people(false), "age\tincome\n", "\t", Double::toString, false);
        csv("tabComma.csv", people(false), "age\tincome\n", "\t", comma, false);
        csv("quotes.csv", people(false), "\"age\",\"income\"\n", ",", quoted, false);
        csv("bom.csv", people(false), "\ufeffage,income\n", ",", Double::toString, false);
        Files.writeString(folder.resolve("crlf.csv"), Files.readString(folder.resolve("bom.csv")).replace("\n", "\r\n"));
        Files.writeString(folder.resolve("open.csv"), Files.readString(folder.resolve("T.csv")).stripTrailing());
        for (String name : new String[] {"semicolon", "point", "tab", "tabComma", "quotes", "bom", "crlf", "open"}) {
            done("--train @" + name + ".csv --validation @V.csv");
            assertThat(weights()).as(name).containsExactly(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "age,income\\n1.5,NA\\n2,3\\n | line 2 | --missing",
        "age,income\\n1.5,3\\n2,\\n | line 3 | --missing",
        "age,region\\n1.5,north\\n2,south\\n | region | --exclude",
        "1,5\\n2,5\\n3,5\\n1 2\\n | line 4 | 1 field",
        "1 2\\n3 4\\n | 1 2 | number",
        "age,income\\n1,2\\n3\\n | line 3 | 2"})
    void theRestSaysWhatToDo(String text, String what, String more) throws IOException {
        expected();
        Files.deleteIfExists(folder.resolve("W.npy"));
        Files.writeString(folder.resolve("X.csv"), text.replace("\\n", "\n"));
        Cli run = run("--train @X.csv --validation @V.csv");
        assertThat(run.code()).isBetween(1, 2);
        assertThat(run.complaints()).singleElement().asString().contains("X.csv", what, more);
        assertThat(run.err()).doesNotContain("Exception", "\tat ");
        assertThat(folder.resolve("W.npy")).doesNotExist();
    }

    /** Whole numbers of one type or another, which are the same numbers. */
    @Test
    void npyOfEveryType() throws IOException {
        Random random = new Random(5);
        byte[] numbers = new byte[900];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (byte) Math.round(50 + 10 * random.nextGaussian());
        }
        double[] v = IntStream.range(0, 600).mapToDouble(i -> 55 + 8 * random.nextGaussian()).toArray();
        npy("V.npy", v, 3);
        double[] values = new double[numbers.length];
        Arrays.setAll(values, i -> numbers[i]);
        npy("f4.npy", values, 3);
        done("--train @f4.npy --validation @V.npy");
        double[] expected = weights();
        for (String type : new String[] {"|i1", "|u1", "<i2", ">i4", "<i8", "<f2", "<f8"}) {
            int size = type.charAt(2) - '0';
            ByteBuffer bytes = ByteBuffer.allocate(size * numbers.length)
                .order(type.charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            for (byte x : numbers) {
                switch (type.substring(1)) {
                    case "i2" -> bytes.putShort(x);
                    case "i4" -> bytes.putInt(x);
                    case "i8" -> bytes.putLong(x);
                    case "f2" -> bytes.putShort(half(x));
                    case "f8" -> bytes.putDouble(x);
                    default -> bytes.put(x);
                }
            }
            Files.write(folder.resolve("T.npy"), npy(type, bytes.array()));
            done("--train @T.npy --validation @V.npy");
            assertThat(weights()).as(type).containsExactly(expected);
        }
        byte[] flags = new byte[numbers.length];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = (byte) (numbers[i] > 50 ? 1 : 0);
        }
        Files.write(folder.resolve("T.npy"), npy("|b1", flags));
        npy("V.npy", Arrays.stream(v).map(x -> x > 55 ? 1 : 0).toArray(), 3);
        done("--train @T.npy --validation @V.npy");
        assertThat(mean(weights())).isCloseTo(1, within(1e-5));
    }

    /** A whole number from 1 to 127 as IEEE 754 binary16. */
    private static short half(int x) {
        int exponent = 31 - Integer.numberOfLeadingZeros(x);
        return (short) (exponent + 15 << 10 | (x - (1 << exponent)) << 10 - exponent);
    }

    private static byte[] npy(String type, byte[] values) throws IOException {
        String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (300, 3), }";
        header += " ".repeat(63 - (header.length() + 10) % 64) + "\n";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) header.length(), (byte) (header.length() >> 8)});
        out.write(header.getBytes(StandardCharsets.US_ASCII));
        out.write(values);
        return out.toByteArray();
    }
}
