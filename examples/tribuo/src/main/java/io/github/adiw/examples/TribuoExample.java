package io.github.adiw.examples;

import io.github.adiw.ratio.DensityRatio;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tribuo.DataSource;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.data.columnar.FieldProcessor;
import org.tribuo.data.columnar.RowProcessor;
import org.tribuo.data.columnar.extractors.IntExtractor;
import org.tribuo.data.columnar.processors.field.DoubleFieldProcessor;
import org.tribuo.data.columnar.processors.field.IdentityProcessor;
import org.tribuo.data.columnar.processors.response.FieldResponseProcessor;
import org.tribuo.data.csv.CSVDataSource;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.transform.TransformTrainer;
import org.tribuo.transform.TransformationMap;
import org.tribuo.transform.transformations.MeanStdDevTransformation;

/**
 * Incomes of people under 40 are known, those of people from 40 on are asked for. A linear model by Tribuo, fitted to the younger people
 * with equal weights and with the weights of a {@link DensityRatio}, and judged on older people whom neither has seen.
 */
public final class TribuoExample {
    private static final List<String> HEADER = List.of("age", "workclass", "fnlwgt", "education", "education-num", "marital-status",
        "occupation", "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income");
    /** Two columns, of which a line makes little. */
    static final List<FieldProcessor> FEW = List.of(new DoubleFieldProcessor("education-num"), new DoubleFieldProcessor("hours-per-week"));
    /** What there is but for age, which tells the two apart, and the census's own weight. */
    static final List<FieldProcessor> ALL = List.of(new DoubleFieldProcessor("education-num"), new DoubleFieldProcessor("hours-per-week"),
        new DoubleFieldProcessor("capital-gain"), new DoubleFieldProcessor("capital-loss"), new IdentityProcessor("workclass"),
        new IdentityProcessor("marital-status"), new IdentityProcessor("occupation"), new IdentityProcessor("relationship"),
        new IdentityProcessor("race"), new IdentityProcessor("sex"));

    private static final int EPOCHS = 20;
    private static final int MINI_BATCH = 1;
    private static final long SEED = 1;

    private TribuoExample() {
    }

    /** Prints what weights change where the model knows little, and where it knows more. */
    public static void main(String[] arguments) {
        if (arguments.length != 1) {
            System.err.println("give the file adult.data of https://archive.ics.uci.edu/dataset/2/adult,"
                + " or what gunzip makes of examples/data/adult-8000.data.gz");
            System.exit(2);
        }
        compare(Path.of(arguments[0]), FEW).print();
        compare(Path.of(arguments[0]), ALL).print();
    }

    /** Fits twice, and compares. */
    static Comparison compare(Path file, List<FieldProcessor> columns) {
        RowProcessor<Label> rows = new RowProcessor.Builder<Label>().setFieldProcessors(columns)
            .addMetadataExtractor(new IntExtractor("age"))
            .build(new FieldResponseProcessor<>("income", "", new LabelFactory()));
        DataSource<Label> people = new CSVDataSource<>(file, rows, true, ',', '"', HEADER);
        MutableDataset<Label> train = new MutableDataset<>(people.getProvenance(), people.getOutputFactory());
        MutableDataset<Label> world = new MutableDataset<>(people.getProvenance(), people.getOutputFactory());
        MutableDataset<Label> test = new MutableDataset<>(people.getProvenance(), people.getOutputFactory());
        for (Example<Label> person : people) {
            boolean young = (int) person.getMetadataValue("age").orElseThrow() < 40;
            (young ? train : world.size() > test.size() ? test : world).add(person);
        }

        // With more than one example in a mini-batch, Tribuo 4.3 gives all of them their mean weight.
        Trainer<Label> sgd = new LinearSGDTrainer(new LogMulticlass(), new AdaGrad(0.03), EPOCHS, -1, MINI_BATCH, SEED);
        Trainer<Label> trainer = new TransformTrainer<>(sgd,
            new TransformationMap(Map.of(".*@value", List.of(new MeanStdDevTransformation()))));
        double[] uniform = losses(trainer.train(train), test);

        ImmutableFeatureMap features = train.getFeatureIDMap();
        DensityRatio ratio = DensityRatio.fit(inputs(train, features), inputs(world, features), features.size());
        float[] weights = ratio.weights();
        for (int i = 0; i < weights.length; i++) {
            train.getExample(i).setWeight(weights[i]);
        }
        return new Comparison(features.size(), ratio, uniform, losses(trainer.train(train), test));
    }

    /** Tribuo's sparse examples as {@code [n, d]}, row-major: a column for each feature of the training data. */
    private static float[] inputs(Dataset<Label> data, ImmutableFeatureMap features) {
        int d = features.size();
        float[] x = new float[data.size() * d];
        for (int i = 0; i < data.size(); i++) {
            for (Feature feature : data.getExample(i)) {
                int column = features.getID(feature.getName());
                if (column >= 0) {
                    x[i * d + column] = (float) feature.getValue();
                }
            }
        }
        return x;
    }

    private static double[] losses(Model<Label> model, Dataset<Label> people) {
        return model.predict(people).stream()
            .mapToDouble(p -> -Math.log(p.getOutputScores().get(p.getExample().getOutput().getLabel()).getScore())).toArray();
    }

    /**
     * Losses of two models, one a person: -log of the probability that the model gave to what was so.
     *
     * @param features the number of features
     * @param ratio    where the weights are from
     * @param uniform  of the model that was fitted with equal weights
     * @param weighted of the one that was fitted with the ratio's
     */
    record Comparison(int features, DensityRatio ratio, double[] uniform, double[] weighted) {
        static double logLoss(double[] losses) {
            return Arrays.stream(losses).average().orElseThrow();
        }

        /** The share of people of whom the model was right. */
        static double accuracy(double[] losses) {
            return Arrays.stream(losses).filter(loss -> loss < Math.log(2)).count() / (double) losses.length;
        }

        /** What weights add to the log-loss: below 0 they help. */
        double difference() {
            return logLoss(weighted) - logLoss(uniform);
        }

        /** Of the difference, by the people who were drawn. */
        double standardError() {
            double mean = difference(), squares = 0;
            for (int i = 0; i < uniform.length; i++) {
                squares += Math.pow(weighted[i] - uniform[i] - mean, 2);
            }
            return Math.sqrt(squares) / uniform.length;
        }

        void print() {
            System.out.printf(Locale.ROOT, "%d features; weights by %s, worth %.0f equal ones of %d%n", features, ratio.method(),
                ratio.diagnostics().effectiveSampleSize(), ratio.weights().length);
            ratio.diagnostics().warnings().forEach(System.out::println);
            System.out.printf(Locale.ROOT, "  uniform   log-loss %.4f, accuracy %.1f %%%n  weighted  log-loss %.4f, accuracy %.1f %%%n"
                + "  weighted - uniform: log-loss %+.4f +- %.4f%n", logLoss(uniform), 100 * accuracy(uniform), logLoss(weighted),
                100 * accuracy(weighted), difference(), standardError());
        }
    }
}
