package io.github.adiw.examples;

import io.github.adiw.ratio.DensityRatio;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import ml.dmlc.xgboost4j.java.Booster;
import ml.dmlc.xgboost4j.java.DMatrix;
import ml.dmlc.xgboost4j.java.XGBoost;
import ml.dmlc.xgboost4j.java.XGBoostError;

/**
 * Incomes of people under 40 are known, those of people from 40 on are asked for. Boosted trees by XGBoost4J, fitted to the younger people
 * with equal weights and with the weights of a {@link DensityRatio}, and judged on older people whom neither has seen.
 */
public final class XgboostExample {
    private static final int AGE = 0;
    private static final int INCOME = 14;
    private static final List<String> COLUMNS = List.of("education", "hours", "gain", "loss", "male", "married");

    private final List<String[]> train = new ArrayList<>();
    private final List<String[]> world = new ArrayList<>();
    private final List<String[]> test = new ArrayList<>();
    private final DensityRatio ratio;

    /** Splits people by their age, and fits the ratio to what is known of the younger and of half of the older, their incomes left out. */
    XgboostExample(List<String[]> people) {
        for (String[] person : people) {
            if (Integer.parseInt(person[AGE]) < 40) {
                train.add(person);
            } else {
                (world.size() > test.size() ? test : world).add(person);
            }
        }
        ratio = DensityRatio.builder().columns(COLUMNS).fit(inputs(train), inputs(world), COLUMNS.size());
    }

    DensityRatio ratio() {
        return ratio;
    }

    /** Prints what weights change for small trees, which know little, and for large ones. */
    public static void main(String[] arguments) throws IOException, XGBoostError {
        if (arguments.length != 1) {
            System.err.println("give the file adult.data of https://archive.ics.uci.edu/dataset/2/adult,"
                + " or examples/data/adult-8000.data.gz");
            System.exit(2);
        }
        XgboostExample example = new XgboostExample(read(Path.of(arguments[0])));
        System.out.printf(Locale.ROOT, "weights by %s, worth %.0f equal ones of %d%n", example.ratio.method(),
            example.ratio.diagnostics().effectiveSampleSize(), example.train.size());
        example.ratio.diagnostics().warnings().forEach(System.out::println);
        example.compare(30, 1).print();
        example.compare(100, 6).print();
    }

    /** Fits twice, and compares. */
    Comparison compare(int trees, int depth) throws XGBoostError {
        DMatrix data = matrix(train);
        double[] uniform = losses(fit(data, trees, depth));
        data.setWeight(ratio.weights());
        double[] weighted = losses(fit(data, trees, depth));
        data.dispose();
        return new Comparison(trees + " trees of depth " + depth, uniform, weighted);
    }

    private static Booster fit(DMatrix data, int trees, int depth) throws XGBoostError {
        Map<String, Object> parameters = Map.of("objective", "binary:logistic", "max_depth", depth, "eta", 0.1, "seed", 1);
        return XGBoost.train(data, parameters, trees, Map.of(), null, null);
    }

    /** -log of the probability that the model gives to what was so, one a person to test with; frees the model. */
    private double[] losses(Booster model) throws XGBoostError {
        DMatrix data = matrix(test);
        float[] rich = data.getLabel();
        float[][] probability = model.predict(data);
        double[] losses = new double[rich.length];
        for (int i = 0; i < losses.length; i++) {
            losses[i] = -Math.log(rich[i] == 1 ? probability[i][0] : 1 - probability[i][0]);
        }
        data.dispose();                                         // memory that no garbage collector knows of
        model.dispose();
        return losses;
    }

    private static DMatrix matrix(List<String[]> people) throws XGBoostError {
        DMatrix matrix = new DMatrix(inputs(people), people.size(), COLUMNS.size(), Float.NaN);
        float[] rich = new float[people.size()];
        for (int i = 0; i < rich.length; i++) {
            rich[i] = people.get(i)[INCOME].startsWith(">50K") ? 1 : 0;
        }
        matrix.setLabel(rich);
        return matrix;
    }

    /** {@code [n, d]}, row-major: what both XGBoost and the ratio take. */
    private static float[] inputs(List<String[]> people) {
        int d = COLUMNS.size();
        float[] x = new float[people.size() * d];
        for (int i = 0; i < x.length; i++) {
            x[i] = value(people.get(i / d), COLUMNS.get(i % d));
        }
        return x;
    }

    private static float value(String[] fields, String column) {
        return switch (column) {
            case "education" -> Float.parseFloat(fields[4]);
            case "married" -> fields[5].equals("Married-civ-spouse") ? 1 : 0;
            case "male" -> fields[9].equals("Male") ? 1 : 0;
            case "gain" -> Float.parseFloat(fields[10]);
            case "loss" -> Float.parseFloat(fields[11]);
            case "hours" -> Float.parseFloat(fields[12]);
            default -> throw new IllegalArgumentException(column);
        };
    }

    /** The fields of every person in a file with lines as those of adult.data, which may be compressed by gzip. */
    static List<String[]> read(Path file) throws IOException {
        List<String[]> people = new ArrayList<>();
        try (InputStream bytes = Files.newInputStream(file);
             BufferedReader lines = new BufferedReader(new InputStreamReader(
                 file.toString().endsWith(".gz") ? new GZIPInputStream(bytes) : bytes, StandardCharsets.UTF_8))) {
            lines.lines().map(line -> line.split(", ")).filter(fields -> fields.length == INCOME + 1).forEach(people::add);
        }
        return people;
    }

    /**
     * Losses of two models, one a person: -log of the probability that the model gave to what was so.
     *
     * @param model    in words
     * @param uniform  of the one that was fitted with equal weights
     * @param weighted of the one that was fitted with the ratio's
     */
    record Comparison(String model, double[] uniform, double[] weighted) {
        static double logLoss(double[] losses) {
            return Arrays.stream(losses).average().orElseThrow();
        }

        /** The share of people of whom the model was right. */
        static double accuracy(double[] losses) {
            return Arrays.stream(losses).filter(loss -> loss < Math.log(2)).count() / (double) losses.length;
        }

        /** What weights add to the log-loss: below 0 they help. */
        double difference() {
            return logLoss(weighted) - logLoss(uniform);
        }

        /** Of the difference, by the people who were drawn. */
        double standardError() {
            double mean = difference(), squares = 0;
            for (int i = 0; i < uniform.length; i++) {
                squares += Math.pow(weighted[i] - uniform[i] - mean, 2);
            }
            return Math.sqrt(squares) / uniform.length;
        }

        void print() {
            System.out.printf(Locale.ROOT, "%s%n  uniform   log-loss %.4f, accuracy %.1f %%%n  weighted  log-loss %.4f, accuracy %.1f %%%n"
                + "  weighted - uniform: log-loss %+.4f +- %.4f%n", model, logLoss(uniform), 100 * accuracy(uniform), logLoss(weighted),
                100 * accuracy(weighted), difference(), standardError());
        }
    }
}
