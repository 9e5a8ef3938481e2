package io.github.adiw.nn;

/** What a forward pass is for. Layers that know no difference do the same in both. */
public enum Mode {
    /** A step of training follows: statistics are those of the rows that are trained on, and running ones are kept up to date. */
    TRAIN,
    /** Nothing is learnt: running statistics are used, and stay as they are. */
    EVALUATE
}
