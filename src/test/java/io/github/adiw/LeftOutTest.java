package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.adiw.data.FashionMnist;
import io.github.adiw.device.Devices;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the library's jar leaves to others is missed in a sentence that says where it is. */
@Tag(Fixtures.SOURCE_TREE)
class LeftOutTest {
    @Test
    void withoutItsJarThereAreNoSamples() throws Exception {
        assertThat(FashionMnist.sample().sample()).isTrue();
        assertThat(failure("io/github/adiw/data/fashion-mnist-sample/", FashionMnist.class.getName(), "sample"))
            .hasMessageContaining("a jar of its own").hasMessageContaining("classifier samples");
    }

    @Test
    void withoutItsJarThereIsNoStandIn() throws Exception {
        assertThat(Devices.hasStandIn()).isTrue();
        assertThat(failure("native/linux-x86_64/libcuda", Devices.class.getName(), "open", "simt"))
            .hasMessageContaining("a jar of its own").hasMessageContaining("classifier simt");
    }

    /** What a static method of a class throws, where resources of that prefix are missing; a method's parameters are strings. */
    private static Throwable failure(String prefix, String type, String method, Object... arguments) throws IOException {
        try (LeftOut loader = new LeftOut(prefix)) {
            Class<?>[] types = new Class<?>[arguments.length];
            Arrays.fill(types, String.class);
            Throwable thrown = catchThrowable(() -> Class.forName(type, true, loader).getMethod(method, types).invoke(null, arguments))
                .getCause();
            assertThat(thrown.getClass().getName()).isEqualTo(AdiwException.class.getName());
            return thrown;
        }
    }
}
