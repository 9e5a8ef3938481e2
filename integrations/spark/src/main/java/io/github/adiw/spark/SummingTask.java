package io.github.adiw.spark;

import io.github.adiw.data.Rows;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import io.github.adiw.ratio.TrainingSums;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.resource.ResourceInformation;

/** The sums of one partition's rows, block by block, on a GPU of the task's or on as many processors as a task has. */
final class SummingTask implements FlatMapFunction<Iterator<double[]>, Sent<TrainingSums>> {
    private static final long serialVersionUID = 1;
    /** Numbers of a block, at most: 512 KiB. */
    private static final int BLOCK = 1 << 16;
    private final TrainingSums kind;
    private final int columns;
    private final String column;

    SummingTask(TrainingSums kind, int columns, String column) {
        this.kind = kind;
        this.columns = columns;
        this.column = column;
    }

    @Override
    public Iterator<Sent<TrainingSums>> call(Iterator<double[]> rows) {
        TrainingSums sums = kind.fresh();
        if (rows.hasNext()) {
            try (Device device = open(TaskContext.get())) {
                double[] block = new double[Math.max(1, BLOCK / columns) * columns];
                while (rows.hasNext()) {
                    int length = 0;
                    for (; length < block.length && rows.hasNext(); length += columns) {
                        System.arraycopy(Columns.ofLength(columns, rows.next(), column), 0, block, length, columns);
                    }
                    sums.add(Rows.of(length == block.length ? block : Arrays.copyOf(block, length), columns), device);
                }
            }
        }
        return List.of(new Sent<>(sums)).iterator();
    }

    private static Device open(TaskContext task) {
        ResourceInformation gpus = task.resourcesJMap().get("gpu");
        return gpus == null ? Devices.open("host", Math.min(Devices.MOST_THREADS, task.cpus()))
            : Devices.open("cuda:" + gpus.addresses()[0]);
    }
}
