package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.ratio.ColumnBalance;
import io.github.adiw.ratio.Diagnostics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What is said about weights of anybody's data: as JSON, and for a person who has a terminal of 100 columns. */
final class WeightsReport {
    private static final int COLUMNS = 10;
    private static final int NAME = 32;
    private static final double GOOD = 0.5;
    private static final double USABLE = 0.7;

    private WeightsReport() {}

    /**
     * Adds {@code paretoK} and {@code balance}. A number that there is not, or that is infinite, is null.
     *
     * @param node to add to
     */
    static void put(ObjectNode node, Diagnostics diagnostics) {
        RunReport.put(node, "paretoK", diagnostics.paretoK());
        ArrayNode balance = node.putArray("balance");
        for (ColumnBalance b : diagnostics.balance()) {
            ObjectNode column = balance.addObject();
            column.put("column", b.column());
            RunReport.put(column, "train", b.train());
            RunReport.put(column, "weighted", b.weighted());
            RunReport.put(column, "validation", b.validation());
            RunReport.put(column, "before", b.before());
            RunReport.put(column, "after", b.after());
        }
    }

    /**
     * Lines for a person: what was chosen, how good it is, and the columns that are worst. What speaks against it is not among them
     * ({@link Console#warning}).
     *
     * @param gamma   of the kernel; NaN where there is none
     * @param lambda  that was chosen; NaN where there is none
     * @param terms   of a classifier and how strongly they are held back; null where there are none
     * @param seconds by what they were spent on, in the order to show
     */
    static String text(Diagnostics d, double gamma, double lambda, String terms, Map<String, Double> seconds) {
        StringBuilder out = new StringBuilder();
        line(out, "Method", d.method());
        if (!d.scores().isEmpty()) {
            line(out, "Held-out scores", d.scores().entrySet().stream()
                .map(e -> e.getKey() + " " + (Double.isFinite(e.getValue()) ? String.format(Locale.ROOT, "%.3f", e.getValue()) : "failed"))
                .collect(Collectors.joining(", ", "", " (higher is better; equal weights have 0)")));
        }
        if (Double.isFinite(gamma)) {
            line(out, "Bandwidth", "gamma " + number(gamma));
        }
        if (Double.isFinite(lambda)) {
            line(out, "Regularisation", number(lambda));
        }
        if (terms != null) {
            line(out, "Classifier", terms);
        }
        int n = d.trainRows();
        line(out, "Rows", String.format(Locale.ROOT, "%,d training, %,d validation", n, d.validationRows()));
        line(out, "Effective sample", String.format(Locale.ROOT, "%,.0f of %,d (%.0f %%)", d.effectiveSampleSize(), n,
            100 * d.effectiveSampleSize() / n));
        line(out, "Pareto k", Double.isNaN(d.paretoK()) ? "none: fewer than five of the largest weights differ"
            : String.format(Locale.ROOT, "%.2f (%s)", d.paretoK(),
                d.paretoK() < GOOD ? "good" : d.paretoK() <= USABLE ? "usable"
                    : d.hasHeavyTail() ? "not to be trusted" : "no matter: the weights are nearly equal"));
        line(out, "Weights", number(d.minimum()) + " to " + number(d.maximum()) + "; sum before normalising " + number(d.sum())
            + (d.fractionAtBound() > 0 ? String.format(Locale.ROOT, "; %.1f %% at the upper bound", 100 * d.fractionAtBound()) : ""));
        if (!d.converged()) {
            line(out, "Converged", "no");
        }
        if (!seconds.isEmpty()) {
            line(out, "Seconds", seconds.entrySet().stream().map(e -> String.format(Locale.ROOT, "%s %.2f", e.getKey(), e.getValue()))
                .collect(Collectors.joining(", ")));
        }
        return out.append('\n').append(balance(d.balance())).toString();
    }

    private static String balance(List<ColumnBalance> all) {
        Table table = new Table(all.size() > COLUMNS ? "the worst " + COLUMNS + " of " + all.size() + " columns" : "column", "training",
            "weighted", "validation", "before", "after");
        for (ColumnBalance b : all.subList(0, Math.min(COLUMNS, all.size()))) {
            table.row(shortened(b.column()), number(b.train()), number(b.weighted()), number(b.validation()), difference(b.before()),
                difference(b.after()));
        }
        return "Means by column, and their standardised difference from validation before and after weighting\n" + table.text();
    }

    private static void line(StringBuilder out, String what, String value) {
        out.append(String.format(Locale.ROOT, "%-17s %s\n", what, value));
    }

    /** A name that is too long loses its middle: names often differ at their end. */
    private static String shortened(String name) {
        return name.length() <= NAME ? name : name.substring(0, NAME / 2) + "\u2026" + name.substring(name.length() - NAME / 2 + 1);
    }

    private static String difference(double x) {
        return Double.isNaN(x) ? "-" : Double.isInfinite(x) ? x > 0 ? "+inf" : "-inf" : String.format(Locale.ROOT, "%+.3f", x);
    }

    /** To four digits, without an exponent where there is room. */
    private static String number(double x) {
        double size = Math.abs(x);
        if (Double.isNaN(x)) {
            return "-";
        }
        if (size >= 1e9 || size > 0 && size < 1e-4) {
            return String.format(Locale.ROOT, "%.3e", x);
        }
        int decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 || size == 0 ? 3 : 4;
        return String.format(Locale.ROOT, "%,." + decimals + "f", x);
    }
}
