package io.github.adiw.nn;

import io.github.adiw.nn.block.Declaration;
import io.github.adiw.nn.block.Initial;
import io.github.adiw.nn.block.Layer;
import io.github.adiw.nn.block.Operation;
import io.github.adiw.nn.block.Shape;
import io.github.adiw.nn.block.Site;
import java.util.List;

/** Rows that are a parameter themselves, whatever the network is given: so the gradient of what the next layer is given can be seen. */
record GivenRows(String name, int rows) implements Layer {
    @Override
    public Shape output(Shape input) {
        return input;
    }

    @Override
    public List<Declaration> needs(Shape input) {
        return List.of(Declaration.weight(name, Initial.uniform(1), rows, input.channels(), input.height(), input.width()));
    }

    @Override
    public Operation bind(Site site) {
        Parameter parameter = site.parameter(name);
        return new Operation() {
            @Override
            public void forward(Mode mode) {
                site.device().copy(parameter.value(), site.output());
            }

            @Override
            public void backward() {
                site.device().copy(site.outputGradient(), parameter.gradient());
            }
        };
    }
}
