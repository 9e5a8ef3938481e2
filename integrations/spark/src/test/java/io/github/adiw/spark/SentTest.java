package io.github.adiw.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.serializer.JavaSerializer;
import org.apache.spark.serializer.KryoSerializer;
import org.apache.spark.serializer.Serializer;
import org.junit.jupiter.api.Test;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** What tasks send arrives whole, whichever serializer Spark was given; the other tests have Kryo alone. */
class SentTest {
    private static <T> T passed(Serializer serializer, T sent) {
        ClassTag<T> type = ClassTag$.MODULE$.apply(sent.getClass());
        ByteBuffer bytes = serializer.newInstance().serialize(sent, type);
        return serializer.newInstance().deserialize(bytes, type);
    }

    @Test
    void arrivesByEverySerializer() {
        SparkConf conf = new SparkConf(false);
        for (Serializer serializer : List.of(new JavaSerializer(conf), new KryoSerializer(conf))) {
            RowSample sample = new RowSample(3, 1, "features");
            sample.add(new double[] {1, 2}).add(new double[] {3, 4});
            RowSample arrived = passed(serializer, new Sent<>(sample)).value();
            assertThat(arrived.count()).isEqualTo(2);
            assertThat(arrived.rows(null)).containsExactlyInAnyOrder(1, 2, 3, 4);
            LargerSample.Part part = passed(serializer, new Sent<>(new LargerSample.Part(new long[] {7}, new double[] {5, 6}))).value();
            assertThat(part.hashes()).containsExactly(7);
            assertThat(part.rows()).containsExactly(5, 6);
        }
    }
}
