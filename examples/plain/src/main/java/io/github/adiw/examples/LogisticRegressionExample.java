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
import java.util.zip.GZIPInputStream;

/**
 * Incomes of people under 40 are known, those of people from 40 on are asked for. Logistic regression in plain Java, fitted to the younger
 * people with equal weights and with the weights of a {@link DensityRatio}, and judged on older people whom neither has seen.
 */
public final class LogisticRegressionExample {
    private static final int AGE = 0;
    private static final int INCOME = 14;
    private static final int STEPS = 1_000;

    private LogisticRegressionExample() {
    }

    /**
     * People.
     *
     * @param x    {@code [n, d]}, row-major
     * @param rich {@code [n]}, 1 for an income of more than 50,000 dollars, else 0
     * @param d    columns
     */
    private record People(float[] x, int[] rich, int d) {
        static People of(List<String[]> fields, List<String> columns) {
            int d = columns.size();
            People people = new People(new float[fields.size() * d], new int[fields.size()], d);
            for (int i = 0; i < fields.size(); i++) {
                for (int k = 0; k < d; k++) {
                    people.x[i * d + k] = value(fields.get(i), columns.get(k));
                }
                people.rich[i] = fields.get(i)[INCOME].startsWith(">50K") ? 1 : 0;
            }
            return people;
        }

        int count() {
            return rich.length;
        }
    }

    /**
     * Losses of two models, one a person: -log of the probability that the model gave to what was so.
     *
     * @param columns  what the models know
     * @param ratio    where the weights are from
     * @param uniform  of the model that was fitted with equal weights
     * @param weighted of the one that was fitted with the ratio's
     */
    record Comparison(List<String> columns, DensityRatio ratio, double[] uniform, double[] weighted) {
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
            System.out.printf(Locale.ROOT, "%s; weights by %s, worth %.0f equal ones of %d%n", String.join(", ", columns), ratio.method(),
                ratio.diagnostics().effectiveSampleSize(), ratio.weights().length);
            ratio.diagnostics().warnings().forEach(System.out::println);
            System.out.printf(Locale.ROOT, "  uniform   log-loss %.4f, accuracy %.1f %%%n  weighted  log-loss %.4f, accuracy %.1f %%%n"
                + "  weighted - uniform: log-loss %+.4f +- %.4f%n", logLoss(uniform), 100 * accuracy(uniform), logLoss(weighted),
                100 * accuracy(weighted), difference(), standardError());
        }
    }

    /** Prints what weights change where the model knows little, and where it knows more. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            System.err.println("give the file adult.data of https://archive.ics.uci.edu/dataset/2/adult,"
                + " or examples/data/adult-8000.data.gz");
            System.exit(2);
        }
        List<String[]> people = read(Path.of(arguments[0]));
        compare(people, List.of("education", "hours")).print();
        compare(people, List.of("education", "hours", "gain", "loss", "male", "married")).print();
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

    /** A column around 0 and of the size of 1, as gradient descent likes it; the ratio scales its columns itself. */
    private static float value(String[] fields, String column) {
        return switch (column) {
            case "education" -> (Float.parseFloat(fields[4]) - 10) / 3;
            case "married" -> fields[5].equals("Married-civ-spouse") ? 1 : 0;
            case "male" -> fields[9].equals("Male") ? 1 : 0;
            case "gain" -> Float.parseFloat(fields[10]) / 10_000;
            case "loss" -> Float.parseFloat(fields[11]) / 400;
            case "hours" -> (Float.parseFloat(fields[12]) - 40) / 12;
            default -> throw new IllegalArgumentException(column);
        };
    }

    /** Fits twice, and compares. */
    static Comparison compare(List<String[]> people, List<String> columns) {
        List<String[]> younger = new ArrayList<>();
        List<String[]> seen = new ArrayList<>();
        List<String[]> unseen = new ArrayList<>();
        for (String[] person : people) {
            boolean young = Integer.parseInt(person[AGE]) < 40;
            (young ? younger : seen.size() > unseen.size() ? unseen : seen).add(person);
        }
        People train = People.of(younger, columns);
        People world = People.of(seen, columns);                // without their incomes
        People test = People.of(unseen, columns);

        DensityRatio ratio = DensityRatio.builder().columns(columns).fit(train.x, world.x, train.d);
        float[] equal = new float[train.count()];
        Arrays.fill(equal, 1);
        return new Comparison(columns, ratio, losses(fit(train, equal), test), losses(fit(train, ratio.weights()), test));
    }

    /**
     * Logistic regression by gradient descent.
     *
     * @return {@code [d + 1]}, the columns' coefficients and the intercept
     */
    private static double[] fit(People people, float[] weights) {
        int n = people.count();
        double[] coefficients = new double[people.d + 1];
        for (int step = 0; step < STEPS; step++) {
            double[] gradient = new double[people.d + 1];
            for (int i = 0; i < n; i++) {
                double p = 1 / (1 + Math.exp(-logit(coefficients, people, i)));
                double slope = weights[i] * (p - people.rich[i]) / n;       // a weight multiplies its sample's loss
                for (int k = 0; k < people.d; k++) {
                    gradient[k] += slope * people.x[i * people.d + k];
                }
                gradient[people.d] += slope;
            }
            for (int k = 0; k <= people.d; k++) {
                coefficients[k] -= gradient[k];
            }
        }
        return coefficients;
    }

    private static double logit(double[] coefficients, People people, int i) {
        double logit = coefficients[people.d];
        for (int k = 0; k < people.d; k++) {
            logit += coefficients[k] * people.x[i * people.d + k];
        }
        return logit;
    }

    private static double[] losses(double[] coefficients, People people) {
        double[] losses = new double[people.count()];
        for (int i = 0; i < losses.length; i++) {
            double logit = logit(coefficients, people, i);
            losses[i] = Math.log1p(Math.exp(people.rich[i] == 1 ? -logit : logit));
        }
        return losses;
    }
}
