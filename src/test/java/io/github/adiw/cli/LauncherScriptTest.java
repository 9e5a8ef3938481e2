package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.adiw.Fixtures;
import io.github.adiw.data.file.Npy;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code adiw}, with a jar that leads to the classes under test, in environments that are not everybody's. */
@Tag(Fixtures.SOURCE_TREE)
class LauncherScriptTest {
    private static final Path SCRIPT = Path.of("adiw").toAbsolutePath();

    @TempDir
    Path folder;

    @BeforeEach
    void program() throws IOException {
        Files.copy(SCRIPT, folder.resolve("adiw"), StandardCopyOption.COPY_ATTRIBUTES);
        for (String source : new String[] {"src/main", "kernels", "native", "target"}) {
            Files.createDirectories(folder.resolve(source));
        }
        Files.createFile(folder.resolve("pom.xml"));
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Manifest manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.put(Attributes.Name.MAIN_CLASS, Launcher.class.getName());
        main.put(Attributes.Name.CLASS_PATH,
            Arrays.stream(classPath.split(File.pathSeparator, -1)).map(part -> Path.of(part).toUri().toString())
                .collect(Collectors.joining(" ")));
        try (OutputStream out = Files.newOutputStream(folder.resolve("target/adiw-0-cli.jar"))) {
            new JarOutputStream(out, manifest).close();
        }
    }

    private record Ran(int code, String said) {
    }

    private Ran run(Map<String, String> environment, List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.startsWith("LANG"));
        builder.environment().putAll(environment);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ran(process.waitFor(), said);
    }

    /** By a shell: this process's own encoding may be one that has no such letters. */
    private Ran shell(Map<String, String> environment, String line) throws Exception {
        Path script = Files.writeString(folder.resolve("script"), line + "\n", StandardCharsets.UTF_8);
        return run(environment, List.of("bash", script.toString()));
    }

    @Test
    void namesAreUtf8WhateverTheEnvironmentSays() throws Exception {
        for (Map<String, String> environment : List.of(Map.of("LC_ALL", "C"), Map.of("LANG", "C", "LC_CTYPE", "POSIX"),
            Map.of("LC_ALL", "nowhere.ISO-8859-1"), Map.<String, String>of())) {
            Ran ran = shell(environment, "mkdir -p données && ./adiw train --data données --output résultat");
            assertThat(ran.said).as("%s", environment).contains("there is no train-labels-idx1-ubyte")
                .contains("in données, and");
            assertThat(ran.code).isEqualTo(1);
        }
    }

    @Test
    void withoutTheScriptItIsSaid() throws Exception {
        Ran ran = shell(Map.of("LC_ALL", "C"),
            "\"$JAVA_HOME/bin/java\" -jar target/adiw-0-cli.jar train --data données --output out");
        assertThat(ran.said.lines()).singleElement().asString().startsWith("adiw: ").contains("LC_ALL=C.UTF-8").contains("ANSI_X3.4-1968");
        assertThat(ran.code).isEqualTo(2);
    }

    @Test
    void figuresDoNotFollowTheLanguage() throws Exception {
        Npy.write(folder.resolve("v.npy"), new float[] {1200.5f, 2300.25f, 900, 1400}, 4);
        byte[] expected = null;
        for (String language : new String[] {"en -Duser.country=US", "ar -Duser.country=EG", "de -Duser.country=DE"}) {
            Ran ran = run(Map.of("ADIW_JAVA_OPTIONS", "-Duser.language=" + language), List.of("./adiw", "weights", "--device", "host",
                "--method", "km", "--train", "v.npy", "--validation", "v.npy", "--output", "w.npy", "--plot", "w.png"));
            assertThat(ran.code).as(ran.said).isZero();
            assertThat(ran.said).as(language).matches(said -> said.chars().filter(Character::isDigit).allMatch(c -> c < 128));
            byte[] drawn = Files.readAllBytes(folder.resolve("w.png"));
            expected = expected == null ? drawn : expected;
            assertThat(drawn).as(language).isEqualTo(expected);
        }
    }
}
