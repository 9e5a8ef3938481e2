package io.github.adiw.nn.block;

import io.github.adiw.device.Buffer;
import io.github.adiw.device.Device;
import io.github.adiw.device.Launch;
import io.github.adiw.device.Scope;
import io.github.adiw.nn.Mode;
import io.github.adiw.nn.Parameters;
import io.github.adiw.nn.Precision;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A network bound to memory for a fixed number of rows. Forward, its layers run in order; backward, in reverse, and where several
 * layers take a value, their gradients are added up. All memory is allocated at the start: what is needed during a part of a pass only
 * (gradients; and values, where no row is trained on) shares it.
 */
public final class Program implements AutoCloseable {
    private final Setting setting;
    private final Value output;
    private final Value features;
    private final Map<Value, Slot> values = new HashMap<>();
    private final Slot input = new Slot();
    private final Slot outputGradient = new Slot();
    private final List<Step> forward = new ArrayList<>();
    private final List<Step> backward = new ArrayList<>();

    /** What all layers of a program share. */
    record Setting(Scope scope, Device device, Parameters parameters, int rows, int trained, Precision precision, Workspace workspace) {}

    /** A layer at its place, and the sums of gradients to make after its backward pass. */
    private record Step(Node node, Site site, Operation operation, List<Addition> additions) {}

    /** sum = first + second. */
    private record Addition(Slot first, Slot second, Slot sum) {}

    /**
     * Binds a network.
     *
     * @param parameters what its layers declared, on {@code device}
     * @param rows       of the forward pass, at least 1
     * @param trained    rows of the backward pass, the first ones; 0 if there is none
     */
    public static Program bind(Device device, Wiring network, Parameters parameters, int rows, int trained, Precision precision) {
        return Scope
            .building(scope -> new Program(new Setting(scope, device, parameters, rows, trained, precision, new Workspace()), network));
    }

    private Program(Setting setting, Wiring network) {
        this.setting = setting;
        output = network.output();
        features = network.features();
        BufferPool pool = new BufferPool(setting.scope, setting.device);
        values.put(network.input(), input);
        network.nodes().forEach(node -> forward.add(step(node, network, pool)));
        if (setting.trained > 0) {
            planBackward(network, pool);
        }
        setting.workspace.allocate(setting.scope, setting.device);
    }

    private Step step(Node node, Wiring network, BufferPool pool) {
        Slot made = made(node.output(), network, pool);
        Slot[] inner = node.inner().stream().map(value -> made(value, network, pool)).toArray(Slot[]::new);
        Site site = new Site(setting, node.shape(), node.inputs().stream().map(values::get).toArray(Slot[]::new), made, inner);
        Operation operation = node.layer().bind(site);
        made.release();
        Stream.of(inner).forEach(Slot::release);
        node.inputs().forEach(value -> values.get(value).release());
        return new Step(node, site, operation, new ArrayList<>());
    }

    /** A place for a value, held by those who read it and by who calls this. */
    private Slot made(Value value, Wiring network, BufferPool pool) {
        Slot made = pool.take((long) setting.rows * value.shape().size());
        values.put(value, made);
        if (setting.trained > 0 || value == output || value == features) {
            made.hold();        // it is there when the pass has ended
        }
        network.nodes().stream().flatMap(node -> node.inputs().stream()).filter(taken -> taken == value).forEach(use -> made.hold());
        return made;
    }

    private void planBackward(Wiring network, BufferPool pool) {
        Set<Value> learning = learning(network);
        Map<Value, Slot> gradients = new HashMap<>();
        gradients.put(output, outputGradient);
        List<Step> reversed = new ArrayList<>(forward);
        Collections.reverse(reversed);
        for (Step step : reversed) {
            Slot gradient = gradients.get(step.node.output());
            if (gradient == null || !learning.contains(step.node.output())) {
                continue;
            }
            step.site.outputGradient(gradient);
            List<Value> inputs = step.node.inputs();
            List<Slot> made = new ArrayList<>();
            Slot shared = step.node.layer().passesGradient() ? gradient : null;
            for (int i = 0; i < inputs.size(); i++) {
                Slot slot = !learning.contains(inputs.get(i)) ? null
                    : shared != null ? shared.hold() : pool.take((long) setting.trained * step.node.shape().size());
                if (shared == null && step.node.layer().sharesGradient()) {
                    shared = slot;
                }
                step.site.inputGradient(i, slot);
                made.add(slot);
            }
            for (int i = 0; i < inputs.size(); i++) {
                if (made.get(i) != null) {
                    gradients.merge(inputs.get(i), made.get(i), (first, second) -> sum(first, second, step, pool));
                }
            }
            gradient.release();
            backward.add(step);
        }
    }

    /** Values that depend on a parameter that is trained. */
    private static Set<Value> learning(Wiring network) {
        Set<Value> learning = new HashSet<>();
        for (Node node : network.nodes()) {
            if (node.needs().stream().anyMatch(Declaration::trainable) || node.inputs().stream().anyMatch(learning::contains)) {
                learning.add(node.output());
            }
        }
        return learning;
    }

    /** Adds up two gradients of an input of {@code step}, where one of them lies if nobody else reads it. */
    private Slot sum(Slot first, Slot second, Step step, BufferPool pool) {
        Slot sum = first.exclusive() ? first : second.exclusive() ? second : pool.take((long) setting.trained * step.node.shape().size());
        step.additions.add(new Addition(first, second, sum));
        if (sum != first) {
            first.release();
        }
        if (sum != second) {
            second.release();
        }
        return sum;
    }

    /**
     * Enqueues the forward pass.
     *
     * @param given float32 {@code [rows, ...]}; it must stay as it is until {@link #backward} has run
     * @return the output, float32 {@code [rows, ...]}, overwritten by the next pass
     */
    public Buffer forward(Buffer given, Mode mode) {
        input.buffer(given);
        forward.forEach(step -> step.operation.forward(mode));
        return values.get(output).buffer();
    }

    /**
     * Enqueues the forward pass and the loss of its output, where the network is one layer that makes both in one.
     *
     * @param given as there
     * @return whether it is; if not, nothing was done
     */
    public boolean forward(Buffer given, Mode mode, Loss loss) {
        input.buffer(given);
        return forward.size() == 1 && forward.get(0).operation.forward(mode, loss);
    }

    /** What the layer that made the output was given, float32 {@code [rows, ...]}; overwritten by the next pass. */
    public Buffer features() {
        return values.get(features).buffer();
    }

    /**
     * Enqueues the backward pass of the last forward pass: fills the gradients of all parameters.
     *
     * @param gradient of the output, float32 {@code [trained, ...]}; it is left as it is
     */
    public void backward(Buffer gradient) {
        outputGradient.buffer(gradient);
        for (Step step : backward) {
            step.operation.backward();
            for (Addition addition : step.additions) {
                int n = Math.toIntExact(addition.sum.buffer().length());
                setting.device.launch("add", Launch.elements(n), addition.first.buffer(), addition.second.buffer(),
                    addition.sum.buffer(), n);
            }
        }
    }

    /**
     * Enqueues the backward pass and an update of all parameters, where the network is one layer that does both in one.
     *
     * @param gradient as there
     * @param loss     of which it is made first; null if it is there
     * @return whether it is; if not, nothing was done
     */
    public boolean backward(Buffer gradient, Loss loss, Update update) {
        outputGradient.buffer(gradient);
        return forward.size() == 1 && forward.get(0).operation.backward(loss, update);
    }

    @Override
    public void close() {
        setting.scope.close();
    }
}
