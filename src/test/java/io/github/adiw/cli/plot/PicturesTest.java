package io.github.adiw.cli.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.ratio.ColumnBalance;
import io.github.adiw.train.EpochReport;
import io.github.adiw.train.TrainingOptions;
import io.github.adiw.train.TrainingResult;
import io.github.adiw.train.TrainingResult.StepMillis;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import javax.imageio.ImageIO;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;

/** Pictures of many methods and several seeds. */
class PicturesTest {
    private static final List<String> ELEVEN = List.of("uniform", "diw", "adiw-km", "adiw-kl", "adiw-ls", "adiw-w1", "adiw-kl-direct",
        "adiw-ls-direct", "random", "iw", "reweight");
    private static final int SAMPLES = 500;

    @TempDir
    Path folder;

    private static TrainingResult result(int method, long seed, String noise) {
        Random random = new Random(31L * method + seed);
        List<EpochReport> epochs = new ArrayList<>();
        for (int e = 1; e <= 30; e++) {
            double accuracy = 0.6 + 0.02 * method * (1 - Math.exp(-e / 8.0)) + 0.01 * random.nextGaussian();
            epochs.add(new EpochReport(e, 1e-3, 1, accuracy, 1.2, 0.4, 100, 0, 0.1, 0.1, 0.2));
        }
        float[] weights = new float[SAMPLES];
        boolean[] mislabelled = new boolean[SAMPLES];
        int[] labels = new int[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            mislabelled[i] = noise.startsWith("symmetric") && i % 3 == 0;
            labels[i] = i % 10 == 0 && noise.startsWith("class-prior") ? (int) seed : 3 + i % 3;
            weights[i] = (float) Math.abs((mislabelled[i] ? 0.2 : 1.3) + 0.3 * random.nextGaussian());
        }
        double estimation = method == 0 ? 0 : method == 1 ? 60 : 0.5 + 0.2 * method;
        return TrainingResult.of(TrainingOptions.builder().seed(seed).shift(noise).build()).dataset("fashion-mnist").device("host")
            .trainSamples(SAMPLES).validationSamples(10).testSamples(10).actualNoiseRate(0.3).parameterCount(1).epochs(epochs)
            .weights(weights)
            .mislabelled(mislabelled).labels(labels).stepMillis(new StepMillis(4 + estimation, estimation, 0, 4)).build();
    }

    private static List<MethodRuns> runs(List<String> methods, String noise) {
        return methods.stream().map(name -> new MethodRuns(name,
            List.of(result(ELEVEN.indexOf(name), 1, noise), result(ELEVEN.indexOf(name), 2, noise)))).toList();
    }

    private BufferedImage drawn(String name, List<? extends org.knowm.xchart.internal.chartpart.Chart<?, ?>> charts) throws IOException {
        PlotStyle.write(folder.resolve(name), charts);
        return ImageIO.read(folder.resolve(name).toFile());
    }

    private static boolean contains(BufferedImage image, Color colour) {
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                if ((image.getRGB(x, y) & 0xffffff) == (colour.getRGB() & 0xffffff)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void everyMethodHasAColourOfItsOwn() {
        Set<String> names = new LinkedHashSet<>(ELEVEN);
        names.addAll(TrainingOptions.methods());
        for (String a : names) {
            for (String b : names) {
                Color one = PlotStyle.method(a);
                Color other = PlotStyle.method(b);
                double distance = Math.sqrt(Math.pow(one.getRed() - other.getRed(), 2) + Math.pow(one.getGreen() - other.getGreen(), 2)
                    + Math.pow(one.getBlue() - other.getBlue(), 2));
                assertThat(a.equals(b) || distance > 40).as("%s and %s", a, b).isTrue();
            }
        }
    }

    @Test
    void elevenMethodsFitAndKeepTheirColours() throws IOException {
        BufferedImage all = drawn("accuracy.png", List.of(AccuracyPlot.of(runs(ELEVEN, "symmetric:0.4"))));
        assertThat(all.getWidth()).isGreaterThan(1800);
        for (String name : ELEVEN) {
            assertThat(contains(all, PlotStyle.method(name))).as(name).isTrue();
        }
        BufferedImage two = drawn("two.png", List.of(AccuracyPlot.of(runs(List.of("adiw-w1", "reweight"), "symmetric:0.4"))));
        assertThat(contains(two, PlotStyle.method("reweight"))).isTrue();
        assertThat(contains(two, PlotStyle.method("diw"))).isFalse();
        Map<String, StepMillis> times = new LinkedHashMap<>();
        ELEVEN.forEach(name -> times.put(name, result(ELEVEN.indexOf(name), 1, "symmetric:0.4").stepMillis()));
        times.put("not timed", new StepMillis(Double.NaN, Double.NaN, Double.NaN, Double.NaN));
        CategoryChart steps = StepTimePlot.of(runs(ELEVEN, "symmetric:0.4"), StepTimePlot.LOWER_QUARTILE, times);
        assertThat(steps.getSeries("training: forward, backward, update").getXData()).isEqualTo(ELEVEN);
        drawn("step-time.png", List.of(steps));
        List<MethodRuns> weighted = runs(ELEVEN.subList(1, 11), "symmetric:0.4");
        BufferedImage weights = drawn("weights.png", weighted.stream().map(m -> WeightHistogram.of(m, 10)).toList());
        assertThat(weights.getWidth()).as("legible on a page").isLessThanOrEqualTo(2000);
        assertThat(weights.getHeight()).isGreaterThan(weights.getWidth());
    }

    private static List<String> legend(XYChart chart) {
        return chart.getSeriesCollection().stream().filter(XYSeries::isShowInLegend).map(XYSeries::getName).toList();
    }

    /** On the logarithmic axis a bin without a sample lies below one with a single sample. */
    @Test
    void aBinWithOneSampleIsNotAnEmptyOne() {
        XYChart chart = EstimatedWeightsPlot.weights("km", new float[] {0, 0, 1.6f, 2.4f});
        double[] line = chart.getSeries("weights").getYData();
        assertThat(line[0]).isEqualTo(2);
        assertThat(line[line.length - 1]).isEqualTo(1);
        assertThat(line[line.length - 3]).isLessThan(1).isGreaterThanOrEqualTo(chart.getStyler().getYAxisMin());
        assertThat(Arrays.stream(line).filter(height -> height == 1).count()).as("two sides of two bins").isEqualTo(4);
    }

    private static List<ColumnBalance> balance(int columns, String name, double size) {
        Random random = new Random(columns);
        List<ColumnBalance> balance = new ArrayList<>();
        for (int c = 0; c < columns; c++) {
            double after = size * 0.3 * (columns - c) / columns;
            balance.add(new ColumnBalance(name + c, 0, 0, 0, size * random.nextGaussian(), c % 2 == 0 ? after : -after));
        }
        return balance;
    }

    private BufferedImage drawn(String name, List<ColumnBalance> balance, int columns) throws IOException {
        Random random = new Random(3);
        float[] weights = new float[1000];
        float[] train = new float[weights.length * columns];
        float[] validation = new float[500 * columns];
        for (int i = 0; i < weights.length; i++) {
            train[i * columns] = (float) random.nextGaussian();
            weights[i] = (float) Math.exp(train[i * columns] - 0.5);
        }
        for (int i = 0; i < 500; i++) {
            validation[i * columns] = (float) random.nextGaussian() + 1;
        }
        Path file = folder.resolve(name);
        Pictures.writeWeights(file, "kl", weights, balance, Rows.of(train, columns), Rows.of(validation, columns), said -> {
            throw new AssertionError(said);
        });
        return ImageIO.read(file.toFile());
    }

    @Test
    void balanceBesideTheHistogram() throws IOException {
        for (int columns : new int[] {2, 12, 40}) {
            BufferedImage image = drawn("balance-" + columns + ".png",
                balance(columns, "a column of a long name, measured at station ", 1), columns);
            assertThat(image.getWidth()).isEqualTo(2800);
            assertThat(image.getHeight()).isEqualTo(1040);
            BufferedImage right = image.getSubimage(1400, 0, 1400, 1040);
            assertThat(contains(right, PlotStyle.method("uniform"))).as("before").isTrue();
            assertThat(contains(right, PlotStyle.method("diw"))).as("after").isTrue();
            BufferedImage edge = image.getSubimage(2800 - 20, 0, 20, 1040);
            assertThat(contains(edge, PlotStyle.INK) || contains(edge, PlotStyle.method("diw"))).as("cut off").isFalse();
        }
    }

    @Test
    void balanceThatIsPerfectOrWithoutEnd() throws IOException {
        List<ColumnBalance> balance = List.of(new ColumnBalance("constant in each", 1, 1, 2, Double.NEGATIVE_INFINITY,
            Double.NEGATIVE_INFINITY), new ColumnBalance("x", 1, 1, 1, 0, 0));
        assertThat(contains(drawn("infinite.png", balance, 2).getSubimage(2700, 0, 100, 500), PlotStyle.method("diw"))).isTrue();
    }

    @Test
    void oneColumnIsShownAsItLies() throws IOException {
        BufferedImage right = drawn("one.png", balance(1, "x", 1), 1).getSubimage(1400, 0, 1400, 1040);
        assertThat(contains(right, PlotStyle.method("diw"))).isTrue();
        assertThat(contains(right, PlotStyle.CLEAN)).as("validation").isTrue();
    }

    @Test
    void picturesArePng() {
        Pictures.requirePng(Path.of("a/B.PNG"));
        for (String name : List.of("p.jpg", "p", "png", "p.svg", "p.png.gz")) {
            assertThatThrownBy(() -> Pictures.requirePng(Path.of(name))).isInstanceOf(UsageException.class)
                .hasMessage("plot must be a file whose name ends with .png, not " + name);
        }
    }

    @Test
    void weightsWithoutMislabelledSamples() throws IOException {
        MethodRuns runs = runs(List.of("diw"), "features:rotate:30").get(0);
        assertThat(legend(WeightHistogram.of(runs, 1))).singleElement().asString().startsWith("all samples (1,000");
        assertThat(WeightHistogram.of(runs, 1).getTitle()).contains("features:rotate:30").doesNotContain("label noise");
        assertThat(contains(drawn("weights.png", List.of(WeightHistogram.of(runs, 1))), PlotStyle.CLEAN)).isTrue();
    }

    @Test
    void rareClassesAreShownByThemselves() {
        MethodRuns runs = runs(List.of("diw"), "class-prior:0.5:10").get(0);
        assertThat(legend(WeightHistogram.of(runs, 1))).hasSize(2).first().asString().startsWith("frequent classes (900");
        assertThat(legend(WeightHistogram.of(runs, 1))).last().asString().startsWith("rare classes (100");
    }

    @Test
    void meanAndDeviationOverSeeds() {
        MethodRuns runs = runs(List.of("iw"), "pair:0.3").get(0);
        double a = 100 * runs.runs().get(0).epochs().get(4).testAccuracy();
        double b = 100 * runs.runs().get(1).epochs().get(4).testAccuracy();
        assertThat(runs.accuracy(4)[0]).isCloseTo((a + b) / 2, within(1e-9));
        assertThat(runs.accuracy(4)[1]).isCloseTo(Math.abs(a - b) / Math.sqrt(2), within(1e-9));
    }

    /** Figures are as in the tables, whatever the user's language makes of digits and decimal points. */
    @ParameterizedTest
    @ValueSource(strings = {"de-DE", "ar-EG-u-nu-arab", "hi-IN-u-nu-deva"})
    void figuresDoNotFollowTheLanguage(String language) throws IOException {
        Map<String, byte[]> expected = allPictures("root");
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag(language));
        try {
            Map<String, byte[]> drawn = allPictures(language);
            assertThat(drawn.keySet()).isEqualTo(expected.keySet());
            drawn.forEach((name, image) -> assertThat(image).as(name).isEqualTo(expected.get(name)));
        } finally {
            Locale.setDefault(before);
        }
    }

    private Map<String, byte[]> allPictures(String name) throws IOException {
        Path made = Files.createDirectories(folder.resolve(name));
        List<TrainingResult> results = List.of(result(1, 1, "symmetric:0.4"));
        List<String> written = new ArrayList<>(Pictures.write(made, results, Map.of(results.get(0).options().method(),
            results.get(0).stepMillis()), notice -> Assertions.fail(notice)));
        float[] train = new float[2000];
        Random random = new Random(1);
        for (int i = 0; i < train.length; i++) {
            train[i] = (float) (1000 * random.nextGaussian());
        }
        PlotStyle.writePanels(made.resolve("estimated.png"),
            EstimatedWeightsPlot.of("km", train, List.of(), Rows.of(train, 1), Rows.of(train, 1)));
        PlotStyle.writePanels(made.resolve("balance.png"),
            EstimatedWeightsPlot.of("km", train, balance(12, "x", 1), Rows.of(new float[24_000], 12), Rows.of(new float[24_000], 12)));
        written.addAll(List.of("estimated.png", "balance.png"));
        Map<String, byte[]> images = new LinkedHashMap<>();
        for (String file : written) {
            images.put(file, Files.readAllBytes(made.resolve(file)));
        }
        return images;
    }
}
