package io.github.adiw.data.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.Rows;
import io.github.adiw.data.file.Npy;
import io.github.adiw.data.file.NpyRows;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TablesTest {
    @TempDir
    Path folder;

    private Read read() {
        return new Read(folder);
    }

    /** Every way to write the same two rows of two columns. */
    @ParameterizedTest
    @ValueSource(strings = {"age,income\n1,-2.5\n3e2,.5\n", "age,income\r\n1,-2.5\r\n300,0.50\r\n", "\ufeffage,income\n1,-2.5\n300.,5E-1",
        "\"age\",\"income\"\n\"1\",\"-2.5\"\n\"300\",\"0.5\"\n", "age;income\n1;-2.5\n300;0.5\n", "age;income\n1;-2,5\n300;0,5\n",
        "age\tincome\n1\t-2,5\n300\t,5\n", "age\tincome\n1\t-2.5\n300\t0.5\n", " age , income\n 1 , -2.5\n+300 , 0.5 \n\n\n",
        "income,age\n-2.5,1\n0.5,300\n", "\n\nage,income\n1,-2.5\n300,0.5\n", "age,income\r1,-2.5\r300,0.5",
        "age;income\n1,0;-2,5\n3e2;0,5\n", ",age,income\n0,1,-2.5\n1,300,0.5\n", "Unnamed: 0,age,income\n7,1,-2.5\n8,300,0.5\n",
        "age,income,\n1,-2.5,\n300,0.5,\n"})
    void readsTheSameFromEveryWayToWriteIt(String text) {
        TablePair pair = read().columns("age", "income").of("age,income\n5,6\n", text);
        assertThat(pair.encoding().names()).containsExactly("age", "income");
        assertThat(Read.values(pair.validation())).containsExactly(1, -2.5, 300, 0.5);
        TablePair chosen = read().of("age,income\n5,6\n", text);
        assertThat(Read.values(chosen.validation())).containsExactly(1, -2.5, 300, 0.5);
        assertThat(Read.values(chosen.train())).containsExactly(5, 6);
    }

    @Test
    void readsBlocksOfRows() {
        Rows rows = read().of("a,b\n1,x\n2,y\n3,x\n").train();
        double[] into = new double[6];
        rows.read(1, 2, into);
        assertThat(into).containsExactly(2, 0, 1, 3, 1, 0);
        assertThat(rows.rows()).isEqualTo(3);
        assertThat(rows.columns()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1,2\n3,4\n", "1;2\n3;4", "1\t2\r\n3\t4\r\n", "\ufeff1,2\n3,4", "\"1\",\"2\"\n\"3\",\"4\""})
    void hasNoHeaderWhereTheFirstRowIsNumbers(String text) {
        Read read = read();
        TablePair pair = read.of(text);
        assertThat(pair.encoding().names()).containsExactly("column 0", "column 1");
        assertThat(Read.values(pair.train())).containsExactly(1, 2, 3, 4);
        assertThat(read.notices()).isEmpty();
    }

    @Test
    void aNumberAndAMissingValueAreNoHeader() {
        assertThatThrownBy(() -> read().of("1,NA\n3,4\n")).isInstanceOf(AdiwException.class).hasMessageContaining("line 1, column 1");
        assertThat(Read.values(read().mean().of("1,NA\n3,4\n").train())).containsExactly(1, 4, 3, 4);
        // Pandas' header of columns that have no names.
        Read pandas = read();
        TablePair pair = pandas.of(",0,1\n0,1.5,2\n1,3,4\n");
        assertThat(pair.encoding().names()).containsExactly("0", "1");
        assertThat(pandas.notices()).singleElement().asString().contains("row number");
    }

    @ParameterizedTest
    @CsvSource({"'a,b\n1,2.5\n', true", "'1,2.5\n', false"})
    void npyGoesByPlaceBesideText(String text, boolean named) {
        Path npy = folder.resolve("V.npy");
        Npy.write(npy, new float[] {7, 8, 9, 10}, 2, 2);
        Read read = read();
        TablePair pair = read.of(read.file("T.csv", text), npy);
        assertThat(pair.encoding().names()).containsExactlyElementsOf(named ? List.of("a", "b") : List.of("column 0", "column 1"));
        assertThat(Read.values(pair.validation())).containsExactly(7, 8, 9, 10);
        assertThat(read.notices()).hasSize(named ? 1 : 0);
        TablePair swapped = read().of(npy, read.file("T.csv", text));
        assertThat(Read.values(swapped.train())).containsExactly(7, 8, 9, 10);
    }

    @Test
    void placesAreThoseOfTheColumnsThatAreUsed() {
        Path npy = folder.resolve("V.npy");
        Npy.write(npy, new float[] {7, 8}, 1, 2);
        Read read = read().exclude("label");
        Path text = read.file("T.csv", ",a,label,b\n0,1,5,2\n1,3,5,4\n");
        TablePair pair = read.of(text, npy);
        assertThat(pair.encoding().names()).containsExactly("a", "b");
        assertThat(Read.values(pair.train())).containsExactly(1, 2, 3, 4);
        assertThat(Read.values(pair.validation())).containsExactly(7, 8);
        assertThatThrownBy(() -> read().of(text, npy)).isInstanceOf(AdiwException.class).hasMessageContaining("same number of columns");
    }

    @Test
    void columnsOfOneFileAloneAreToBeExcluded() {
        assertThatThrownBy(() -> read().of("age,quality\n1,2\n", "age,colour\n1,2\n")).isInstanceOf(AdiwException.class)
            .hasMessageContaining("T.csv has 'quality'").hasMessageContaining("V.csv has 'colour'")
            .extracting(e -> ((AdiwException) e).parameter()).isEqualTo("exclude");
        TablePair pair = read().exclude("quality", "colour").of("age,quality\n1,2\n", "colour,age\n1,2\n");
        assertThat(pair.encoding().names()).containsExactly("age");
        assertThatThrownBy(() -> read().columns("quality").of("age,quality\n1,2\n", "age,colour\n1,2\n"))
            .isInstanceOf(UsageException.class).hasMessageContaining("T.csv has 'quality'")
            .extracting(e -> ((UsageException) e).parameter()).isEqualTo("columns");
        assertThatThrownBy(() -> read().of("age;quality\n1;2\n", "age|quality\n1|2\n")).isInstanceOf(AdiwException.class)
            .hasMessageContaining("V.csv has 'age|quality', and both files need a column; ")
            .hasMessageContaining("V.csv has this column only, and no column of the other file has this name: are its fields separated by "
                + "commas, semicolons or tabs?");
    }

    @Test
    void columnsThatAreNotThereAreRefusedWithTheNearest() {
        for (Read read : List.of(read().columns("incme"), read().exclude("incme"), read().id("incme"))) {
            assertThatThrownBy(() -> read.of("age,income\n1,2\n")).isInstanceOf(UsageException.class)
                .hasMessageContaining("'incme'").hasMessageContaining("did you mean income?").hasMessageContaining("'age', 'income'");
        }
        assertThatThrownBy(() -> read().id("").of("x,income\n1,2\n")).hasMessageContaining("''").hasMessageNotContaining("did you mean");
        assertThatThrownBy(() -> read().exclude("age", "income").of("age,income\n1,2\n")).isInstanceOf(UsageException.class)
            .hasMessageContaining("leave no column");
        assertThatThrownBy(() -> read().exclude("age").columns("age").of("age,income\n1,2\n")).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> read().id("age").columns("age").of("age,income\n1,2\n")).isInstanceOf(UsageException.class);
        assertThat(read().columns("1").of("1,2\n3,4\n").encoding().names()).containsExactly("column 1");
        assertThat(read().columns("b", "a").of("a,b\n3,4\n").encoding().names()).containsExactly("b", "a");
    }

    @Test
    void idsAreTextAndNoFeature() {
        TablePair pair = read().id("id").of("id,a\n007,1\n\"x,\"\"y\",2\nNA,3\n", "a\n4\n");
        assertThat(pair.ids()).containsExactly("007", "x,\"y", "NA");
        assertThat(pair.encoding().names()).containsExactly("a");
        assertThat(read().of("a\n4\n").ids()).isNull();
        assertThat(read().id("0").of("5,4\n6,3\n").ids()).containsExactly("5", "6");
    }

    @Test
    void textBecomesCategoriesOfBothFiles() {
        TablePair pair = read().of("age,region,member\n1.5,north,True\n2,south,FALSE\n", "age,region,member\n3,east,true\n4,north,true\n");
        assertThat(pair.encoding().names()).containsExactly("age", "region=east", "region=north", "region=south", "member=false",
            "member=true");
        assertThat(Read.values(pair.train())).containsExactly(1.5, 0, 1, 0, 0, 1, 2, 0, 0, 1, 1, 0);
        assertThat(Read.values(pair.validation())).containsExactly(3, 1, 0, 0, 0, 1, 4, 0, 1, 0, 0, 1);
    }

    @Test
    void numbersBesideTextAreCategoriesToo() {
        Read read = read();
        TablePair pair = read.of("a\n1\n2\n", "a\n1\nx\n");
        assertThat(pair.encoding().names()).containsExactly("a=1", "a=2", "a=x");
        assertThat(read.notices()).singleElement().asString().contains("column 'a'", "V.csv, line 3", "'x'");
        Path npy = folder.resolve("T.npy");
        Npy.write(npy, new double[] {1, 2, 3}, 3);
        assertThat(read().of(npy, read.file("V.csv", "a\n1\nx\n")).encoding().names()).containsExactly("a=1", "a=2", "a=3", "a=x");
        // But a slip among numbers with fractions is none.
        assertThatThrownBy(() -> read().of("a\n1.5\n2\n", "a\n1\nx\n")).isInstanceOf(AdiwException.class)
            .hasMessageContaining("V.csv, line 3, column 'a': 'x' is no number");
    }

    private static String lines(String header, int rows, String format) {
        return header + IntStream.range(0, rows).mapToObj(i -> String.format(format, i)).collect(Collectors.joining("\n", "\n", "\n"));
    }

    @Test
    void tooManyLevelsAreAnIdentifier() {
        assertThat(read().of(lines("a", 100, "n%d")).encoding().names()).hasSize(100);
        assertThatThrownBy(() -> read().of(lines("a,b", 101, "n%d,2"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("column 'a'").hasMessageContaining("exclude it").extracting(e -> ((AdiwException) e).parameter())
            .isEqualTo("exclude");
        assertThatThrownBy(() -> read().of(lines("a", 60, "n%d"), lines("a", 60, "m%d"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("as an identifier has; the file has this column only: are its fields separated by commas, semicolons or "
                + "tabs?");
        assertThat(read().exclude("a").of(lines("a,b", 101, "n%d,2")).encoding().names()).containsExactly("b");
        // One slip among numbers is no identifier.
        assertThatThrownBy(() -> read().of(lines("a", 500, "%d"), lines("a", 500, "%d") + "1O0\n")).isInstanceOf(AdiwException.class)
            .hasMessageContaining("V.csv, line 502, column 'a'").hasMessageContaining("'1O0' is no number");
    }

    @Test
    void rowNumbersAreLeftOut() {
        Read read = read();
        TablePair pair = read.of(",a\n3,1\n1,2\n", "a\n5\n");
        assertThat(pair.encoding().names()).containsExactly("a");
        assertThat(read.notices()).singleElement().asString().contains("T.csv", "row number");
        // Drawn again from a table with numbers: there twice in one file.
        assertThat(read().of(",a\n3,1\n3,2\n", ",a\n1,2\n2,2\n").encoding().names()).containsExactly("a");
        assertThat(read().of(",a\n3.5,1\n3,2\n").encoding().names()).containsExactly("column 0", "a");
        assertThat(read().of(lines(",a", 1000, "%d,2"), "a\n1\n").encoding().names()).containsExactly("a");
        assertThat(read().columns("column 0").of(",a\n3,1\n1,2\n").encoding().names()).containsExactly("column 0");
        assertThatThrownBy(() -> read().of(",a\n3.5,1\n3,2\n", "a\n5\n")).isInstanceOf(AdiwException.class)
            .hasMessageContaining("only").hasMessageContaining("column 0").hasMessageContaining("exclude it");
        assertThatThrownBy(() -> read().of("Unnamed: 0\n3\n1\n")).isInstanceOf(AdiwException.class)
            .hasMessageContaining("no column with values");
    }

    /** What separates fields elsewhere, and of a file of one column what does not. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"x|colour; 1.%d|red", "x colour; 1.%d red", "x y; %d 2", "a^b^c; %d^2^3", "x~y; u%d~v",
        "1 1:0.5 2:3; -1 2:%d", "1 3:1; 1 1:4 2:2 7:%d"})
    void anotherSeparatorIsRecognised(String header, String row) {
        for (int rows : new int[] {20, 200}) {
            assertThatThrownBy(() -> read().of(lines(header, rows, row))).isInstanceOf(AdiwException.class)
                .hasMessageContaining("T.csv has one column only, '" + header + "'").hasMessageContaining("commas, semicolons or tabs");
        }
    }

    @Test
    void textWithSpacesInItIsACategory() {
        assertThat(read().of("home town\nNew York\nSan José\n").encoding().names()).hasSize(2);
        assertThat(read().of("home|town,a\nx|y,1\nz|y,2\n").encoding().names()).hasSize(3);
        assertThat(read().of("P(a|b)\n0.5\n0.25\n").encoding().names()).containsExactly("P(a|b)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2024-08-%02d", "2024/8/%d", "%02d.08.2024", "08/%02d/24", "2024-08-%02dT12:30:05.5Z", "2024-08-%02d 7:05",
        "2024-08-%02d 12:00:00+02:00", "%d Aug 2024", "%d-September-24", "11:%02d", "9:%02d:07 PM"})
    void datesAreSaid(String form) {
        Read read = read();
        assertThat(read.of(lines("day,x", 25, form + ",1")).encoding().names()).hasSize(26);
        assertThat(read.notices()).singleElement().asString().contains("column 'day' looks like dates or times", "write numbers");
        StringBuilder many = new StringBuilder("day,x\n");
        for (int year = 2000; year < 2006; year++) {
            for (int i = 0; i < 25; i++) {
                many.append(String.format(form, i + 1).replace("2024", "" + year).replace("/24", "/" + (year - 1980))
                    .replace("-24", "-" + (year - 1980)).replaceFirst("^(\\d+):", (year - 1994) + ":")).append(",1\n");
            }
        }
        assertThatThrownBy(() -> read().of(many.toString())).isInstanceOf(AdiwException.class)
            .hasMessageContaining("T.csv, line 2, column 'day'").hasMessageContaining("looks like a date or a time")
            .hasMessageNotContaining("identifier");
    }

    @ParameterizedTest
    @ValueSource(strings = {"version 1", "1-2", "1/2", "a-b-c", "12:5", "2024-08/10", "1-2-3-4"})
    void whatIsNoDateIsNotSaid(String text) {
        Read read = read();
        read.of("day\n" + text + "\nother\n", "day\n" + text + "\n");
        assertThat(read.notices()).allMatch(notice -> !notice.contains("dates"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"NA", "", "NaN", "nan", "?", "\"NA\"", " ? "})
    void missingValues(String field) {
        String text = "age,income,region\n1,2,x\n2," + field + ",y\n";
        assertThatThrownBy(() -> read().of(text)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("T.csv, line 3, column 'income'").hasMessageContaining("choose mean")
            .extracting(e -> ((AdiwException) e).parameter()).isEqualTo("missing");
        assertThat(read().exclude("income").of(text).encoding().names()).containsExactly("age", "region=x", "region=y");
        TablePair pair = read().mean().of(text, "age,income,region\n1,8," + field + "\n1,5,x\n");
        assertThat(Read.values(pair.train())).containsExactly(1, 2, 1, 0, 2, 5, 0, 1);
        assertThat(Read.values(pair.validation())).containsExactly(1, 8, 2 / 3., 1 / 3., 1, 5, 1, 0);
    }

    @Test
    void columnsWithoutValuesAreLeftOut() {
        Read read = read().mean();
        assertThat(read.of("a,b\n1,\n", "a,b\n1,NA\n").encoding().names()).containsExactly("a");
        assertThat(read.notices()).singleElement().asString().contains("column 'b' has no values");
        assertThat(Read.values(read().mean().of("a,b\n1,\n", "a,b\n1,7\n").train())).containsExactly(1, 7);
        assertThatThrownBy(() -> read().mean().of("a\nNA\n")).isInstanceOf(AdiwException.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a,b/1,2/3,4,5 | line 3: it has 3 fields, and the first line has 2",
        "a,b/1,2/3 | line 3: it has 1 field, and",
        "age/1,5/2,5 | line 2: it has 2 fields, and the first line has 1: with a comma as decimal sign",
        "a,b/1,2//3,4 | line 3: it is blank",
        "a,a/1,2 | the name 'a' twice",
        "a/1/inf | line 3, column 'a': it is 'inf', and a finite number",
        "a/1/-Infinity | line 3, column 'a': it is '-Infinity'",
        "a/1/1e999 | line 3, column 'a': it is '1e999'",
        "a;b/1,5;2/2;1.5 | line 2, column 'a' has '1,5' with a comma, and",
        "a/1/'\"1,5\"' | and a decimal point was expected, as commas separate",
        "a;b/1.234,5;2/2;1 | line 2, column 'a': '1.234,5' looks like a number with its digits in groups",
        "a,b/\"1\"2,2 | line 2: there is text after closing quotes",
        "a,b/1,2/3,\"4 | line 3: the quotes of its last field are not closed",
        "a,b/1,2/\"3,4/5,6 | line 3: it has 1 field, and the first line has 2: are quotes not closed",
        "1,5/-2,05 | line 2, column 1: '05' looks like the digits after a decimal comma",
        "1 2/3 4 | line 1: '1 2' has spaces between its numbers",
        "a,b | has no row besides its header",
    })
    void namesThePlace(String text, String reason) {
        String lines = text.replace('/', '\n').replace("'", "");
        assertThatThrownBy(() -> read().of(lines)).isInstanceOf(AdiwException.class).hasMessageContaining("T.csv")
            .hasMessageContaining(reason);
    }

    @Test
    void quotedLinesCount() {
        assertThatThrownBy(() -> read().of("a,b\n\"x\ny\",1\nz,NA\n")).hasMessageContaining("line 4, column 'b'");
        assertThat(read().of("\"a\nb\",c\n1,2\n").encoding().names()).containsExactly("a\nb", "c");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1d", "1f", "0x1p3", "1e", "e5", "--1", "1.2.3", "+", ".", "1_000", "١"})
    void whatJavaTakesForNumbersIsText(String field) {
        assertThat(read().of("a\n" + field + "\n").encoding().names()).containsExactly("a=" + field);
    }

    @Test
    void parsesAsJavaDoes() {
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            String text = switch (i % 4) {
                case 0 -> Double.toString(random.nextGaussian());
                case 1 -> Double.toString(Double.longBitsToDouble(random.nextLong() & ~(1L << 62)));
                case 2 -> random.nextInt(1_000_000) + "." + random.nextInt(1_000_000_000);
                default -> "-0." + "0".repeat(random.nextInt(20)) + random.nextLong(Long.MAX_VALUE);
            };
            Field field = new Field();
            field.set(text.toCharArray(), 0, text.length());
            assertThat(field.value()).as(text).isEqualTo(Double.parseDouble(text));
        }
    }

    @Test
    void filesThatAreNoTables() throws IOException {
        Read read = read();
        Path good = read.file("good.csv", "a\n1\n");
        Path latin = read.file("latin.csv", "größe\n1\n".getBytes(StandardCharsets.ISO_8859_1));
        Path late = read.file("late.csv", (lines("a", 100_000, "%d") + "ä\n").getBytes(StandardCharsets.ISO_8859_1));
        Path zeros = read.file("zeros.csv", new byte[100]);
        Path empty = read.file("empty.csv", "");
        Path blank = read.file("blank.csv", "\n \n\r\n");
        Path text = read.file("text.npy", "a\n1\n");
        Path closed = read.file("closed.csv", "a\n1\n");
        Files.setPosixFilePermissions(closed, java.util.Set.of());
        for (Path path : List.of(latin, late, zeros, empty, blank, text, folder, folder.resolve("missing.csv"))) {
            for (Throwable thrown : List.of(catchThrowable(() -> read.of(path, good)), catchThrowable(() -> read.of(good, path)))) {
                assertThat(thrown).as(path.toString()).isExactlyInstanceOf(AdiwException.class);
                assertThat(thrown.getMessage()).contains(path.toString()).hasSizeBetween(30, 500);
            }
        }
        assertThatThrownBy(() -> read.of(latin, good)).hasMessageContaining("not a text file in UTF-8");
        if (!Files.isReadable(closed)) {
            assertThatThrownBy(() -> read.of(closed, good)).isInstanceOf(AdiwException.class).hasMessageContaining("permission denied");
        }
    }

    @Test
    @Timeout(60)
    void whatIsTooLargeIsRefusedAndNotHeld() {
        Read read = read();
        for (String text : List.of("a,b\n1," + "x".repeat(1 << 20) + "y\n", "a,b\n1," + "1".repeat(1 << 20) + "\n",
            "a,b\n1,\"" + "x\n".repeat(1 << 20), "x".repeat(40 << 20), "1,".repeat(1_000_000) + "\n1,2\n",
            "abcdefgh,".repeat(60_000) + "\n",
            "a,b\n" + "1,".repeat(20 << 20), "a\n" + "x".repeat(5000) + "\n", "0".repeat(5000) + "\n1\n")) {
            Throwable thrown = catchThrowable(() -> read.of(text, "a,b\n1,2\n"));
            assertThat(thrown).isInstanceOfAny(AdiwException.class, UsageException.class);
            assertThat(thrown.getMessage().length()).isBetween(30, 1000);
        }
        assertThat(read().exclude("b").of("a,b\n1," + "x".repeat(1 << 19) + "\n").encoding().names()).containsExactly("a");
        assumeTrue(Files.exists(Path.of("/dev/zero")));
        assertThatThrownBy(() -> read.of(Path.of("/dev/zero"), Path.of("/dev/zero"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("not a text file");
    }

    /** Bytes as NumPy writes them. */
    private static byte[] npy(String code, boolean fortran, String shape, byte[] values) {
        String header = "{'descr': '" + code + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }\n";
        ByteBuffer bytes = ByteBuffer.allocate(10 + header.length() + values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) header.length());
        return bytes.put(header.getBytes(StandardCharsets.US_ASCII)).put(values).array();
    }

    @ParameterizedTest
    @CsvSource({"i1, 1", "u1, 1", "b1, 1", "i2, 2", "u2, 2", "i4, 4", "u4, 4", "i8, 8", "u8, 8", "f2, 2", "f4, 4", "f8, 8"})
    void readsEveryTypeInEveryOrder(String code, int width) {
        double[] expected = code.equals("b1") ? new double[] {0, 1, 1, 0, 0, 1}
            : code.startsWith("u") ? new double[] {0, 1, 200, 255, 3, 128} : new double[] {0, 1, -2, 100, -128, 127};
        for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            for (boolean fortran : new boolean[] {false, true}) {
                ByteBuffer values = ByteBuffer.allocate(6 * width).order(order);
                for (int i = 0; i < 6; i++) {
                    put(values, code, expected[fortran ? i % 3 * 2 + i / 3 : i]);
                }
                String full = (width == 1 ? "|" : order == ByteOrder.BIG_ENDIAN ? ">" : "<") + code;
                Path path = read().file("T.npy", npy(full, fortran, "(3, 2)", values.array()));
                TablePair pair = read().of(path, path);
                assertThat(pair.encoding().names()).containsExactly("column 0", "column 1");
                assertThat(Read.values(pair.train())).as("%s fortran=%s", full, fortran).containsExactly(expected);
                assertThat(Npy.read(path).toDoubles()).containsExactly(expected);
            }
        }
    }

    private static void put(ByteBuffer values, String code, double number) {
        switch (code) {
            case "i1", "u1", "b1" -> values.put((byte) (int) number);
            case "i2", "u2" -> values.putShort((short) number);
            case "i4", "u4" -> values.putInt((int) number);
            case "i8", "u8" -> values.putLong((long) number);
            case "f4" -> values.putFloat((float) number);
            case "f8" -> values.putDouble(number);
            // Half precision: sign, exponent and fraction of the float, whose low bits are 0 here.
            default -> {
                int bits = Float.floatToIntBits((float) number);
                int exponent = number == 0 ? 0 : (bits >> 23 & 255) - 112;
                values.putShort((short) (bits >>> 31 << 15 | exponent << 10 | bits >> 13 & 1023));
            }
        }
    }

    @Test
    void numbersAtTheEndsOfTheirTypes() {
        ByteBuffer halves = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        for (int bits : new int[] {0x0001, 0x03ff, 0x0400, 0x7bff, 0x8001}) {
            halves.putShort((short) bits);
        }
        Path path = read().file("T.npy", npy("<f2", false, "(5,)", halves.array()));
        assertThat(Read.values(read().of(path, path).train())).containsExactly(0x1p-24, 1023 * 0x1p-24, 0x1p-14, 65504, -0x1p-24);
        ByteBuffer longs = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(-1).putLong(1L << 63).putLong((1L << 53) + 1);
        path = read().file("T.npy", npy("<u8", false, "(3,)", longs.array()));
        assertThat(Read.values(read().of(path, path).train())).containsExactly(0x1p64, 0x1p63, 0x1p53);
        path = read().file("T.npy", npy("<i8", false, "(3,)", longs.array()));
        assertThat(Read.values(read().of(path, path).train())).containsExactly(-1, -0x1p63, 0x1p53);
    }

    /** A column of a block is a read, so that a block has many rows. */
    @Test
    void manyColumnsInFortranOrder() throws IOException {
        int rows = 450;
        int columns = 5000;
        byte[] values = new byte[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (i / rows * 7 + i % rows);
        }
        Path path = read().file("T.npy", npy("|u1", true, "(" + rows + ", " + columns + ")", values));
        try (NpyRows file = new NpyRows(path, Files.newInputStream(path))) {
            assertThat(file.blockRows()).isBetween(200, 220);
        }
        double[] found = Read.values(read().of(path, path).train());
        for (int i = 0; i < found.length; i++) {
            if (found[i] != (i % columns * 7 + i / columns & 255)) {
                throw new AssertionError("row " + i / columns + ", column " + i % columns + ": " + found[i]);
            }
        }
    }

    /** How many of this process's descriptors lead to a file. */
    private static long open(Path file) throws IOException {
        Path real = file.toRealPath();
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(descriptor -> {
                try {
                    return Files.readSymbolicLink(descriptor).equals(real);
                } catch (IOException e) {
                    return false;       // that of the listing, which is closed
                }
            }).count();
        }
    }

    @Test
    void filesThatAreRefusedAreClosed() throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/self/fd")), "the system does not list descriptors");
        for (boolean fortran : new boolean[] {false, true}) {
            Path path = read().file("T.npy", npy("|u1", fortran, "(1, 70000)", new byte[70_000]));
            assertThatThrownBy(() -> read().of(path, path)).hasMessageContaining("has 70000 columns, and at most 65536 were expected");
            assertThat(open(path)).isZero();
        }
    }

    /** Several of these have the same double. */
    private static final long[] WIDE = {1234567890123456789L, 1234567890123456790L, -(1L << 53) - 1, -1, 7};

    private Path wide(String code, boolean fortran) {
        ByteBuffer values = ByteBuffer.allocate(16 * WIDE.length)
            .order(code.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < WIDE.length; i++) {
            values.putLong(fortran ? 8 * i : 16 * i, WIDE[i]).putLong(fortran ? 8 * (WIDE.length + i) : 16 * i + 8, i);
        }
        return read().file("T.npy", npy(code, fortran, "(" + WIDE.length + ", 2)", values.array()));
    }

    /** The id of a row, and not the double that is nearest to it. */
    @ParameterizedTest
    @CsvSource({"<i8, false", ">i8, true", "<u8, true", ">u8, false"})
    void idsAreTheNumbersThatTheFileHas(String code, boolean fortran) {
        Path path = wide(code, fortran);
        String[] expected = Arrays.stream(WIDE).mapToObj(code.contains("u") ? Long::toUnsignedString : Long::toString)
            .toArray(String[]::new);
        TablePair pair = read().id("0").of(path, path);
        assertThat(pair.ids()).containsExactly(expected);
        assertThat(Read.values(pair.train())).containsExactly(0, 1, 2, 3, 4);
        try (RowReader rows = pair.encoding().open(path, null, notice -> {})) {
            assertThat(rows.next(new double[10], 10)).isEqualTo(WIDE.length);
            assertThat(rows.ids()).startsWith(expected);
        }
        assertThatThrownBy(() -> read().of(path, read().file("V.csv", "a,b\nx,2\n"))).isInstanceOf(AdiwException.class)
            .hasMessageContaining("column 'a' has text in one file")
            .hasMessageContaining("'" + expected[0] + "' in " + path + ", row 0 (from 0)")
            .hasMessageContaining("too large to be categories");
    }

    /** As text each is a level of its own, and a file of many is no category because doubles have made few of them. */
    @Test
    void largeNumbersInTextStayApart() {
        assertThat(read().of("a,b\n9007199254740993,x\n9007199254740992,y\nq,z\n").encoding().names())
            .contains("a=9007199254740992", "a=9007199254740993", "a=q");
        assertThatThrownBy(() -> read().of(lines("a,b", 150, "1234567890123456%03d,2"), "a,b\nx,3\n")).isInstanceOf(AdiwException.class)
            .hasMessageContaining("'1234567890123456000' in " + folder.resolve("T.csv") + ", line 2");
    }

    @Test
    void refusesArraysThatAreNoTables() {
        byte[] values = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN).putDouble(1).putDouble(Double.NaN)
            .putDouble(Double.NEGATIVE_INFINITY).putDouble(4).array();
        Path nan = read().file("T.npy", npy("<f8", false, "(2, 2)", values));
        assertThatThrownBy(() -> read().exclude("0").of(nan, nan)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("row 0 (from 0), column 1");
        assertThatThrownBy(() -> read().mean().exclude("1").of(nan, nan)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("row 1 (from 0), column 0: it is '-Infinity'").hasMessageEndingWith("write NaN for a missing value");
        assertThatThrownBy(() -> read().of("a\ninf\n")).hasMessageEndingWith("write NA for a missing value");
        for (byte[] bytes : List.of(npy("<f8", false, "()", Arrays.copyOf(values, 8)), npy("<f8", false, "(2, 2, 1)", values),
            npy("<f8", false, "(2, 3)", values), npy("<f8", true, "(1, 2)", values), npy("<c8", false, "(2, 2)", values),
            npy("<f8", false, "(0, 2)", new byte[0]), npy("<f8", false, "(2147483647, 2147483647)", values),
            npy("<f8", false, "(1, 2147483647)", values))) {
            Path path = read().file("V.npy", bytes);
            Throwable thrown = catchThrowable(() -> read().of(path, path));
            assertThat(thrown).isExactlyInstanceOf(AdiwException.class);
            assertThat(thrown.getMessage()).contains("V.npy").hasSizeBetween(30, 400);
        }
    }

    /** A pipe of that name, into which bytes are written once it is read. */
    private Path pipe(String name, byte[] bytes) throws IOException, InterruptedException {
        Path pipe = folder.resolve(name);
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "the system has no pipes");
        Thread writer = new Thread(() -> {
            try (OutputStream out = Files.newOutputStream(pipe)) {
                out.write(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        writer.setDaemon(true);
        writer.start();
        return pipe;
    }

    @Test
    @Timeout(60)
    void readsPipesOnce() throws Exception {
        String text = lines("a,b", 20_000, "%d,2");
        TablePair pair = read().of(pipe("t", text.getBytes(StandardCharsets.UTF_8)), pipe("v", text.getBytes(StandardCharsets.UTF_8)));
        assertThat(pair.validation().rows()).isEqualTo(20_000);
        ByteBuffer floats = ByteBuffer.allocate(240_000).order(ByteOrder.LITTLE_ENDIAN);
        IntStream.range(0, 60_000).forEach(floats::putFloat);
        for (boolean fortran : new boolean[] {false, true}) {
            Path from = pipe("npy" + fortran, npy("<f4", fortran, "(30000, 2)", floats.array()));
            double[] values = Read.values(read().of(from, read().file("V.csv", "1,2\n")).train());
            assertThat(values[1]).isEqualTo(fortran ? 30_000 : 1);
            assertThat(values[59_999]).isEqualTo(59_999);
        }
        assertThatThrownBy(() -> read().of(pipe("cut", npy("<f4", false, "(30001, 2)", floats.array())), folder.resolve("V.csv")))
            .hasMessageContaining("truncated");
        assertThatThrownBy(() -> read().of(pipe("long", npy("<f4", false, "(29999, 2)", floats.array())), folder.resolve("V.csv")))
            .hasMessageContaining("goes on");
    }

    @Test
    @Timeout(300)
    void readsManyRowsInLinearTime() {
        Random random = new Random(3);
        StringBuilder text = new StringBuilder("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\n");
        int tenth = 0;
        for (int i = 0; i < 100_000; i++) {
            for (int c = 0; c < 16; c++) {
                text.append(c == 0 ? "" : ",").append(c < 4 ? random.nextInt(50) : random.nextGaussian());
            }
            text.append('\n');
            tenth = i == 9999 ? text.length() : tenth;
        }
        Path large = read().file("large.csv", text.toString());
        Path small = read().file("small.csv", text.substring(0, tenth));
        assertThat(read().of(large, small).train().rows()).isEqualTo(100_000);
        assertThat(processorTime(large)).as("ten times as many rows").isLessThan(30 * processorTime(small));
    }

    /** Of this thread, in nanoseconds, the least of three: what else the machine does counts for little. */
    private long processorTime(Path path) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long start = threads.getCurrentThreadCpuTime();
            read().of(path, folder.resolve("small.csv"));
            least = Math.min(least, threads.getCurrentThreadCpuTime() - start);
        }
        return least;
    }

    /** Where FastCSV is left out, as it is for who reads no text. */
    @Test
    void saysWhatToAddToReadText() throws Exception {
        Path text = read().file("T.csv", "1\n2\n");
        Path npy = folder.resolve("V.npy");
        Npy.write(npy, new float[] {1, 2}, 2);
        URL[] classes = Stream.of(Tables.class, ObjectMapper.class, JsonFactory.class, JsonProperty.class)
            .map(c -> c.getProtectionDomain().getCodeSource().getLocation()).toArray(URL[]::new);
        try (URLClassLoader without = new URLClassLoader(classes, ClassLoader.getPlatformClassLoader())) {
            Class<?> options = without.loadClass(TableOptions.class.getName());
            Object missing = without.loadClass(Missing.class.getName()).getMethod("of", String.class).invoke(null, "fail");
            Consumer<String> silent = notice -> {};
            Object all = options.getConstructors()[0].newInstance(null, List.of(), null, missing, silent);
            Method read = without.loadClass(Tables.class.getName()).getMethod("read", Path.class, Path.class, options);
            assertThat(read.invoke(null, npy, npy, all)).isNotNull();
            assertThatThrownBy(() -> read.invoke(null, npy, text, all)).cause().hasMessageContaining("T.csv")
                .hasMessageContaining("add de.siegmar:fastcsv:3.7.0").extracting(e -> e.getClass().getName())
                .isEqualTo(AdiwException.class.getName());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"3%", "12.5 %", "$12.50", "-\u20ac3", "7\u00b0"})
    void numbersWithAUnitAreCategoriesAndSaid(String text) {
        Read read = read();
        assertThat(read.of("age,rate\n39," + text + "\n50,4%\n").encoding().names()).contains("age", "rate=" + text);
        assertThat(read.notices()).singleElement().asString()
            .startsWith("column 'rate' is read as categories: '" + text + "' is no number.").contains("write the numbers alone");
        StringBuilder many = new StringBuilder("age,rate\n");
        for (int i = 0; i < 150; i++) {
            many.append(i).append(",").append(i).append("%\n");
        }
        assertThatThrownBy(() -> read().of(many.toString())).isInstanceOf(AdiwException.class)
            .hasMessageContaining("line 2, column 'rate': '0%' is no number: write the numbers alone");
    }

    @ParameterizedTest
    @ValueSource(strings = {"25-34", "1st", "<=50K", "$", "%", "A1"})
    void otherCategoriesAreNotSaid(String text) {
        Read read = read();
        read.of("age,band\n39," + text + "\n50,4%\n");
        assertThat(read.notices()).isEmpty();
    }

    /** As two data sets that everybody knows have it. */
    @Test
    void quotedNamesWithSpacesAndQuestionMarks() {
        TablePair wine = read().exclude("quality").of("\"fixed acidity\";\"pH\";\"quality\"\n7.4;3.51;5\n7;3;6\n",
            "\"fixed acidity\";\"pH\";\"quality\"\n6;3.2;5\n");
        assertThat(wine.encoding().names()).containsExactly("fixed acidity", "pH");
        assertThat(Read.values(wine.train())).containsExactly(7.4, 3.51, 7, 3);
        String adult = "age,workclass,income\n39,State-gov,<=50K\n50,?,>50K\n";
        Read read = read();
        assertThat(read.of(adult).encoding().names()).containsExactly("age", "workclass=?", "workclass=State-gov", "income=<=50K",
            "income=>50K");
        assertThat(read.notices()).singleElement().asString().contains("column 'workclass' has '?', which counts as a category of its own",
            "missing=mean fills it in");
        assertThatThrownBy(() -> read().of(adult + ",State-gov,>50K\n?,State-gov,>50K\n")).hasMessageContaining("line 4, column 'age'");
        assertThatThrownBy(() -> read().of(adult + "3,?,>50K\n3,,>50K\n")).hasMessageContaining("line 5, column 'workclass': it is empty");
        assertThat(read().mean().of(adult).encoding().names()).containsExactly("age", "workclass=State-gov", "income=<=50K", "income=>50K");
    }
}
