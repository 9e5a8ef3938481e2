package io.github.adiw.data.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {
    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.write(folder.resolve("t.csv"), text.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1,-2.5\n3e2,.5", "x,y\n1,-2.5\n3e2,.5\n", "\ufeffx,y\r\n1 , -2.5\r\n300.,5E-1\r\n\r\n\r\n",
        "\"a b\",\n+1,-2.50\n300,0.5\n\n"})
    void readsNumbersWithAndWithoutAHeader(String text) throws IOException {
        Csv csv = Csv.read(file(text));
        assertThat(csv.rows()).isEqualTo(2);
        assertThat(csv.columns()).isEqualTo(2);
        assertThat(csv.values()).containsExactly(1, -2.5, 300, 0.5);
        assertThat(csv.toFloats()).containsExactly(1f, -2.5f, 300f, 0.5f);
    }

    @Test
    void readsManyRows() throws IOException {
        StringBuilder text = new StringBuilder("z\n");
        for (int i = 0; i < 5000; i++) {
            text.append(i).append('\n');
        }
        Csv csv = Csv.read(file(text.toString()));
        assertThat(csv.rows()).isEqualTo(5000);
        assertThat(csv.values()[4999]).isEqualTo(4999);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "1,2;3,4,5 | line 2: it has 3 fields, and the lines before have 2",
        "1,2;3 | line 2: it has 1 field, and",
        "a,b;1,2,3 | line 2: it has 3 fields, and the header has 2",
        "a,b;1,2;3,x | line 3: field 2 is 'x'",
        "1,b;1,2 | line 1: field 2 is 'b'",
        "1,2;3, | line 2: field 2 is empty",
        "1;nan | line 2: field 1 is 'nan'",
        "nan;1 | line 1: field 1 is 'nan'",
        "1;-Infinity | line 2: field 1 is '-Infinity'",
        "1;1e999 | line 2: field 1 is '1e999'",
        "1;0x10 | line 2: field 1 is '0x10'",
        "1;2f | line 2: field 1 is '2f'",
        "1;;2 | line 2: it is blank",
        "a,b | has no row of numbers",
        "a;b;1 | line 2: field 1 is 'b'",
    })
    void namesTheLine(String text, String reason) throws IOException {
        Path file = file(text.replace(';', '\n'));
        FileCorruption.refused(file, Csv::read, text);
        assertThatThrownBy(() -> Csv.read(file)).hasMessageContaining(reason);
    }

    @Test
    void refusesFilesThatAreNoText() throws IOException {
        Path binary = Files.write(folder.resolve("b.csv"), new byte[] {(byte) 0x93, 'N', (byte) 0xff, 0});
        FileCorruption.refused(binary, Csv::read, "binary");
        FileCorruption.refused(file(""), Csv::read, "empty");
        FileCorruption.refused(folder.resolve("missing.csv"), Csv::read, "missing");
        FileCorruption.refused(folder, Csv::read, "a folder");
    }

    @Test
    void refusesNumbersTooLargeForFloat() throws IOException {
        Csv csv = Csv.read(file("1,2\n3,1e200"));
        assertThatThrownBy(csv::toFloats).isInstanceOf(AdiwException.class).hasMessageContaining("t.csv has 1.0E200 in row 1");
    }
}
