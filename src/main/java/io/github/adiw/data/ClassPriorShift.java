package io.github.adiw.data;

import io.github.adiw.UsageException;
import java.util.Arrays;
import java.util.Locale;

/**
 * Class-prior shift (Buda, Maki, Mazurowski, Neural Networks 2018, "step imbalance"; Fang et al., NeurIPS 2020): a
 * fraction MU of the classes, chosen by the seed, become minorities, of which one sample in RHO remains in the training
 * set. Validation and test keep the balance that they have; the clean samples remain and count towards what remains.
 *
 * @param minorities MU, in (0, 1): round(MU C) of C classes become minorities
 * @param ratio RHO, at least 1: majority to minority
 */
public record ClassPriorShift(double minorities, double ratio) implements Shift {
    /** @throws UsageException if a number is out of range */
    public ClassPriorShift {
        if (!(minorities > 0 && minorities < 1)) {
            throw UsageException.of("shift", "the fraction of minority classes is " + Shift.written(minorities)
                + ", and 0 < MU < 1 was expected; known: " + Shift.KNOWN);
        }
        if (!(ratio >= 1 && ratio < Double.POSITIVE_INFINITY)) {
            throw UsageException.of("shift", "the ratio of majority to minority is " + Shift.written(ratio)
                + ", and RHO >= 1 was expected; known: " + Shift.KNOWN);
        }
    }

    @Override
    public String specification() {
        return "class-prior:" + Shift.written(minorities) + ":" + Shift.written(ratio);
    }

    @Override
    public boolean balancedValidation() {
        return true;
    }

    /** The clean samples, which all remain, may keep the shift from its ratio. */
    @Override
    public String shortfall(int[] trueClassCounts) {
        double reached = (double) Arrays.stream(trueClassCounts).max().orElseThrow()
            / Math.max(1, Arrays.stream(trueClassCounts).min().orElseThrow());
        return reached > 0.95 * ratio ? "" : String.format(Locale.ROOT, ": the ratio is %.1f to 1 and not %s, since the clean validation "
            + "samples remain; give fewer of them or more training samples", reached, Shift.written(ratio));
    }

    @Override
    public Samples apply(Samples samples, int classes, long seed) {
        int count = (int) Math.round(minorities * classes);
        if (count < 1 || count >= classes) {
            throw UsageException.of("shift", specification() + " makes " + count + " of " + classes
                + " classes minorities, and 1 to " + (classes - 1) + " was expected");
        }
        SeededChoice choice = new SeededChoice(seed, SeededChoice.Purpose.MINORITIES);
        int[] left = samples.data().classCounts(classes);
        int[] order = choice.permutation(classes);
        for (int i = 0; i < count; i++) {
            left[order[i]] = Math.max(1, (int) Math.round(left[order[i]] / ratio));
        }
        int n = samples.rows().length;
        boolean[] keep = samples.clean().clone();
        int[] labels = samples.data().labels();
        for (int i = 0; i < n; i++) {
            if (keep[i]) {
                left[labels[i]]--;
            }
        }
        for (int i : choice.permutation(n)) {
            if (!keep[i] && left[labels[i]] > 0) {
                left[labels[i]]--;
                keep[i] = true;
            }
        }
        int[] kept = new int[n];
        int size = 0;
        for (int i = 0; i < n; i++) {
            if (keep[i]) {
                kept[size++] = i;
            }
        }
        kept = Arrays.copyOf(kept, size);
        int[] rows = new int[size];
        boolean[] clean = new boolean[size];
        for (int i = 0; i < size; i++) {
            rows[i] = samples.rows()[kept[i]];
            clean[i] = samples.clean()[kept[i]];
        }
        return new Samples(rows, samples.data().gather(kept), clean);
    }
}
