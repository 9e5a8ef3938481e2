package io.github.adiw.nn;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
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
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * The parameters of a model on a device: all values lie in one buffer and all gradients in another, so that an optimizer
 * is one launch. What belongs to the model and is not trained (running statistics, counts) lies elsewhere. Shared by the instances of the
 * model for training and for evaluation.
 */
public final class Parameters implements AutoCloseable {
    /** What names begin with that come from a model in PyTorch's DataParallel. */
    private static final String WRAPPED = "module.";

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
            } else if (d.isCount()) {
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

    /**
     * Refuses to be those of a model that declared something else, whose layers would read beyond an end.
     *
     * @throws UsageException if they are another model's or device's
     */
    void requireOf(Device wanted, String model, List<Declaration> needs) {
        wanted.require("parameters", values, ElementType.FLOAT32);
        boolean same = declarations.size() == needs.size() && IntStream.range(0, needs.size())
            .allMatch(i -> declarations.get(i).name().equals(needs.get(i).name())
                && Arrays.equals(declarations.get(i).shape(), needs.get(i).shape()));
        if (!same) {
            throw UsageException.of("parameters", "parameters are those of another model than " + model
                + " for such rows and classes: take them from its parameters(device)");
        }
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
        load(SafeTensors.readParameters(UsageException.given("file", file)), file.toString());
    }

    /**
     * Takes the values from tensors of the same names and shapes; counts that are missing are 0.
     *
     * @throws AdiwException if one is missing, has another shape or type, is one too many, or has a value that is not finite or a variance
     *                       below 0; then nothing has changed
     */
    public void load(SafeTensors tensors) {
        load(UsageException.given("tensors", tensors), "the initial parameters");
    }

    /** @param source what to call them all in messages */
    private void load(SafeTensors tensors, String source) {
        for (Declaration d : declarations) {
            SafeTensors.Tensor tensor = tensors.tensors().get(d.name());
            if (tensor != null) {
                requireFit(d, tensor, source);
            } else if (!d.isCount()) {
                throw new AdiwException("the tensor " + d.name() + " " + Arrays.toString(d.shape()) + " is missing from " + source
                    + insteadOfMissing(tensors.tensors().keySet()));
            }
        }
        for (String name : tensors.tensors().keySet()) {
            if (!byName.containsKey(name)) {
                throw new AdiwException("the tensor " + name + " of " + source + " is none of the model's");
            }
        }
        for (Declaration d : declarations) {
            SafeTensors.Tensor tensor = tensors.tensors().get(d.name());
            Buffer value = get(d.name()).value();
            if (!d.isCount()) {
                value.upload(tensor.values());
            } else if (tensor == null) {
                device.zero(value);
            } else {
                value.upload((long[]) tensor.array());
            }
        }
    }

    /** Half a sentence on the first name that is there and not the model's; empty if there is none. */
    private String insteadOfMissing(Set<String> names) {
        if (!names.isEmpty() && names.stream().allMatch(name -> name.startsWith(WRAPPED))) {
            return ": all names there begin with " + WRAPPED + ", as those of a model in PyTorch's DataParallel do; save model.module's "
                + "parameters instead";
        }
        return names.stream().filter(name -> !byName.containsKey(name)).findFirst().map(name -> ", where " + name + " is instead")
            .orElse("");
    }

    private static void requireFit(Declaration d, SafeTensors.Tensor tensor, String source) {
        String named = "the tensor " + d.name() + " of " + source;
        if (!Arrays.equals(tensor.shape(), d.shape())) {
            throw new AdiwException(named + " has the shape " + Arrays.toString(tensor.shape()) + ", but the model's is "
                + Arrays.toString(d.shape()));
        }
        if (tensor.type() != d.type()) {
            throw new AdiwException(named + " is " + tensor + ", but the model's is " + d.type().name().toLowerCase(Locale.ROOT));
        }
        if (d.isCount()) {
            return;
        }
        float[] values = tensor.values();
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new AdiwException(named + " has " + values[i] + " at value " + i + " (from 0) in float32, and finite numbers were "
                    + "expected");
            }
            if (values[i] < d.least()) {
                throw new AdiwException(named + " has " + values[i] + " at value " + i + " (from 0), and variances of at least 0 were "
                    + "expected");
            }
        }
    }

    /** The values, named and shaped as PyTorch's, and marked as its. */
    public SafeTensors save() {
        Map<String, SafeTensors.Tensor> tensors = new LinkedHashMap<>();
        for (Parameter p : byName.values()) {
            if (p.value().type() == ElementType.INT64) {
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
