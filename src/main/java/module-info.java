/**
 * Accelerated dynamic importance weighting: density ratios inside the training loop, on the GPU or the processor.
 *
 * <p>Where to begin: weights of two given samples, right without any option, and the ratio at new rows are a
 * {@link io.github.adiw.ratio.DensityRatio}; weights for one's own training loop come from {@link io.github.adiw.weight.ImportanceWeights};
 * a whole importance-weighted training is a {@link io.github.adiw.train.Trainer}. A device is opened with
 * {@link io.github.adiw.device.Devices}.
 */
@SuppressWarnings("requires-automatic")     // JCuda and XChart describe no modules: theirs are named after their files
module io.github.adiw {
    requires com.fasterxml.jackson.databind;
    requires jcublas;
    requires jcuda;
    requires org.slf4j;

    requires static de.siegmar.fastcsv;     // where files of text are read

    // The command line's alone.
    requires static info.picocli;
    requires static java.desktop;
    requires static jdk.unsupported;
    requires static me.tongfei.progressbar;
    requires static xchart;

    exports io.github.adiw;
    exports io.github.adiw.data;
    exports io.github.adiw.device;
    exports io.github.adiw.nn;
    exports io.github.adiw.ratio;
    exports io.github.adiw.train;
    exports io.github.adiw.weight;

    opens io.github.adiw.cli to info.picocli;

    uses io.github.adiw.weight.Divergence;

    // As META-INF/services has them for the class path.
    provides io.github.adiw.weight.Divergence with
        io.github.adiw.weight.divergence.KernelMeanMatching.Factory,
        io.github.adiw.weight.divergence.KullbackLeibler.Factory,
        io.github.adiw.weight.divergence.KullbackLeiblerDirect.Factory,
        io.github.adiw.weight.divergence.LeastSquares.Factory,
        io.github.adiw.weight.divergence.LeastSquaresDirect.Factory,
        io.github.adiw.weight.divergence.MatchingProgram.Exact,
        io.github.adiw.weight.divergence.MatchingProgram.Published,
        io.github.adiw.weight.divergence.Wasserstein.Factory;
}
