package io.github.adiw.spark;

import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Function2;

/** The columns that are read, and what is refused in them. */
final class Columns {
    static final int TRAINING = 0;
    static final int WORLD = 1;

    private Columns() {}

    /**
     * A column's field.
     *
     * @throws IllegalArgumentException if there is none
     */
    static StructField field(StructType schema, String name) {
        return find(schema, name).orElseThrow(() -> new IllegalArgumentException(
            "there is no column " + name + ": there are " + String.join(", ", schema.fieldNames())));
    }

    static boolean has(StructType schema, String name) {
        return find(schema, name).isPresent();
    }

    /** The first that Spark would take for it: by letters alone, whatever their case, unless {@code spark.sql.caseSensitive}. */
    private static Optional<StructField> find(StructType schema, String name) {
        Function2<String, String, Object> same = SQLConf.get().resolver();
        return Arrays.stream(schema.fields()).filter(field -> (Boolean) same.apply(field.name(), name)).findFirst();
    }

    static void requireVectors(StructType schema, String name) {
        StructField field = field(schema, name);
        if (!field.dataType().equals(SQLDataTypes.VectorType())) {
            throw new IllegalArgumentException("column " + name + " must have vectors, not " + field.dataType().catalogString()
                + ": make them of your columns by a VectorAssembler");
        }
    }

    static void requireDomains(StructType schema, String name) {
        StructField field = field(schema, name);
        if (!(field.dataType() instanceof NumericType)) {
            throw new IllegalArgumentException(
                "column " + name + " must have the numbers 0, for training rows, and 1, for rows of the world, "
                    + "not " + field.dataType().catalogString());
        }
    }

    /** The schema with the column of weights. */
    static StructType withWeights(StructType schema, String name) {
        if (has(schema, name)) {
            throw new IllegalArgumentException(
                "there is a column " + field(schema, name).name() + " already: give the weights another one by weightCol");
        }
        return schema.add(name, DataTypes.DoubleType, false);
    }

    /** A column of domains as doubles. */
    static Column domains(Dataset<?> dataset, String name) {
        return dataset.col(name).cast(DataTypes.DoubleType);
    }

    /** The rows of one domain; all rows are looked at. */
    static JavaRDD<double[]> rows(Dataset<?> dataset, String features, String domain, int wanted) {
        return dataset.select(dataset.col(features), domains(dataset, domain)).toJavaRDD()
            .filter(row -> domain(row.isNullAt(1) ? null : row.getDouble(1), domain) == wanted)
            .map(row -> numbers(row.getAs(0), features));
    }

    /** All rows. */
    static JavaRDD<double[]> rows(Dataset<?> dataset, String features) {
        return dataset.select(dataset.col(features)).toJavaRDD().map(row -> numbers(row.getAs(0), features));
    }

    /** @throws IllegalArgumentException if it is neither 0 nor 1 */
    static int domain(Double value, String column) {
        if (value == null || value != TRAINING && value != WORLD) {
            throw new IllegalArgumentException("column " + column + " has " + (value == null ? "a null" : "the value " + value)
                + ", and must have 0, for training rows, or 1, for rows of the world: filter the others out");
        }
        return value.intValue();
    }

    /**
     * What a vector holds, sparse or not.
     *
     * @throws IllegalArgumentException if there is none, or a number is not finite
     */
    static double[] numbers(Vector vector, String column) {
        if (vector == null) {
            throw new IllegalArgumentException("column " + column + " has a null: fill it in, by an Imputer, or filter such rows out");
        }
        double[] numbers = vector.toArray();
        for (int k = 0; k < numbers.length; k++) {
            if (!Double.isFinite(numbers[k])) {
                throw new IllegalArgumentException("column " + column + " has " + numbers[k] + " in place " + k
                    + " of a vector: fill it in, by an Imputer, or filter such rows out");
            }
        }
        return numbers;
    }

    /** @throws IllegalArgumentException if it has another length than the others */
    static double[] ofLength(int length, double[] row, String column) {
        if (row.length != length) {
            throw new IllegalArgumentException("column " + column + " has vectors of " + length + " and of " + row.length
                + " numbers: all must have the same");
        }
        return row;
    }
}
