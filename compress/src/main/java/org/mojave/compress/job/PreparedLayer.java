package org.mojave.compress.job;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.transform.ChangedMatrix;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.LayerWeights;
import org.mojave.format.file.DurableFile;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatEncoder;
import org.mojave.format.tensor.TensorData;

/**
 * The weights of one layer of the original, as calibration runs them. Where they are rewritten, each matrix is changed once and written
 * as float32 to a file that vanishes with the layer: a layer's chunks then read it at the speed of the disk cache, one matrix is held at
 * a time, and never more than one layer is stored twice.
 */
final class PreparedLayer {
    private PreparedLayer() {}

    /** Bytes of the file for the largest layer; 0 where nothing is rewritten. */
    static long largestBytes(SourceModel source) {
        long largest = 0;
        for (int layer = 0; layer < source.spec().layers().size() && source.isTransformed(); layer++) {
            largest = Math.max(largest, changed(source, layer).stream().mapToLong(id -> source.model().weights().matrix(id).storedBytes()).sum());
        }
        return largest;
    }

    /** Bytes that rewriting the largest matrix takes: its values, and once more while its rows are mixed or it is written. */
    static long matrixBytes(SourceModel source) {
        long largest = 0;
        for (int layer = 0; layer < source.spec().layers().size() && source.isTransformed(); layer++) {
            for (MatrixId id : changed(source, layer)) {
                largest = Math.max(largest, matrixBytes(source.model().weights().matrix(id)));
            }
        }
        return largest;
    }

    private static long matrixBytes(Matrix matrix) {
        return 2 * matrix.storedBytes();
    }

    /** The layer's weights, valid as long as {@code arena}. */
    static LayerWeights of(JobContext job, int layer, Arena arena) {
        SourceModel source = job.preparation().source();
        LayerWeights weights = LayerWeights.of(source.spec(), source.model().weights(), layer);
        List<MatrixId> changed = changed(source, layer);
        return changed.isEmpty() ? weights : weights.with(written(job, changed, arena));
    }

    private static List<MatrixId> changed(SourceModel source, int layer) {
        ModelSpec spec = source.spec();
        List<MatrixId> ids = new ArrayList<>();
        for (MatrixId id : spec.matrices(layer)) {
            if (source.model().weights().matrix(id) instanceof ChangedMatrix) {
                ids.add(id);
            }
        }
        return ids;
    }

    private static Map<MatrixId, Matrix> written(JobContext job, List<MatrixId> ids, Arena arena) {
        Path folder = job.records().folder();
        try {
            Path path = Files.createTempFile(folder, "layer", ".tmp");
            try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                Map<MatrixId, Long> starts = new HashMap<>();
                for (MatrixId id : ids) {
                    starts.put(id, file.size());
                    write(job, job.preparation().source().model().weights().matrix(id), file);
                }
                MemorySegment all = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
                Map<MatrixId, Matrix> matrices = new HashMap<>();
                starts.forEach((id, start) -> matrices.put(id, dense(job, id, all, start)));
                return matrices;
            }
        } catch (IOException e) {
            throw DurableFile.failed(folder, e);
        }
    }

    private static void write(JobContext job, Matrix matrix, FileChannel file) throws IOException {
        try (MemoryBudget.Share _ = job.budget().take("a matrix being rewritten", matrixBytes(matrix))) {
            float[] values = new float[Math.multiplyExact(matrix.rows(), matrix.columns())];
            matrix.decode(0, matrix.rows(), values, 0);
            var bytes = FloatEncoder.encode(ElementType.F32, values).asByteBuffer();
            long at = file.size();
            while (bytes.hasRemaining()) {
                at += file.write(bytes, at);
            }
        }
    }

    private static Matrix dense(JobContext job, MatrixId id, MemorySegment all, long start) {
        Matrix matrix = job.preparation().source().model().weights().matrix(id);
        return new DenseMatrix(new TensorData(id.name(), ElementType.F32, List.of((long) matrix.rows(), (long) matrix.columns()),
                all.asSlice(start, matrix.storedBytes())));
    }
}
