package org.mojave.engine.store;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixShape;
import org.mojave.engine.model.TensorSlice;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/** Finds matrices and vectors among a checkpoint's tensors and checks their shapes. */
final class Locator {
    private final Checkpoint checkpoint;
    private final Storage storage;

    Locator(Checkpoint checkpoint, Storage storage) {
        this.checkpoint = checkpoint;
        this.storage = storage;
    }

    /** The matrix {@code id}, of the given shape. */
    Located matrix(MatrixId id, TensorSlice slice, MatrixShape shape) {
        return switch (storage) {
            case Storage.Packed(Map<String, Scheme> schemes) when schemes.containsKey(id.name()) ->
                packed(id, schemes.get(id.name()), shape);
            case Storage.Packed _, Storage.Plain _ -> plain(id, slice, shape);
            case Storage.BlockScaled blocks -> checkpoint.tensors().containsKey(slice.tensor() + "_scale_inv")
                    ? blockScaled(slice, shape, blocks) : plain(id, slice, shape);
        };
    }

    /** The bias of matrix {@code id}, with one element per row. */
    float[] bias(MatrixId id, TensorSlice slice, int rows) {
        TensorData tensor = checkpoint.tensor(slice.tensor());
        if (slice.stacked()) {
            tensor = part(tensor, id.expert(), 2);
        }
        long needed = slice.first() + (rows - 1L) * slice.step() + 1;
        if (tensor.shape().size() != 1 || tensor.shape().get(0) < needed
                || slice.step() == 1 && slice.first() == 0 && !slice.stacked() && tensor.shape().get(0) != rows) {
            throw wrongShape(tensor, List.of(needed));
        }
        float[] all = floats(tensor);
        float[] bias = new float[rows];
        for (int r = 0; r < rows; r++) {
            bias[r] = all[slice.first() + r * slice.step()];
        }
        return bias;
    }

    /** A vector; leading dimensions of 1 are ignored. */
    float[] vector(String name, int length) {
        TensorData tensor = checkpoint.tensor(name);
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
        TensorData part = slice.stacked() ? part(tensor, id.expert(), 3) : tensor;
        int rowDimension = slice.transposed() ? 1 : 0;
        long needed = slice.first() + (shape.rows() - 1L) * slice.step() + 1;
        boolean joined = slice.stacked() || slice.first() > 0 || slice.step() > 1;
        boolean fits = part.shape().size() == 2 && part.shape().get(1 - rowDimension) == shape.columns()
                && (joined ? part.shape().get(rowDimension) >= needed : part.shape().get(rowDimension) == needed);
        if (!fits) {
            throw wrongShape(part, slice.transposed() ? List.of((long) shape.columns(), needed)
                    : List.of(needed, (long) shape.columns()));
        }
        return new Located(view(part, slice, shape), Set.of(slice.tensor()));
    }

    private static Matrix view(TensorData part, TensorSlice slice, MatrixShape shape) {
        if (slice.transposed() || slice.step() != 1) {
            return new StridedMatrix(part, slice.transposed(), slice.first(), slice.step(), shape.rows());
        }
        if (slice.first() == 0 && part.shape().get(0) == shape.rows()) {
            return new DenseMatrix(part);
        }
        long rowBytes = (long) shape.columns() * part.type().bytes();
        return new DenseMatrix(new TensorData(part.name(), part.type(), List.of((long) shape.rows(), (long) shape.columns()),
                part.bytes().asSlice(slice.first() * rowBytes, shape.rows() * rowBytes)));
    }

    private Located microscaled(MatrixId id, TensorSlice slice, MatrixShape shape) {
        TensorData blocks = part(bytes(slice.tensor() + "_blocks"), id.expert(), 4);
        TensorData scales = part(bytes(slice.tensor() + "_scales"), id.expert(), 3);
        long groups = shape.columns() / MicroscaledMatrix.BLOCK;
        long needed = slice.first() + (shape.rows() - 1L) * slice.step() + 1;
        if (shape.columns() % MicroscaledMatrix.BLOCK != 0 || blocks.shape().get(0) < needed
                || blocks.shape().get(1) != groups || blocks.shape().get(2) != MicroscaledMatrix.BLOCK / 2) {
            throw wrongShape(blocks, List.of(needed, groups, (long) MicroscaledMatrix.BLOCK / 2));
        }
        if (!scales.shape().equals(blocks.shape().subList(0, 2))) {
            throw wrongShape(scales, blocks.shape().subList(0, 2));
        }
        return new Located(new MicroscaledMatrix(blocks, scales, slice.first(), slice.step(), shape.rows()),
                Set.of(slice.tensor() + "_blocks", slice.tensor() + "_scales"));
    }

    private Located blockScaled(TensorSlice slice, MatrixShape shape, Storage.BlockScaled size) {
        TensorData codes = checkpoint.tensor(slice.tensor());
        TensorData scales = checkpoint.tensor(slice.tensor() + "_scale_inv");
        if (slice.stacked() || slice.first() > 0) {
            throw new CheckpointException(place(codes), "FP8 block scales are read for separate matrices only");
        }
        List<Long> expected = List.of((long) shape.rows(), (long) shape.columns());
        if (!codes.shape().equals(expected)) {
            throw wrongShape(codes, expected);
        }
        List<Long> blocks = List.of((shape.rows() + size.blockRows() - 1L) / size.blockRows(),
                (shape.columns() + size.blockColumns() - 1L) / size.blockColumns());
        if (!scales.shape().equals(blocks)) {
            throw wrongShape(scales, blocks);
        }
        requireFloats(codes);
        return new Located(new BlockScaledMatrix(codes, floats(scales), size.blockRows(), size.blockColumns()),
                Set.of(codes.name(), scales.name()));
    }

    private Located packed(MatrixId id, Scheme scheme, MatrixShape shape) {
        TensorData tensor = bytes(id.name());
        PackedLayout layout = new PackedLayout(scheme, shape.rows(), shape.columns());
        return new Located(PackedMatrix.of(place(tensor), layout, tensor.bytes()), Set.of(id.name()));
    }

    private TensorData part(TensorData tensor, int expert, int dimensions) {
        if (tensor.shape().size() != dimensions || expert >= tensor.shape().get(0)) {
            throw new CheckpointException(place(tensor), "has shape " + tensor.shape() + ", expected " + dimensions
                    + " dimensions with at least " + (expert + 1) + " experts first");
        }
        return tensor.part(expert);
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
