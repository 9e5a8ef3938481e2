package io.github.adiw.data;

import io.github.adiw.UsageException;

/**
 * Label noise, each sample for itself (Fang, Lu, Niu, Sugiyama, NeurIPS 2020, section 4): with C classes and rate R,
 * {@code symmetric} moves a label to each of the other C - 1 classes with probability R / (C - 1); {@code pair} moves
 * label y to (y + 1) mod C with probability R.
 *
 * <p>Row i of the training file uses the i-th number of the seeded stream, whatever other rows there are; the label of a
 * row is therefore the same in a subset and in the whole file, and the rows that a rate makes wrong are also wrong at any
 * higher rate.
 *
 * @param kind where a wrong label goes
 * @param rate R, in [0, 1)
 */
public record LabelNoise(Kind kind, double rate) implements Shift {
    /** Where a wrong label goes. */
    public enum Kind {
        /** To any other class, all equally likely. */
        SYMMETRIC,
        /** To the next class. */
        PAIR
    }

    /** @throws UsageException if the rate is not in [0, 1) */
    public LabelNoise {
        UsageException.given("kind", kind);
        if (!(rate >= 0 && rate < 1)) {
            throw UsageException.of("shift", "the noise rate is " + Shift.written(rate) + ", and 0 <= R < 1 was expected; known: "
                + Shift.KNOWN);
        }
    }

    @Override
    public String specification() {
        return (kind == Kind.SYMMETRIC ? "symmetric:" : "pair:") + Shift.written(rate);
    }

    @Override
    public Samples apply(Samples samples, int classes, long seed) {
        if (classes < 2) {
            throw UsageException.of("shift", "label noise needs at least two classes, and the data have " + classes);
        }
        SampleSet data = samples.data();
        SeededChoice choice = new SeededChoice(seed, SeededChoice.Purpose.LABELS);
        int[] labels = new int[data.count()];
        int next = 0;
        for (int i = 0; i < labels.length; i++) {
            double u = choice.uniform();
            for (next++; next <= samples.rows()[i]; next++) {
                u = choice.uniform();
            }
            labels[i] = samples.clean()[i] ? data.labels()[i] : noisy(data.labels()[i], classes, u);
        }
        return new Samples(samples.rows(), data.withLabels(labels), samples.clean());
    }

    /** u uniform in [0, 1): below the rate the label moves, and u / rate, again uniform, says where to. */
    private int noisy(int label, int classes, double u) {
        if (u >= rate) {
            return label;
        }
        int move = kind == Kind.PAIR ? 1 : 1 + Math.min(classes - 2, (int) (u / rate * (classes - 1)));
        return (label + move) % classes;
    }
}
