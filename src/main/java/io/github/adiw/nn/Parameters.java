package io.github.adiw.nn;

import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.block.Declaration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parameters of a model on a device: all values lie in one buffer and all gradients in another, so that an optimizer
 * is one launch. What belongs to the model and is not trained (running statistics) lies in a third. Shared by the instances of the model
 * for training and for evaluation.
 */
public final class Parameters implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final List<Declaration> declarations;
    private final Buffer values;
    private final Buffer gradients;
    private final Map<String, Parameter> byName = new LinkedHashMap<>();

    /**
     * Memory for what was declared, all zero.
     *
     * @throws IllegalArgumentException if two have one name
     */
    static Parameters allocate(Device device, List<Declaration> declarations) {
        return Scope.building(scope -> new Parameters(scope, device, declarations));
    }

    private Parameters(Scope scope, Device device, List<Declaration> declarations) {
        this.scope = scope;
        this.device = device;
        this.declarations = List.copyOf(declarations);
        values = zeros(total(true));
        gradients = zeros(total(true));
        Buffer others = zeros(total(false));
        long trained = 0;
        long kept = 0;
        for (Declaration d : declarations) {
            Parameter p;
            if (d.trainable()) {
                p = new Parameter(d.name(), d.shape(), true, d.decayed(), values.slice(trained, d.size()),
                    gradients.slice(trained, d.size()));
                trained += padded(d.size());
            } else {
                p = new Parameter(d.name(), d.shape(), false, d.decayed(), others.slice(kept, d.size()), null);
                kept += padded(d.size());
            }
            if (byName.put(d.name(), p) != null) {
                throw new IllegalArgumentException("two layers of the model have a parameter " + d.name());
            }
        }
    }

    private Buffer zeros(long length) {
        Buffer buffer = scope.keep(device.allocate(ElementType.FLOAT32, length));
        device.zero(buffer);
        return buffer;
    }

    private long total(boolean trainable) {
        return declarations.stream().filter(d -> d.trainable() == trainable).mapToLong(d -> padded(d.size())).sum();
    }

    /** Every parameter starts on a multiple of 16 floats, as vector and asynchronous copies like it. */
    private static long padded(int size) {
        return (size + 15L) / 16 * 16;
    }

    /** All, trained or not, in the order of the layers. */
    public List<Parameter> list() {
        return List.copyOf(byName.values());
    }

    /** The parameter of that name. */
    public Parameter get(String name) {
        Parameter parameter = byName.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("the model has no parameter " + name);
        }
        return parameter;
    }

    /** The values of all that are trained, float32, one parameter after the other; between them lie zeros. */
    public Buffer values() {
        return values;
    }

    /** All gradients, laid out as {@link #values}. */
    public Buffer gradients() {
        return gradients;
    }

    /** All that a run must have to go on: the values by name, trained or not, in the order of the layers. */
    public Map<String, Buffer> state() {
        Map<String, Buffer> state = new LinkedHashMap<>();
        byName.forEach((name, parameter) -> state.put(name, parameter.value()));
        return Collections.unmodifiableMap(state);
    }

    /** Draws the initial values that the layers declared. */
    public void initialize(long seed) {
        for (int i = 0; i < declarations.size(); i++) {
            Declaration d = declarations.get(i);
            d.initial().fill(device, get(d.name()).value(), seed, 1000L + i);
        }
    }

    /**
     * Takes the values from tensors of the same names and shapes.
     *
     * @throws AdiwException if one is missing, has another shape, or is one too many
     */
    public void load(SafeTensors tensors) {
        for (Parameter p : byName.values()) {
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
            if (!byName.containsKey(name)) {
                throw new AdiwException("the initial parameters hold " + name + ", which the model does not have");
            }
        }
        for (Parameter p : byName.values()) {
            p.value().upload(tensors.tensors().get(p.name()).values());
        }
    }

    /** The values, named and shaped as PyTorch's. */
    public SafeTensors save() {
        Map<String, SafeTensors.Tensor> tensors = new LinkedHashMap<>();
        for (Parameter p : byName.values()) {
            tensors.put(p.name(), new SafeTensors.Tensor(p.shape(), p.value().toFloats()));
        }
        return new SafeTensors(tensors, Map.of());
    }

    @Override
    public void close() {
        scope.close();
    }
}
