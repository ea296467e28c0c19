package org.mojave.compress.calibrate;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.AffinityCounts;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.safetensors.TensorEntry;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/**
 * Statistics in a folder of safetensors, mapped. For each input group {@code NAME.moment}, the lower triangle of Σ c^p·x·xᵀ row by row in
 * float32, and {@code NAME.counts} in float64: tokens, Σ c, Σ c², Σ c^p, Σ c^2p. Sums of two texts are the sums of their statistics.
 */
public final class StoredMoments implements MomentSource, AutoCloseable {
    private static final String MOMENT = ".moment";
    private static final String COUNTS = ".counts";
    private static final int COUNT_VALUES = 5;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Checkpoint checkpoint;
    private final StatisticsHeader header;
    private final boolean sumsLayers;
    private Optional<MatrixId> summed = Optional.empty();
    private ExpertStatistics layer;

    private StoredMoments(Checkpoint checkpoint, StatisticsHeader header, boolean sumsLayers) {
        this.checkpoint = checkpoint;
        this.header = header;
        this.sumsLayers = sumsLayers;
    }

    /**
     * Opens a folder; with {@code sumsLayers} experts come with the moments of their whole layer. Throws {@link RecipeException} for a
     * folder of something else.
     */
    public static StoredMoments open(Path folder, boolean sumsLayers) {
        StatisticsHeader header = header(folder);
        return new StoredMoments(Checkpoint.open(folder), header, sumsLayers);
    }

    /** What a folder says of its statistics; throws {@link RecipeException} for a folder of something else. */
    public static StatisticsHeader header(Path folder) {
        Path config = folder.resolve("config.json");
        try {
            return StatisticsHeader.read(Checkpoint.readJson(config));
        } catch (CheckpointException | IllegalArgumentException e) {
            throw new RecipeException(folder + ": is no folder of statistics (" + e.getMessage() + "); make one with mojave calibrate", e);
        }
    }

    /** Where the statistics come from. */
    public StatisticsHeader header() {
        return header;
    }

    /** The tensors of a group. */
    public static List<TensorEntry> entries(String name, int columns) {
        return List.of(TensorEntry.of(name + MOMENT, ElementType.F32, triangle(columns)).aligned(64),
                TensorEntry.of(name + COUNTS, ElementType.F64, COUNT_VALUES).aligned(8));
    }

    private static long triangle(int columns) {
        return columns * (columns + 1L) / 2;
    }

    /** Names of the groups, sorted. */
    public Set<String> groups() {
        Set<String> names = new TreeSet<>();
        for (String tensor : checkpoint.tensors().keySet()) {
            if (tensor.endsWith(MOMENT)) {
                names.add(tensor.substring(0, tensor.length() - MOMENT.length()));
            }
        }
        return names;
    }

    /** Inputs of a group. */
    public int columns(String name) {
        long elements = tensor(name + MOMENT).elements();
        int columns = (int) ((Math.sqrt(8.0 * elements + 1) - 1) / 2);
        if (triangle(columns) != elements) {
            throw new CheckpointException(checkpoint.folder() + ", " + name, "holds " + elements + " values, which is no triangle");
        }
        return columns;
    }

    private TensorData tensor(String name) {
        TensorData tensor = checkpoint.tensors().get(name);
        if (tensor == null) {
            throw new CheckpointException(checkpoint.folder().toString(), "holds no statistics " + name + "; gather them again");
        }
        return tensor;
    }

    /** The statistics of a group. */
    public ExpertStatistics statistics(String name) {
        int columns = columns(name);
        MemorySegment triangle = tensor(name + MOMENT).bytes();
        float[] hessian = new float[Math.multiplyExact(columns, columns)];
        long at = 0;
        for (int i = 0; i < columns; i++) {
            for (int j = 0; j <= i; j++, at++) {
                float value = triangle.getAtIndex(FLOAT, at);
                hessian[i * columns + j] = value;
                hessian[j * columns + i] = value;
            }
        }
        MemorySegment counts = tensor(name + COUNTS).bytes();
        AffinityCounts affinity = new AffinityCounts((long) counts.getAtIndex(DOUBLE, 0), counts.getAtIndex(DOUBLE, 1),
                counts.getAtIndex(DOUBLE, 2));
        return new ExpertStatistics(header.affinityPower(), affinity, counts.getAtIndex(DOUBLE, 3), counts.getAtIndex(DOUBLE, 4), hessian);
    }

    /** The bytes of a group's tensors, in the order of {@link #entries}. */
    public static List<MemorySegment> bytes(ExpertStatistics statistics) {
        int columns = statistics.columns();
        MemorySegment triangle = MemorySegment.ofArray(new byte[Math.toIntExact(triangle(columns) * Float.BYTES)]);
        long at = 0;
        for (int i = 0; i < columns; i++) {
            for (int j = 0; j <= i; j++) {
                triangle.setAtIndex(FLOAT, at++, statistics.hessian()[i * columns + j]);
            }
        }
        double[] values = {statistics.counts().tokens(), statistics.counts().sum(), statistics.counts().sumOfSquares(), statistics.weightSum(),
            statistics.weightSquareSum()};
        MemorySegment counts = MemorySegment.ofArray(new byte[COUNT_VALUES * Double.BYTES]);
        for (int i = 0; i < COUNT_VALUES; i++) {
            counts.setAtIndex(DOUBLE, i, values[i]);
        }
        return List.of(triangle, counts);
    }

    @Override
    public GroupMoments of(InputGroup group) {
        MatrixId key = group.key();
        Optional<ExpertStatistics> whole = sumsLayers && key.expert() != MatrixId.NONE ? Optional.of(layer(key)) : Optional.empty();
        return new GroupMoments(statistics(key.name()), Optional.empty(), whole);
    }

    /** The moments of all experts of a layer together; kept until another layer is asked for. */
    private synchronized ExpertStatistics layer(MatrixId key) {
        MatrixId wanted = MatrixId.of(key.role(), key.layer());
        if (!summed.equals(Optional.of(wanted))) {
            layer = experts(key).stream().map(this::statistics).reduce(ExpertStatistics::plus).orElseThrow();
            summed = Optional.of(wanted);
        }
        return layer;
    }

    private List<String> experts(MatrixId key) {
        List<String> names = new ArrayList<>();
        int expert = 0;
        String name = new MatrixId(key.role(), key.layer(), expert).name();
        while (checkpoint.tensors().containsKey(name + MOMENT)) {
            names.add(name);
            expert++;
            name = new MatrixId(key.role(), key.layer(), expert).name();
        }
        return names;
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
