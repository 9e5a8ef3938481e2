package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.data.Rows;
import io.github.adiw.data.file.AtomicFile;
import io.github.adiw.data.table.Missing;
import io.github.adiw.data.table.RowReader;
import io.github.adiw.data.table.TableEncoding;
import io.github.adiw.data.table.WeightsFile;
import io.github.adiw.device.Device;
import io.github.adiw.ratio.DensityRatio;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code adiw score}: the ratio of a saved model at new rows. */
@Command(name = "score", sortOptions = false,
    description = {"Gives the ratio of densities that adiw weights --model saved at new rows: how "
        + "much each has to count, on the scale of the training rows' weights."},
    footer = {"", "Reads and writes in blocks, so that there may be any number of rows.", "", "Examples:",
        "  adiw weights --train T.csv --validation V.csv --output W.csv --model M.safetensors",
        "  adiw score --model M.safetensors --input X.csv --output R.csv"})
final class ScoreCommand extends Subcommand {
    @Option(names = "--model", paramLabel = "M.safetensors", required = true, description = "What adiw weights --model saved.")
    private Path model;

    @Option(names = "--input", paramLabel = "X", required = true,
        description = "Rows: .csv with the columns of the training file, by name, or .npy, [n, d].")
    private Path input;

    @Option(names = "--output", paramLabel = "R", required = true,
        description = "Where to write the ratios: .npy, float32 [n], or .csv with the header id,weight.")
    private Path output;

    @Option(names = "--id", paramLabel = "COLUMN", description = "The column that names a row, written beside the ratio.")
    private String id;

    @Option(names = "--missing", paramLabel = "HOW",
        description = "Of empty fields, NA and NaN, and of ? among numbers: fail, or mean (of the column, over the files that the "
            + "model was fitted to). Default: as the model was fitted.")
    private String missing;

    /** Of a block; of wide rows, as many as have this many numbers. */
    private static final int MOST_ROWS = 1 << 14;
    private static final int MOST_NUMBERS = 1 << 20;

    ScoreCommand(Console console) {
        super(console);
    }

    @Override
    void execute() {
        long started = System.nanoTime();
        for (Path file : new Path[] {model, input, output}) {
            OutputFiles.requireName(file);
        }
        new NamedFiles().reads(model, input).writes(output).requireDistinct();
        WeightsFile.requireSuffix("output", output);
        OutputFiles.checkFile(output);
        if (id != null && !OutputFiles.isCsv(output)) {
            console.notice(OutputFiles.withoutIds(output));
        }
        DensityRatio ratio = DensityRatio.load(model);
        String encoding = ratio.properties().get(WeightsCommand.ENCODING);
        if (encoding == null) {
            throw new AdiwException(
                model + " does not say which columns a file must have: one that adiw weights --model saved was expected, "
                    + "and not one saved by a program");
        }
        Summary summary = new Summary(ratio);
        boolean whole = AtomicFile.isReplaced(AtomicFile.target(output));       // a pipe or a device has got some of the rows by then
        TableEncoding columns = TableEncoding.parse(encoding, model.toString());
        if (!columns.names().equals(ratio.columns())) {
            throw new AdiwException(model + " is broken: its columns are not those of its ratio: save the model again");
        }
        if (missing != null) {
            columns = columns.withMissing(Missing.of(missing));
        }
        try (Device device = common.open(console);
             RowReader rows = columns.open(input, id, console::notice)) {
            Interruption.during(() -> WeightsFile.write(output, sink -> {
                int most = Math.max(1, Math.min(MOST_ROWS, MOST_NUMBERS / rows.columns()));
                double[] block = new double[most * rows.columns()];
                for (int count = rows.next(block, most); count > 0; count = rows.next(block, most)) {
                    if (Interruption.requested()) {
                        throw new Interruption.StoppedException("stopped before the last row" + (whole ? ": nothing was written" : ""));
                    }
                    double[] read = count == most ? block : Arrays.copyOf(block, count * rows.columns());
                    float[] ratios = ratio.score(Rows.of(read, rows.columns()), device);
                    sink.add(rows.ids(), ratios, count);
                    summary.add(ratios);
                }
            }), () -> {});
        }
        double seconds = (System.nanoTime() - started) * 1e-9;
        if (common.json()) {
            ObjectNode node = RunReport.object();
            node.put("method", ratio.method());
            node.put("n", summary.rows);
            RunReport.put(node, "minimum", summary.least);
            RunReport.put(node, "mean", summary.sum / summary.rows);
            RunReport.put(node, "maximum", summary.most);
            RunReport.put(node, "secondsTotal", seconds);
            RunReport.putWarnings(node, summary.warnings());
            console.result(RunReport.text(node));
        } else {
            console.result(String.format(Locale.ROOT, "%,d ratios by %s, from %.4g to %.4g, of mean %.4g, in %.1f s", summary.rows,
                ratio.method(), summary.least, summary.most, summary.sum / summary.rows, seconds));
        }
        summary.warnings().forEach(console::warning);
        console.notice("Written to " + output);
    }

    /** What was written. */
    private static final class Summary {
        /** Beyond what rounding does to the ratios of the training rows. */
        private static final double ROUNDING = 1e-3;

        /** Kernels that are cut, and odds that nothing was learned of. */
        private static final double VANISHED = 1e-25;

        private final double largestWeight;
        private final double largest;
        private final double smallest;
        private long rows;
        private long above;
        private long vanished;
        private double sum;
        private double least = Double.POSITIVE_INFINITY;
        private double most = Double.NEGATIVE_INFINITY;

        /** An older model does not say what ratios its rows have: nothing is counted then. */
        Summary(DensityRatio ratio) {
            largestWeight = ratio.largestWeight();
            largest = Math.max(largestWeight, ratio.largestRatio());
            smallest = ratio.smallestRatio();
        }

        void add(float[] ratios) {
            rows += ratios.length;
            for (float r : ratios) {
                sum += r;
                above += r > largest * (1 + ROUNDING) ? 1 : 0;
                vanished += r < VANISHED && smallest >= VANISHED ? 1 : 0;
                least = Math.min(least, r);
                most = Math.max(most, r);
            }
        }

        /** What speaks against the ratios. */
        List<String> warnings() {
            List<String> warnings = new ArrayList<>();
            if (above > 0) {
                warnings.add(String.format(Locale.ROOT, "%,d of %,d ratios are above the largest weight of the fit (%.3g) and the "
                    + "largest ratio of its validation rows, up to %.3g: far outside the rows that the model was fitted to, a ratio means "
                    + "nothing.", above, rows, largestWeight, most));
            }
            if (vanished > 0) {
                warnings.add(String.format(Locale.ROOT, "%,d of %,d ratios are as good as 0 (below %.0e), and that of no row of the fit "
                    + "is: those rows are far from all that the model knows, and there a ratio means nothing.", vanished, rows, VANISHED));
            }
            return warnings;
        }
    }
}
