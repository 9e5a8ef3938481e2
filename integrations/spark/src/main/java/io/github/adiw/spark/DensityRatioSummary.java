package io.github.adiw.spark;

import io.github.adiw.ratio.DensityRatio;
import io.github.adiw.ratio.Diagnostics;

/**
 * What a fit chose, and how good its weights are.
 *
 * @param method       the method that was chosen
 * @param gamma        of the Gaussian kernel exp(-gamma |a - b|^2) on scaled columns; NaN where there is none
 * @param lambda       of {@code ls} the regularisation, of {@code classifier} the strength as scikit-learn's C; else NaN
 * @param trainingRows how many training rows there were
 * @param worldRows    how many rows of the world there were
 * @param diagnostics  of the weights of the training rows that everything was chosen by: effective sample size, balance of the columns,
 *                     Pareto k, held-out scores and warnings
 */
public record DensityRatioSummary(String method, double gamma, double lambda, long trainingRows, long worldRows, Diagnostics diagnostics) {
    DensityRatioSummary(DensityRatio ratio, long trainingRows, long worldRows) {
        this(ratio.method(), ratio.gamma(), ratio.lambda(), trainingRows, worldRows, ratio.diagnostics());
    }
}
