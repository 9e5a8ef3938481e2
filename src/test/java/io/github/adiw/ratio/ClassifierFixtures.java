package io.github.adiw.ratio;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.Fixtures;
import io.github.adiw.data.SafeTensors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What {@code fixtures/classifier/classifier.py} made. */
final class ClassifierFixtures {
    private final SafeTensors inputs = SafeTensors.read(Fixtures.path("classifier/classifier.safetensors"));

    /** The cases of a file, one a line. */
    static List<JsonNode> cases(String file) throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        new ObjectMapper().readTree(Fixtures.path("classifier/" + file).toFile()).forEach(cases::add);
        return cases;
    }

    static double[] numbers(JsonNode array) {
        double[] numbers = new double[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = array.get(i).asDouble();
        }
        return numbers;
    }

    Matrix train(String name) {
        return matrix(name + "/train");
    }

    Matrix validation(String name) {
        return matrix(name + "/validation");
    }

    private Matrix matrix(String name) {
        SafeTensors.Tensor tensor = inputs.tensors().get(name);
        return new Matrix(tensor.values(), tensor.shape()[0], tensor.shape()[1]);
    }
}
