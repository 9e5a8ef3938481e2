package io.github.adiw.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.ratio.DensityRatio;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.SparkSession;

/**
 * Stages as folders: {@code metadata} as Spark's own stages have it, which pipelines read, written here since Spark's writer has other
 * parameters from version to version; the ratio as the library saves it, {@code data/ratio.safetensors}.
 */
final class StageFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RATIO = "data/ratio.safetensors";

    private StageFiles() {}

    /** Writes what belongs to a stage beside its metadata. */
    interface Data {
        void save(String path) throws IOException;
    }

    /** Makes a stage of what lies beside its metadata. */
    interface Maker<T> {
        T make(String uid, String path) throws IOException;
    }

    static MLWriter writer(Params stage, Data data) {
        return new MLWriter() {
            @Override
            public void saveImpl(String path) {
                try {
                    JavaSparkContext context = JavaSparkContext.fromSparkContext(sparkSession().sparkContext());
                    context.parallelize(List.of(metadata(stage, context.version())), 1)
                        .saveAsTextFile(new Path(path, "metadata").toString());
                    data.save(path);
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot write " + path, e);
                }
            }
        };
    }

    static <T extends Params> MLReader<T> reader(Class<T> kind, Maker<T> maker) {
        return new MLReader<>() {
            @Override
            public T load(String path) {
                try {
                    JavaSparkContext context = JavaSparkContext.fromSparkContext(sparkSession().sparkContext());
                    JsonNode metadata = JSON.readTree(context.textFile(new Path(path, "metadata").toString(), 1).first());
                    String found = metadata.path("class").asText();
                    if (!found.equals(kind.getName())) {
                        throw new IllegalArgumentException(path + " holds a " + found + ", not a " + kind.getName());
                    }
                    T stage = maker.make(metadata.path("uid").asText(), path);
                    setDefaults(stage, metadata.path("defaultParamMap"));
                    setAll(stage, metadata.path("paramMap"));
                    return stage;
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot read " + path, e);
                }
            }
        };
    }

    private static String metadata(Params stage, String version) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.put("class", stage.getClass().getName());
        root.put("timestamp", System.currentTimeMillis());
        root.put("sparkVersion", version);
        root.put("uid", stage.uid());
        ObjectNode given = root.putObject("paramMap");
        ObjectNode defaults = root.putObject("defaultParamMap");
        for (Param<?> param : stage.params()) {
            if (stage.isSet(param)) {
                put(given, param, stage.get(param).get());
            }
            if (stage.hasDefault(param)) {
                put(defaults, param, stage.getDefault(param).get());
            }
        }
        return root.toString();
    }

    @SuppressWarnings("unchecked")
    private static void put(ObjectNode node, Param<?> param, Object value) throws IOException {
        node.set(param.name(), JSON.readTree(((Param<Object>) param).jsonEncode(value)));
    }

    private static void setAll(Params stage, JsonNode values) {
        for (Map.Entry<String, JsonNode> value : values.properties()) {
            Param<Object> param = stage.getParam(value.getKey());
            stage.set(param, param.jsonDecode(value.getValue().toString()));
        }
    }

    private static void setDefaults(Params stage, JsonNode values) {
        for (Map.Entry<String, JsonNode> value : values.properties()) {
            Param<Object> param = stage.getParam(value.getKey());
            stage.setDefault(param, param.jsonDecode(value.getValue().toString()));
        }
    }

    static void saveRatio(DensityRatio ratio, String path) throws IOException {
        java.nio.file.Path file = Files.createTempFile("ratio", ".safetensors");
        try {
            ratio.save(file);
            Path to = new Path(path, RATIO);
            fileSystem(to).copyFromLocalFile(false, true, new Path(file.toUri()), to);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    static DensityRatio loadRatio(String path) throws IOException {
        java.nio.file.Path file = Files.createTempFile("ratio", ".safetensors");
        try {
            Path from = new Path(path, RATIO);
            try (var in = fileSystem(from).open(from)) {
                Files.copy(in, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
            return DensityRatio.load(file);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static FileSystem fileSystem(Path path) throws IOException {
        Configuration configuration = SparkSession.active().sparkContext().hadoopConfiguration();
        return path.getFileSystem(configuration);
    }
}
