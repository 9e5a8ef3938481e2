package io.github.adiw.spark;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** 600 people of the adult data, of whom those from 40 on are the world; and what a pipeline predicts of their incomes. */
final class Adult {
    static final String[] COLUMNS = {"education", "hours", "gain", "male"};

    private Adult() {}

    static Dataset<Row> rows() {
        return Session.open().read().option("header", true).option("inferSchema", true).csv("src/test/resources/adult/adult-600.csv")
            .selectExpr("monotonically_increasing_id() AS id", "CAST(age >= 40 AS INT) AS domain", "`education-num` AS education",
                "`hours-per-week` AS hours", "`capital-gain` AS gain", "CAST(sex = 'Male' AS INT) AS male",
                "CAST(income = '>50K' AS DOUBLE) AS label");
    }

    /** A line a person: weight, probabilities and prediction, with all digits. */
    static List<String> predictions(PipelineModel model) {
        return model.transform(rows()).orderBy("id").select("weight", "probability", "prediction").collectAsList().stream()
            .map(Row::toString).toList();
    }

    /** Mean negative logarithm of the probability of the true answer, over those from 40 on. */
    static double logLossOfWorld(PipelineModel model) {
        return model.transform(rows()).filter("domain = 1").select("label", "probability").collectAsList().stream()
            .mapToDouble(row -> -Math.log(row.<Vector>getAs(1).apply((int) row.getDouble(0)))).average().orElseThrow();
    }

    /** {@link #predictions} of a saved pipeline, by a virtual machine that knows nothing but its folder. */
    static List<String> predictionsInFreshJvm(String model, Path out) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(argument -> !argument.startsWith("-javaagent"))
            .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Adult.class.getName(), model, out.toString()));
        Path said = Files.createTempFile(out.toAbsolutePath().getParent(), "said", ".txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        if (process.waitFor() != 0) {
            throw new IOException("a virtual machine that loads " + model + " ended with " + process.exitValue() + ": "
                + Files.readString(said));
        }
        return Files.readAllLines(out);
    }

    public static void main(String[] arguments) throws IOException {
        Session.open();
        Files.write(Path.of(arguments[1]), predictions(PipelineModel.load(arguments[0])));
    }
}
