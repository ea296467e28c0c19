package org.mojave.compress.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.safetensors.TensorEntry;
import org.mojave.format.tensor.ElementType;

/**
 * Where every tensor of a native checkpoint lies. In file order: embedding, then each layer (kept tensors, attention,
 * shared expert or dense network, experts), then what follows the layers. A packed matrix is one U8 tensor under its
 * {@link MatrixId#name}. The matrices of one expert are one record: gate, up and down without a gap, starting at a
 * multiple of {@value #RECORD_ALIGNMENT} bytes if it has at least {@value #LARGE_RECORD_BYTES}, never split over shards.
 */
public final class FileLayout {
    /** Where a large record starts: the page and direct-read size. */
    public static final int RECORD_ALIGNMENT = 4096;
    /** Below this a record starts like any matrix: padding would cost percents, and a read takes its neighbours along anyway. */
    public static final long LARGE_RECORD_BYTES = 128 << 10;

    /** Bytes of a shard before a new one is begun. */
    private static final long SHARD_BYTES = 5_000_000_000L;

    private FileLayout() {}

    /** The layout of a plan's result; its {@code fileBytes()} is the exact size of all weight files. */
    public static CheckpointLayout of(Plan plan) {
        return of(plan, SHARD_BYTES);
    }

    static CheckpointLayout of(Plan plan, long shardBytes) {
        List<List<TensorEntry>> records = new ArrayList<>();
        plan.matrices().stream().filter(m -> m.id().role() == MatrixRole.EMBEDDING && m.scheme().isPresent())
                .forEach(m -> records.add(List.of(entry(m))));
        for (int layer = 0; layer < plan.source().spec().layers().size(); layer++) {
            addLayer(records, plan, layer);
        }
        addKept(records, plan, MatrixId.NONE);
        plan.matrices().stream().filter(m -> m.id().role() == MatrixRole.HEAD && m.scheme().isPresent())
                .forEach(m -> records.add(List.of(entry(m))));
        return CheckpointLayout.of(records, shardBytes, Map.of("format", "pt"));
    }

    private static void addLayer(List<List<TensorEntry>> records, Plan plan, int layer) {
        addKept(records, plan, layer);
        List<PlannedMatrix> quantized = plan.quantized(layer);
        quantized.stream().filter(m -> m.id().expert() == MatrixId.NONE).forEach(m -> records.add(List.of(entry(m))));
        int expert = MatrixId.NONE;
        List<TensorEntry> record = new ArrayList<>();
        for (PlannedMatrix matrix : quantized) {
            if (matrix.id().expert() == MatrixId.NONE) {
                continue;
            }
            if (matrix.id().expert() != expert) {
                expert = matrix.id().expert();
                record = new ArrayList<>();
                records.add(record);
                record.add(isLarge(quantized, expert) ? entry(matrix).aligned(RECORD_ALIGNMENT) : entry(matrix));
            } else {
                record.add(entry(matrix));
            }
        }
    }

    private static boolean isLarge(List<PlannedMatrix> matrices, int expert) {
        return matrices.stream().filter(m -> m.id().expert() == expert).mapToLong(m -> m.layout().bytes()).sum() >= LARGE_RECORD_BYTES;
    }

    private static void addKept(List<List<TensorEntry>> records, Plan plan, int layer) {
        for (String name : plan.kept(layer)) {
            KeptTensor tensor = plan.source().kept(name);
            records.add(List.of(new TensorEntry(name, plan.storedType(name), tensor.dimensions(), plan.storedType(name).bytes())));
        }
    }

    private static TensorEntry entry(PlannedMatrix matrix) {
        return TensorEntry.of(matrix.id().name(), ElementType.U8, matrix.layout().bytes()).aligned(PackedLayout.ALIGNMENT);
    }
}
