package io.github.adiw.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every benchmark still runs, once, for every value of every parameter; the other parameters have their first values meanwhile. */
class BenchmarksTest {
    static Stream<Arguments> parameters() {
        return BenchmarkList.defaultList().getAll(OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT), List.of())
            .stream().map(BenchmarkListEntry::getUserClassQName).distinct().sorted()
            .peek(name -> assertTrue(params(name).findAny().isPresent(), name + " has no parameter, and would be passed over"))
            .flatMap(name -> params(name).map(field -> Arguments.of(name, field.getName())));
    }

    private static Stream<Field> params(String benchmark) {
        try {
            return Arrays.stream(Class.forName(benchmark).getDeclaredFields()).filter(field -> field.isAnnotationPresent(Param.class));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("parameters")
    void runsForEveryValue(String benchmark, String parameter) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder().include("^" + benchmark.replace(".", "\\.") + "\\.")
            .forks(0).warmupIterations(0).measurementIterations(1).measurementTime(TimeValue.milliseconds(1)).measurementBatchSize(1)
            .shouldFailOnError(true).verbosity(VerboseMode.SILENT);
        params(benchmark).filter(other -> !other.getName().equals(parameter))
            .forEach(other -> options.param(other.getName(), other.getAnnotation(Param.class).value()[0]));
        int values = params(benchmark).filter(field -> field.getName().equals(parameter)).findFirst().orElseThrow()
            .getAnnotation(Param.class).value().length;
        assertEquals(values, new Runner(options.build()).run().size());
    }
}
