package io.github.adiw.ratio;

import java.io.Serializable;

/**
 * What was chosen for a method by the data.
 *
 * @param gamma  of the Gaussian kernel exp(-gamma |a - b|^2) on scaled columns; NaN where there is none
 * @param lambda of {@code ls}: the regularisation; of {@code classifier}: the strength as scikit-learn's C; NaN where there is none
 * @param terms  of {@code classifier}: {@code linear} or {@code quadratic}; null where there are none
 * @param score  the method's own held-out score of the choice, in its own unit: mean log r ({@code kl}, higher is better), the
 *               leave-one-out squared error ({@code ls}, lower is better), the log-loss in nats ({@code classifier}, lower is better); NaN
 *               where nothing was compared
 */
record Selection(double gamma, double lambda, String terms, double score) implements Serializable {}
