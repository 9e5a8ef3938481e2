package io.github.adiw.data.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.data.file.Npy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableEncodingTest {
    private static final String TRAIN = ",id,age,region\n0,p,1.5,north\n1,q,2.5,south\n2,r,,?\n";
    private static final String VALIDATION = "region,age\nnorth,5\neast,3\n";

    @TempDir
    Path folder;

    private final List<String> notices = new ArrayList<>();

    private Read read() {
        return new Read(folder);
    }

    /** Of the two files, saved and read again. */
    private TableEncoding encoding() {
        return TableEncoding.parse(read().mean().id("id").of(TRAIN, VALIDATION).encoding().toJson(), "m");
    }

    private double[] rows(TableEncoding encoding, Path file) {
        try (RowReader reader = encoding.open(file, null, notices::add)) {
            return Read.values(reader);
        }
    }

    @Test
    void theTrainingFileBecomesWhatItWas() {
        TablePair pair = read().mean().id("id").of(TRAIN, VALIDATION);
        assertThat(rows(encoding(), folder.resolve("T.csv"))).containsExactly(Read.values(pair.train()))
            .containsExactly(1.5, 0, 1, 0, 2.5, 0, 0, 1, 3, 0.25, 0.5, 0.25);
        assertThat(rows(encoding(), folder.resolve("V.csv"))).containsExactly(Read.values(pair.validation()));
        assertThat(encoding().names()).containsExactly("age", "region=east", "region=north", "region=south");
        assertThat(encoding().sources()).containsExactly("age", "region");
        assertThat(notices).isEmpty();
    }

    @Test
    void rowsComeWithTheirIds() {
        Path file = read().file("X.csv", "age;x;region;id\n1,5;text;north;a\n2;text;south;b\n3;text;east;c\n");
        try (RowReader reader = encoding().open(file, null, notices::add)) {
            double[] block = new double[8];
            assertThat(reader.columns()).isEqualTo(4);
            assertThat(reader.next(block, 2)).isEqualTo(2);
            assertThat(reader.ids()).containsExactly("a", "b");
            assertThat(block).containsExactly(1.5, 0, 1, 0, 2, 0, 0, 1);
            assertThat(reader.next(block, 2)).isEqualTo(1);
            assertThat(reader.ids()).startsWith("c");
            assertThat(reader.next(block, 2)).isZero();
        }
        try (RowReader reader = encoding().open(file, "x", notices::add)) {
            reader.next(new double[12], 3);
            assertThat(reader.ids()).containsExactly("text", "text", "text");
        }
        assertThatThrownBy(() -> encoding().open(file, "y", notices::add)).isInstanceOf(UsageException.class).hasMessageContaining("'y'");
        Path without = read().file("Y.csv", "age,region\n1,north\n");
        try (RowReader reader = encoding().open(without, null, notices::add)) {
            reader.next(new double[4], 1);
            assertThat(reader.ids()).isNull();
        }
    }

    @Test
    void idsByPlaceAreThoseOfTheSameTable() {
        Path three = folder.resolve("three.npy");
        Npy.write(three, new float[] {7, 1, 2}, 1, 3);
        Path two = folder.resolve("two.npy");
        Npy.write(two, new float[] {1, 2}, 1, 2);
        TableEncoding encoding = read().id("0").of(three, two).encoding();
        try (RowReader all = encoding.open(three, null, notices::add); RowReader features = encoding.open(two, null, notices::add)) {
            double[] row = new double[2];
            all.next(row, 1);
            assertThat(all.ids()).containsExactly("7");
            assertThat(row).containsExactly(1, 2);
            features.next(row, 1);
            assertThat(features.ids()).isNull();
            assertThat(row).containsExactly(1, 2);
        }
    }

    @Test
    void unknownCategoriesAreCountedAndSaidOnce() {
        Path file = read().file("X.csv", "age,region\n1,west\n2,north\n3,up\n4,west\n");
        assertThat(rows(encoding(), file)).containsExactly(1, 0, 0, 0, 2, 0, 1, 0, 3, 0, 0, 0, 4, 0, 0, 0);
        assertThat(notices).singleElement().asString().contains("column 'region'", "3 rows", "'west' in", "X.csv, line 2");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "age,regio/1,north | has no column 'region' (is 'regio' the same?)",
        "age,region/1,north/x,north | line 3, column 'age': it is 'x', and a finite number",
        "age,region/1,north/inf,north | line 3, column 'age': it is 'inf'",
        "age;region/1,5;north/1.5;north | one decimal sign",
        "age,region/'\"1,5\"',north | a decimal point was expected",
        "age,region/1,north/2 | line 3: it has 1 field",
        "age,region | has no row",
        "1,2,3 | 2 were expected"
    })
    void saysWhatIsWrong(String text, String reason) {
        Path file = read().file("X.csv", text.replace('/', '\n').replace("'\"", "\"").replace("\"'", "\""));
        assertThatThrownBy(() -> rows(encoding(), file)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("X.csv").hasMessageContaining(reason);
    }

    @Test
    void missingValuesAreFilledOrRefused() {
        Path file = read().file("X.csv", "age,region\nNA,\n");
        assertThat(rows(encoding(), file)).containsExactly(3, 0.25, 0.5, 0.25);
        assertThatThrownBy(() -> rows(encoding().withMissing(Missing.FAIL), file)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("X.csv, line 2, column 'age'").extracting(e -> ((AdiwException) e).parameter()).isEqualTo("missing");
    }

    @Test
    void columnsGoByPlaceWhereThereAreNoNames() {
        TableEncoding numbers = read().exclude("b").of("a,b,c\n1,2,3\n").encoding();
        Path three = folder.resolve("three.npy");
        Npy.write(three, new float[] {1, 2, 3}, 1, 3);
        Path two = folder.resolve("two.npy");
        Npy.write(two, new float[] {4, 5}, 1, 2);
        assertThat(rows(numbers, three)).containsExactly(1, 3);
        assertThat(rows(numbers, two)).containsExactly(4, 5);
        assertThat(notices).hasSize(2).allMatch(notice -> notice.contains("same order"));
        notices.clear();
        TableEncoding nameless = read().of(three, three).encoding();
        assertThat(rows(nameless, three)).containsExactly(1, 2, 3);
        assertThat(notices).isEmpty();
        assertThat(rows(nameless, read().file("X.csv", "a,b,c\n7,8,9\n"))).containsExactly(7, 8, 9);
        assertThat(notices).hasSize(1);
    }

    @Test
    void descriptionsThatAreBrokenAreRefused() {
        String json = encoding().toJson();
        for (int cut = 0; cut < json.length(); cut++) {
            String broken = json.substring(0, cut);
            assertThat(catchThrowable(() -> TableEncoding.parse(broken, "m.safetensors"))).as(broken).isInstanceOf(AdiwException.class)
                .hasMessageContaining("m.safetensors");
        }
        for (String change : List.of("\"width\":-1", "\"width\":1", "\"width\":\"4\"")) {
            assertThatThrownBy(() -> TableEncoding.parse(json.replace("\"width\":4", change), "m")).isInstanceOf(AdiwException.class);
        }
        assertThatThrownBy(() -> TableEncoding.parse(json.replace("\"mean\"", "\"most\""), "m")).isInstanceOf(AdiwException.class);
        assertThatThrownBy(() -> TableEncoding.parse(json.replace("\"east\"", "\"north\""), "m")).isInstanceOf(AdiwException.class);
    }
}
