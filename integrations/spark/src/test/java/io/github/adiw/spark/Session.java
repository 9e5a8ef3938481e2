package io.github.adiw.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Spark in this process, and samples for it. */
final class Session {
    static final StructType SCHEMA = new StructType().add("id", DataTypes.IntegerType).add("features", SQLDataTypes.VectorType())
        .add("domain", DataTypes.IntegerType);

    private Session() {}

    /** The one of all tests, with the serializer that cannot do all that Java's can. */
    static SparkSession open() {
        return SparkSession.builder().master("local[2]").appName("adiw").config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 2).config("spark.driver.host", "localhost")
            .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer").getOrCreate();
    }

    /** Normal numbers, {@code [rows, columns]}; the first column has this mean and deviation, the others 0 and 1. */
    static double[] normal(long seed, int rows, int columns, double mean, double deviation) {
        Random random = new Random(seed);
        double[] values = new double[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % columns == 0 ? mean + deviation * random.nextGaussian() : random.nextGaussian();
        }
        return values;
    }

    /** Training rows and rows of the world as one frame, ids from 0. */
    static Dataset<Row> frame(double[] training, double[] world, int columns) {
        List<Row> rows = new ArrayList<>();
        add(rows, training, columns, Columns.TRAINING);
        add(rows, world, columns, Columns.WORLD);
        return open().createDataFrame(rows, SCHEMA);
    }

    private static void add(List<Row> rows, double[] values, int columns, int domain) {
        for (int from = 0; from < values.length; from += columns) {
            rows.add(RowFactory.create(rows.size(), vector(values, from, columns), domain));
        }
    }

    static Vector vector(double[] values, int from, int columns) {
        return Vectors.dense(java.util.Arrays.copyOfRange(values, from, from + columns));
    }

    /** The column of weights in the order of ids. */
    static double[] weights(Dataset<Row> transformed) {
        return transformed.orderBy("id").select("weight").collectAsList().stream().mapToDouble(row -> row.getDouble(0)).toArray();
    }
}
