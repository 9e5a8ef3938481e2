package io.github.adiw.examples;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.adiw.data.FashionMnist;
import io.github.adiw.examples.DjlExample.Outcome;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

class DjlExampleTest {
    @Test
    void weightsTellRightLabelsFromWrongOnes() {
        try (DjlExample example = new DjlExample(FashionMnist.sample())) {
            Outcome uniform = example.train(false);
            Outcome weighted = example.train(true);
            assertThat(uniform.right()).isEqualTo(1);
            assertThat(weighted.right()).isGreaterThan(1.2);
            assertThat(weighted.wrong()).isLessThan(0.3);
            assertThat(uniform.accuracy()).isBetween(0.76, 0.84);
            assertThat(weighted.accuracy()).isGreaterThan(uniform.accuracy() + 0.02);
        }
    }

    /** What the page says of copies: whether a change on one side is seen on the other. */
    @Test
    void buffersAndArraysShareMemoryWhereThePageSaysSo() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            NDArray array = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
            FloatBuffer own = DjlExample.floats(array);
            FloatBuffer copied = array.toByteBuffer(false).asFloatBuffer();
            NDArray turned = array.transpose();
            FloatBuffer copyOfTurned = DjlExample.floats(turned);
            array.addi(10);
            assertThat(own.isDirect()).isTrue();
            assertThat(own.get(1)).isEqualTo(12);
            assertThat(copied.isDirect()).isFalse();
            assertThat(copied.get(1)).isEqualTo(2);
            assertThat(copyOfTurned.get(1)).as("row 1, column 0 of the array, before the change").isEqualTo(4);

            ByteBuffer bytes = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
            NDArray shared = manager.create(bytes, new Shape(2), DataType.FLOAT32);
            NDArray ofFloats = manager.create(bytes.asFloatBuffer(), new Shape(2), DataType.FLOAT32);
            bytes.asFloatBuffer().put(1, 7);
            assertThat(shared.toFloatArray()).containsExactly(0, 7);
            assertThat(ofFloats.toFloatArray()).containsExactly(0, 0);
        }
    }
}
