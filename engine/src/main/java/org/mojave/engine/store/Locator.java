package org.mojave.engine.store;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixShape;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.TensorSlice;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.model.VectorRole;
import org.mojave.format.block.BlockScaledRows;
import org.mojave.format.block.Mxfp4Rows;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/** Finds matrices and vectors among a checkpoint's tensors and checks their shapes. */
final class Locator implements WeightSource {
    /** What follows the name of an FP8 tensor in that of its block scales. */
    private static final String SCALES = "_scale_inv";

    private final Checkpoint checkpoint;
    private final Storage storage;
    private final ModelSpec spec;
    private final TensorNames names;

    Locator(Checkpoint checkpoint, Storage storage, ModelSpec spec, TensorNames names) {
        this.checkpoint = checkpoint;
        this.storage = storage;
        this.spec = spec;
        this.names = names;
    }

    @Override
    public Located matrix(MatrixId id) {
        TensorSlice slice = names.matrix(id);
        MatrixShape shape = spec.shape(id);
        if (storage.schemes().containsKey(id.name())) {
            return packed(id, storage.schemes().get(id.name()), shape);
        }
        if (!checkpoint.tensors().containsKey(slice.tensor() + SCALES)) {
            return plain(id, slice, shape);
        }
        return blockScaled(slice, shape, storage.blocks().orElseThrow(() -> new CheckpointException(
                checkpoint.folder() + ", tensor " + slice.tensor() + SCALES,
                "holds block scales, but quantization_config in config.json names no weight_block_size")));
    }

    @Override
    public float[] bias(MatrixId id) {
        TensorSlice slice = names.bias(id);
        int rows = spec.shape(id).rows();
        TensorData tensor = checkpoint.tensor(slice.tensor());
        if (slice.stacked()) {
            tensor = part(tensor, id, 2);
        }
        long joined = (long) rows * slice.parts();
        if (!tensor.shape().equals(List.of(joined))) {
            throw wrongShape(tensor, List.of(joined));
        }
        float[] all = floats(tensor);
        float[] bias = new float[rows];
        for (int r = 0; r < rows; r++) {
            bias[r] = all[slice.first(rows) + r * slice.step()];
        }
        return bias;
    }

    /** Leading dimensions of 1 are ignored. */
    @Override
    public float[] vector(VectorRole role, int layer) {
        TensorData tensor = checkpoint.tensor(names.vector(role, layer));
        int length = spec.length(role, layer);
        List<Long> shape = tensor.shape();
        if (shape.isEmpty() || tensor.elements() != length || shape.getLast() != length) {
            throw wrongShape(tensor, List.of((long) length));
        }
        return floats(tensor);
    }

    private Located plain(MatrixId id, TensorSlice slice, MatrixShape shape) {
        String blocks = slice.tensor() + "_blocks";
        if (!checkpoint.tensors().containsKey(slice.tensor()) && checkpoint.tensors().containsKey(blocks)) {
            return microscaled(id, slice, shape);
        }
        TensorData tensor = checkpoint.tensor(slice.tensor());
        requireFloats(tensor);
        if (storage.blocks().isPresent() && tensor.type().bytes() == 1) {
            throw new CheckpointException(place(tensor), "is " + tensor.type().wireName() + " but has no block scales ("
                    + slice.tensor() + SCALES + ")");
        }
        TensorData part = slice.stacked() ? part(tensor, id, 3) : tensor;
        long joined = (long) shape.rows() * slice.parts();
        List<Long> expected = slice.transposed() ? List.of((long) shape.columns(), joined)
                : List.of(joined, (long) shape.columns());
        if (!part.shape().equals(expected)) {
            throw wrongShape(part, expected);
        }
        return new Located(view(part, slice, shape), Set.of(slice.tensor()));
    }

    private static Matrix view(TensorData part, TensorSlice slice, MatrixShape shape) {
        int first = slice.first(shape.rows());
        if (slice.transposed() || slice.step() != 1) {
            return new StridedMatrix(part, slice.transposed(), first, slice.step(), shape.rows());
        }
        if (slice.parts() == 1) {
            return new DenseMatrix(part);
        }
        long rowBytes = (long) shape.columns() * part.type().bytes();
        return new DenseMatrix(new TensorData(part.name(), part.type(), List.of((long) shape.rows(), (long) shape.columns()),
                part.bytes().asSlice(first * rowBytes, shape.rows() * rowBytes)));
    }

    private Located microscaled(MatrixId id, TensorSlice slice, MatrixShape shape) {
        TensorData blocks = part(bytes(slice.tensor() + "_blocks"), id, 4);
        TensorData scales = part(bytes(slice.tensor() + "_scales"), id, 3);
        List<Long> expected = List.of((long) shape.rows() * slice.parts(), (long) shape.columns() / Mxfp4Rows.BLOCK_COLUMNS,
                Mxfp4Rows.BLOCK_COLUMNS / 2L);
        if (shape.columns() % Mxfp4Rows.BLOCK_COLUMNS != 0 || !blocks.shape().equals(expected)) {
            throw wrongShape(blocks, expected);
        }
        Mxfp4Rows rows = inFolder(() -> new Mxfp4Rows(blocks, scales));
        return new Located(new EncodedMatrix(rows, slice.first(shape.rows()), slice.step(), shape.rows()),
                Set.of(slice.tensor() + "_blocks", slice.tensor() + "_scales"));
    }

    private Located blockScaled(TensorSlice slice, MatrixShape shape, Storage.BlockScaled size) {
        TensorData codes = checkpoint.tensor(slice.tensor());
        TensorData scales = checkpoint.tensor(slice.tensor() + SCALES);
        if (slice.stacked() || slice.parts() > 1) {
            throw new UnsupportedModelException(place(codes)
                    + ": FP8 block scales of joined matrices are not supported; use a checkpoint with separate expert tensors");
        }
        List<Long> expected = List.of((long) shape.rows(), (long) shape.columns());
        if (!codes.shape().equals(expected)) {
            throw wrongShape(codes, expected);
        }
        BlockScaledRows rows = inFolder(() -> new BlockScaledRows(codes, scales, size.blockRows(), size.blockColumns()));
        return new Located(EncodedMatrix.of(rows), Set.of(codes.name(), scales.name()));
    }

    /** Puts the folder before the message of a {@link CheckpointException}. */
    private <T> T inFolder(Supplier<T> made) {
        try {
            return made.get();
        } catch (CheckpointException e) {
            throw new CheckpointException(checkpoint.folder().toString(), e.getMessage(), e);
        }
    }

    private Located packed(MatrixId id, Scheme scheme, MatrixShape shape) {
        TensorData tensor = bytes(id.name());
        PackedLayout layout = new PackedLayout(scheme, shape.rows(), shape.columns());
        return new Located(PackedMatrix.of(place(tensor), layout, tensor.bytes()), Set.of(id.name()));
    }

    /** The expert's part of a tensor with all experts along its first dimension. */
    private TensorData part(TensorData tensor, MatrixId id, int dimensions) {
        int experts = spec.mixture(id.layer()).router().experts();
        if (tensor.shape().size() != dimensions || tensor.shape().get(0) != experts) {
            throw new CheckpointException(place(tensor), "has shape " + tensor.shape() + ", expected " + dimensions
                    + " dimensions, the first of " + experts + " experts; does config.json belong to these files?");
        }
        return tensor.part(id.expert());
    }

    private TensorData bytes(String name) {
        TensorData tensor = checkpoint.tensor(name);
        if (tensor.type() != ElementType.U8) {
            throw new CheckpointException(place(tensor), "holds " + tensor.type().wireName() + ", expected U8");
        }
        return tensor;
    }

    private float[] floats(TensorData tensor) {
        requireFloats(tensor);
        return tensor.toFloats();
    }

    private void requireFloats(TensorData tensor) {
        if (!tensor.type().isFloat()) {
            throw new CheckpointException(place(tensor), "holds " + tensor.type().wireName() + " where floats are expected");
        }
    }

    private String place(TensorData tensor) {
        return checkpoint.folder() + ", tensor " + tensor.name();
    }

    private CheckpointException wrongShape(TensorData tensor, List<Long> expected) {
        return new CheckpointException(place(tensor), "has shape " + tensor.shape() + ", expected " + expected
                + "; does config.json belong to these files?");
    }
}
