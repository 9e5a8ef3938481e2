package io.github.adiw.spark;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoSerializable;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import org.apache.spark.api.java.function.Function2;

/**
 * What a task sends back, by Java's serialization whatever {@code spark.serializer} is: Kryo reads and writes fields, which it cannot do
 * for records, and would pass over what a class does when it is written.
 *
 * @param <T> of what is sent
 */
final class Sent<T extends Serializable> implements Serializable, KryoSerializable {
    private static final long serialVersionUID = 1;
    private T value;

    Sent(T value) {
        this.value = value;
    }

    T value() {
        return value;
    }

    /** An addition of something to what a task will send. */
    static <T extends Serializable, R> Function2<Sent<T>, R, Sent<T>> adding(Function2<T, R, T> addition) {
        return (sum, next) -> new Sent<>(addition.call(sum.value, next));
    }

    /** An addition of what two tasks sent. */
    static <T extends Serializable> Function2<Sent<T>, Sent<T>, Sent<T>> merging(Function2<T, T, T> addition) {
        return (sum, next) -> new Sent<>(addition.call(sum.value, next.value));
    }

    @Override
    public void write(Kryo kryo, Output output) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream objects = new ObjectOutputStream(bytes)) {
            objects.writeObject(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        output.writeInt(bytes.size());
        output.writeBytes(bytes.toByteArray());
    }

    @Override
    @SuppressWarnings("unchecked")
    public void read(Kryo kryo, Input input) {
        byte[] bytes = input.readBytes(input.readInt());
        try (ObjectInputStream objects = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            value = (T) objects.readObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("a task has sent what this program does not know: " + e.getMessage(), e);
        }
    }
}
