package io.github.adiw.weight;

/** Hears how an estimation goes on, and may stop it. */
@FunctionalInterface
public interface StepWatch {
    /**
     * Some steps were made.
     *
     * @param steps  as many by now
     * @param next   after how many it is decided whether to go on
     * @param change the largest change of a weight in the last doubling of the steps, over the largest weight; NaN before the first
     * @return whether to go on
     */
    boolean goOn(int steps, int next, double change);
}
