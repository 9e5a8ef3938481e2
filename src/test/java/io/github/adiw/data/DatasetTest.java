package io.github.adiw.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.UsageException;
import io.github.adiw.data.file.Allocated;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatasetTest {
    private static final List<String> NAMES = List.of("a", "b");
    private static final TableSet TABLE = new TableSet(new float[] {1, 2, 3, 4, 5, 6}, new int[] {0, 1, 1}, 2);

    private static Dataset of(SampleSet train, SampleSet test) {
        return new Dataset("toy", train, test, NAMES, Normalization.NONE, "memory", false);
    }

    @Test
    void describesWhatItHolds() {
        assertThat(of(TABLE, TABLE.gather(new int[] {2})).description())
            .isEqualTo("toy: 3 training and 1 test rows of 2 columns in 2 classes, from memory");
        ImageSet images = new ImageSet(new byte[12], new int[] {0, 1}, 1, 2, 3);
        assertThat(of(images, images).description()).isEqualTo("toy: 2 training and 2 test images of 2 x 3 in 2 classes, from memory");
    }

    @Test
    void rowsAreGatheredWithTheirLabels() {
        TableSet chosen = TABLE.gather(new int[] {2, 0});
        assertThat(chosen.values()).containsExactly(5, 6, 1, 2);
        assertThat(chosen.labels()).containsExactly(1, 0);
        assertThat(TABLE.withLabels(new int[] {1, 0, 0}).values()).isSameAs(TABLE.values());
        assertThat(TABLE.classCounts(3)).containsExactly(1, 2, 0);
        assertThat(TABLE.shape().size()).isEqualTo(2);
    }

    @Test
    void everyValueAndLabelIsPartOfTheIdentity() {
        String identity = of(TABLE, TABLE).identity();
        assertThat(identity).startsWith("toy, 3 + 3 rows, crc32 ");
        assertThat(of(TABLE, TABLE).identity()).isEqualTo(identity);
        assertThat(of(TABLE, TABLE.withLabels(new int[] {0, 1, 0})).identity()).isNotEqualTo(identity);
        assertThat(of(new TableSet(new float[] {1, 2, 3, 4, 5, 7}, TABLE.labels(), 2), TABLE).identity()).isNotEqualTo(identity);
    }

    /** The sum of all numbers at once, their highest bytes first, without a copy of them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 16_383, 16_384, 16_385, 1_000_000})
    void checksumsOfAnyNumberOfValues(int rows) {
        float[] values = new float[rows];
        int[] labels = new int[rows];
        ByteBuffer expected = ByteBuffer.allocate(8 * rows);
        for (int i = 0; i < rows; i++) {
            values[i] = 1.5f * i;
            expected.putFloat(values[i]);
        }
        for (int i = 0; i < rows; i++) {
            labels[i] = i % 7;
            expected.putInt(labels[i]);
        }
        CRC32 whole = new CRC32();
        whole.update(expected.flip());
        CRC32 crc = new CRC32();
        TableSet set = new TableSet(values, labels, 1);
        assertThat(Allocated.by(() -> set.addTo(crc))).isLessThan(1 << 20);
        assertThat(crc.getValue()).isEqualTo(whole.getValue());
    }

    @Test
    void refusesWhatDoesNotFit() {
        ImageSet images = new ImageSet(new byte[12], new int[] {0, 1}, 1, 2, 3);
        assertThatThrownBy(() -> of(TABLE, images)).isInstanceOf(UsageException.class)
            .hasMessageContaining("rows of 2 columns").hasMessageContaining("images of 2 x 3");
        assertThatThrownBy(() -> of(TABLE.withLabels(new int[] {0, 2, 1}), TABLE)).isInstanceOf(UsageException.class)
            .hasMessageContaining("label 2, and 0 to 1");
        Normalization grey = new Normalization(new float[] {0}, new float[] {1});
        assertThatThrownBy(() -> new Dataset("toy", TABLE, TABLE, NAMES, grey, "memory", false)).isInstanceOf(UsageException.class)
            .hasMessageContaining("2 channels");
        assertThatThrownBy(() -> new Normalization(new float[] {0}, new float[] {0})).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("channel 0");
        assertThatThrownBy(() -> new TableSet(new float[5], new int[2], 2)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("2 rows of 2");
    }

    @Test
    void shiftsOfLabelsAndClassesServeTables() {
        TrainingSplit noisy = TrainingSplit.of(of(TABLE, TABLE)).validationSamples(1).shift(Shift.parse("pair:0.99")).build();
        assertThat(noisy.mislabelledRate()).isPositive();
        assertThat(((TableSet) noisy.data()).values()).isSameAs(TABLE.values());
        assertThatThrownBy(() -> TrainingSplit.of(of(TABLE, TABLE)).validationSamples(1).shift(Shift.parse("features:rotate:30")).build())
            .isInstanceOf(UsageException.class).hasMessageContaining("alters images").hasMessageContaining("rows of 2 columns");
    }

    @Test
    void everyNameOpens() {
        assertThat(Datasets.names()).contains(FashionMnist.NAME);
        assertThatThrownBy(() -> Datasets.open("mnist", null, DownloadListener.SILENT)).isInstanceOf(UsageException.class)
            .hasMessage("there is no data set 'mnist'; known: " + String.join(", ", Datasets.names()));
    }
}
