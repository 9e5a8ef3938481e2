package io.github.adiw.nn.block;

import java.util.Arrays;
import java.util.List;

/**
 * What an optimizer does to every parameter once all gradients are there, as one launch.
 *
 * @param kernel    its name; that of a network's own kernel that does it together with the gradients begins with the network's
 * @param arguments of both, but for how many parameters there are, which is the optimizer's last one: values, gradients, and what else the
 *                  kernel asks for
 */
public record Update(String kernel, List<Object> arguments) {
    /** @param arguments null for a null pointer */
    public Update(String kernel, Object... arguments) {
        this(kernel, Arrays.asList(arguments));
    }
}
