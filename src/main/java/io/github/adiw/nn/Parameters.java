package io.github.adiw.nn;

import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Launch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parameters of a model on a device: all values lie in one buffer and all gradients in another, so that an optimizer
 * is one launch. Shared by the instances of the model for training and for evaluation.
 */
public final class Parameters implements AutoCloseable {
    private final Device device;
    private final Buffer values;
    private final Buffer gradients;
    private final List<Parameter> list = new ArrayList<>();

    /** A parameter before it has memory. */
    record Declaration(String name, int[] shape, int fanIn) {
        int size() {
            return Arrays.stream(shape).reduce(1, Math::multiplyExact);
        }
    }

    Parameters(Device device, List<Declaration> declarations) {
        this.device = device;
        // Every parameter starts on a multiple of 16 floats, as vector and asynchronous copies like it.
        long total = declarations.stream().mapToLong(d -> padded(d.size())).sum();
        values = device.allocate(ElementType.FLOAT32, total);
        gradients = device.allocate(ElementType.FLOAT32, total);
        device.zero(values);
        device.zero(gradients);
        long offset = 0;
        for (Declaration d : declarations) {
            list.add(new Parameter(d.name, d.shape, d.fanIn, values.slice(offset, d.size()), gradients.slice(offset, d.size())));
            offset += padded(d.size());
        }
    }

    private static long padded(int size) {
        return (size + 15L) / 16 * 16;
    }

    /** In the order of the layers. */
    public List<Parameter> list() {
        return List.copyOf(list);
    }

    /** The parameter of that name. */
    public Parameter get(String name) {
        return list.stream().filter(p -> p.name().equals(name)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("the model has no parameter " + name));
    }

    /** All values, float32, one parameter after the other; between them lie zeros. */
    public Buffer values() {
        return values;
    }

    /** All gradients, laid out as {@link #values}. */
    public Buffer gradients() {
        return gradients;
    }

    /** Draws PyTorch's default initial values: uniform in +-1/sqrt(fan in), weights and biases alike. */
    public void initialize(long seed) {
        for (int i = 0; i < list.size(); i++) {
            Parameter p = list.get(i);
            float bound = (float) (1 / Math.sqrt(p.fanIn()));
            device.launch("uniform_fill", Launch.elements(p.size()), p.value(), p.size(), -bound, bound, seed, 1000L + i);
        }
    }

    /**
     * Takes the values from tensors of the same names and shapes.
     *
     * @throws AdiwException if one is missing, has another shape, or is one too many
     */
    public void load(SafeTensors tensors) {
        for (Parameter p : list) {
            SafeTensors.Tensor tensor = tensors.tensors().get(p.name());
            if (tensor == null) {
                throw new AdiwException("the tensor " + p.name() + " " + Arrays.toString(p.shape())
                    + " is missing from the initial parameters: they have " + String.join(", ", tensors.tensors().keySet()));
            }
            if (!Arrays.equals(tensor.shape(), p.shape())) {
                throw new AdiwException("the initial parameter " + p.name() + " has the shape " + Arrays.toString(tensor.shape())
                    + ", but the model's is " + Arrays.toString(p.shape()));
            }
        }
        for (String name : tensors.tensors().keySet()) {
            if (list.stream().noneMatch(p -> p.name().equals(name))) {
                throw new AdiwException("the initial parameters hold " + name + ", which the model does not have");
            }
        }
        for (Parameter p : list) {
            p.value().upload(tensors.tensors().get(p.name()).values());
        }
    }

    /** The values, named and shaped as PyTorch's. */
    public SafeTensors save() {
        Map<String, SafeTensors.Tensor> tensors = new LinkedHashMap<>();
        for (Parameter p : list) {
            tensors.put(p.name(), new SafeTensors.Tensor(p.shape(), p.value().toFloats()));
        }
        return new SafeTensors(tensors, Map.of());
    }

    @Override
    public void close() {
        values.close();
        gradients.close();
    }
}
