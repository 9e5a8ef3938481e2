package io.github.adiw.nn;

import io.github.adiw.device.Launch;
import io.github.adiw.nn.block.Declaration;
import io.github.adiw.nn.block.Initial;
import io.github.adiw.nn.block.Layer;
import io.github.adiw.nn.block.Operation;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Site;
import java.util.List;

/**
 * y = x + first, with {@code first} a buffer: in training the first row of x, and in evaluation what it was in the last training pass.
 * Like batch norm, it depends on the mode and remembers something that is not trained.
 */
record FirstRow(String name) implements Layer {
    @Override
    public Shape output(Shape input) {
        return input;
    }

    @Override
    public List<Declaration> needs(Shape input) {
        int d = input.size();
        Initial tens = (device, values, seed, stream) -> device.launch("fill", Launch.elements(d), values, 10f, d);
        return List.of(Declaration.buffer(name, tens, d));
    }

    @Override
    public boolean dependsOnMode() {
        return true;
    }

    @Override
    public Operation bind(Site site) {
        Parameter first = site.parameter(name);
        int d = site.shape().size();
        return new Operation() {
            @Override
            public void forward(Mode mode) {
                if (mode == Mode.TRAIN) {
                    site.device().copy(site.input().slice(0, d), first.value());
                }
                for (int row = 0; row < site.rows(); row++) {
                    site.device().launch("add", Launch.elements(d), site.input().slice((long) row * d, d), first.value(),
                        site.output().slice((long) row * d, d), d);
                }
            }

            /** As if the first row were a constant: all that this layer is for is to be told apart. */
            @Override
            public void backward() {
                site.device().copy(site.outputGradient(), site.inputGradient());
            }
        };
    }
}
