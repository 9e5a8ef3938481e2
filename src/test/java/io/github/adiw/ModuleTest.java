package io.github.adiw;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.weight.Divergence;
import io.github.adiw.weight.Divergences;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The tests run on the class path; here is what module-info says of the module path. */
@Tag(Fixtures.SOURCE_TREE)
class ModuleTest {
    static ModuleDescriptor module() throws URISyntaxException {
        Path classes = Path.of(AdiwException.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        return ModuleFinder.of(classes).find("io.github.adiw").orElseThrow().descriptor();
    }

    @Test
    void exportsWhatIsForUsers() throws URISyntaxException {
        assertThat(module().exports()).allMatch(export -> !export.isQualified()).extracting(ModuleDescriptor.Exports::source)
            .containsExactlyInAnyOrder("io.github.adiw", "io.github.adiw.data", "io.github.adiw.device", "io.github.adiw.nn",
                "io.github.adiw.ratio", "io.github.adiw.train", "io.github.adiw.weight");
    }

    @Test
    void providesTheDivergencesOfTheClassPath() throws URISyntaxException {
        List<String> provided = module().provides().stream().filter(p -> p.service().equals(Divergence.class.getName()))
            .flatMap(p -> p.providers().stream()).toList();
        List<String> found = Divergences.all().values().stream().map(divergence -> divergence.getClass().getName())
            .filter(name -> name.startsWith("io.github.adiw.")).toList();
        assertThat(provided).containsExactlyInAnyOrderElementsOf(found);
    }
}
