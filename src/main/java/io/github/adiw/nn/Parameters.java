package io.github.adiw.nn;

import io.github.adiw.AdiwException;
import io.github.adiw.data.SafeTensors;
import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.ElementType;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.block.Declaration;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The parameters of a model on a device: all values lie in one buffer and all gradients in another, so that an optimizer
 * is one launch. What belongs to the model and is not trained (running statistics, counts) lies elsewhere. Shared by the instances of the
 * model for training and for evaluation.
 */
public final class Parameters implements AutoCloseable {
    private final Scope scope;
    private final Device device;
    private final List<Declaration> declarations;
    private final Buffer values;
    private final Buffer gradients;
    private final Buffer statistics;
    private final Buffer counts;
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
        Predicate<Declaration> trainable = Declaration::trainable;
        values = zeros(ElementType.FLOAT32, trainable);
        gradients = zeros(ElementType.FLOAT32, trainable);
        statistics = zeros(ElementType.FLOAT32, trainable.negate());
        counts = zeros(ElementType.INT64, trainable.negate());
        long trained = 0;
        long kept = 0;
        long counted = 0;
        for (Declaration d : declarations) {
            Buffer value;
            Buffer gradient = null;
            if (d.trainable()) {
                value = values.slice(trained, d.size());
                gradient = gradients.slice(trained, d.size());
                trained += padded(d.size());
            } else if (d.type() == ElementType.INT64) {
                value = counts.slice(counted, d.size());
                counted += padded(d.size());
            } else {
                value = statistics.slice(kept, d.size());
                kept += padded(d.size());
            }
            if (byName.put(d.name(), new Parameter(d.name(), d.shape(), d.trainable(), d.decayed(), value, gradient)) != null) {
                throw new IllegalArgumentException("two layers of the model have a parameter " + d.name());
            }
        }
    }

    /** One piece of memory for all declarations of a kind. */
    private Buffer zeros(ElementType type, Predicate<Declaration> kind) {
        long length = declarations.stream().filter(d -> d.type() == type && kind.test(d)).mapToLong(d -> padded(d.size())).sum();
        Buffer buffer = scope.keep(device.allocate(type, length));
        device.zero(buffer);
        return buffer;
    }

    /** Every parameter starts on a multiple of 16 numbers, as vector and asynchronous copies like it. */
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

    /** What is not trained, float32: running statistics; empty where the model has none. */
    public Buffer statistics() {
        return statistics;
    }

    /** The passes that these have been kept up to date in, int64; empty where the model has no statistics. */
    public Buffer counts() {
        return counts;
    }

    /**
     * Where in {@link #values} weights lie that decay even where biases and the like are spared: pairs of a place and a number of values.
     *
     * @param longest values of a pair; a longer parameter has several
     */
    int[] decayedSpans(int longest) {
        IntStream.Builder spans = IntStream.builder();
        long at = 0;
        for (Declaration d : declarations) {
            if (d.trainable()) {
                for (int done = 0; d.decayed() && done < d.size(); done += longest) {
                    spans.add(Math.toIntExact(at + done)).add(Math.min(longest, d.size() - done));
                }
                at += padded(d.size());
            }
        }
        return spans.build().toArray();
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
     * Takes the values from a file, as {@link #load(SafeTensors)}.
     *
     * @throws AdiwException also if the file cannot be read ({@link SafeTensors#readParameters})
     */
    public void load(Path file) {
        load(SafeTensors.readParameters(file));
    }

    /**
     * Takes the values from tensors of the same names and shapes; counts that are missing are 0.
     *
     * @throws AdiwException if one is missing, has another shape or type, or is one too many; then nothing has changed
     */
    public void load(SafeTensors tensors) {
        for (Parameter p : byName.values()) {
            SafeTensors.Tensor tensor = tensors.tensors().get(p.name());
            if (tensor == null && counts(p)) {
                continue;
            }
            if (tensor == null) {
                throw new AdiwException("the tensor " + p.name() + " " + Arrays.toString(p.shape())
                    + " is missing from the initial parameters: they have " + String.join(", ", tensors.tensors().keySet()));
            }
            if (!Arrays.equals(tensor.shape(), p.shape())) {
                throw new AdiwException("the initial parameter " + p.name() + " has the shape " + Arrays.toString(tensor.shape())
                    + ", but the model's is " + Arrays.toString(p.shape()));
            }
            if (tensor.type() != p.value().type()) {
                throw new AdiwException("the initial parameter " + p.name() + " is " + tensor + ", but the model's is "
                    + p.value().type().name().toLowerCase(Locale.ROOT));
            }
        }
        for (String name : tensors.tensors().keySet()) {
            if (!byName.containsKey(name)) {
                throw new AdiwException("the initial parameters hold " + name + ", which the model does not have");
            }
        }
        for (Parameter p : byName.values()) {
            SafeTensors.Tensor tensor = tensors.tensors().get(p.name());
            if (!counts(p)) {
                p.value().upload(tensor.values());
            } else if (tensor == null) {
                device.zero(p.value());
            } else {
                p.value().upload((long[]) tensor.array());
            }
        }
    }

    private static boolean counts(Parameter p) {
        return p.value().type() == ElementType.INT64;
    }

    /** The values, named and shaped as PyTorch's, and marked as its. */
    public SafeTensors save() {
        Map<String, SafeTensors.Tensor> tensors = new LinkedHashMap<>();
        for (Parameter p : byName.values()) {
            if (counts(p)) {
                long[] count = new long[p.size()];
                p.value().download(count);
                tensors.put(p.name(), new SafeTensors.Tensor(p.shape(), count));
            } else {
                tensors.put(p.name(), new SafeTensors.Tensor(p.shape(), p.value().toFloats()));
            }
        }
        return new SafeTensors(tensors, Map.of("format", "pt"));
    }

    /** How many numbers are trained. */
    public long trainable() {
        return byName.values().stream().filter(Parameter::trainable).mapToLong(Parameter::size).sum();
    }

    @Override
    public void close() {
        scope.close();
    }
}
