package org.mojave.engine.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.GgufMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.MatrixShape;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.TensorSlice;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.model.VectorRole;
import org.mojave.format.gguf.GgufShards;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufType;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/** Finds matrices and vectors among the tensors of a GGUF model and checks types and shapes. */
final class GgufSource implements WeightSource {
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,9})\\.");
    private static final Pattern ROPE = Pattern.compile("(blk\\.\\d+\\.)?(rope_freqs|rope_factors_\\w+|attn_rot_embd)\\.weight");

    private final GgufShards shards;
    private final ModelSpec spec;
    private final TensorNames names;
    private final Set<String> read = new HashSet<>();

    GgufSource(GgufShards shards, ModelSpec spec, TensorNames names) {
        this.shards = shards;
        this.spec = spec;
        this.names = names;
    }

    @Override
    public Located matrix(MatrixId id) {
        TensorSlice slice = names.matrix(id);
        if (id.role() == MatrixRole.LATENT_UP && !shards.has(slice.tensor()) && shards.has(keysOf(slice.tensor()))) {
            return splitLatent(id, slice.tensor());
        }
        MatrixShape shape = spec.shape(id);
        GgufTensor part = decodable(slice.tensor());
        if (slice.stacked()) {
            part = part(part, id, 3);
        }
        long joined = (long) shape.rows() * slice.parts();
        List<Long> expected = List.of(joined, (long) shape.columns());
        boolean row = joined == 1 && part.shape().equals(List.of((long) shape.columns()));
        if (!row && !part.shape().equals(expected)) {
            throw wrongShape(part, expected);
        }
        long rowBytes = part.bytes().byteSize() / joined;
        GgufTensor rows = new GgufTensor(part.name(), part.type(), List.of((long) shape.rows(), (long) shape.columns()),
                part.bytes().asSlice(slice.first(shape.rows()) * rowBytes, shape.rows() * rowBytes));
        return new Located(matrix(rows), Set.of(slice.tensor()));
    }

    @Override
    public float[] bias(MatrixId id) {
        TensorSlice slice = names.bias(id);
        int rows = spec.shape(id).rows();
        GgufTensor tensor = decodable(slice.tensor());
        if (slice.stacked()) {
            tensor = part(tensor, id, 2);
        }
        return floats(tensor, rows);
    }

    @Override
    public float[] vector(VectorRole role, int layer) {
        return floats(decodable(names.vector(role, layer)), spec.length(role, layer));
    }

    /**
     * Refuses a model with tensors that nothing has asked for: whatever they are for would be left out of the arithmetic. Layers
     * beyond the spec's (they predict further tokens) and rope factors (the spec holds them) are no such tensors.
     */
    void requireAllRead() {
        for (String name : shards.tensors().keySet()) {
            Matcher layer = LAYER.matcher(name);
            boolean beyond = layer.lookingAt() && Long.parseLong(layer.group(1)) >= spec.layers().size();
            if (!read.contains(name) && !beyond && !ROPE.matcher(name).matches()) {
                throw new UnsupportedModelException(shards.metadata().path() + ", tensor " + name + ": Mojave does not know what it is for "
                        + "in this kind of model; use the model's original folder if that is supported");
            }
        }
    }

    /** Plain floats go the fast way of plain matrices. */
    private static Matrix matrix(GgufTensor tensor) {
        return switch (tensor.type()) {
            case F32 -> dense(tensor, ElementType.F32);
            case F16 -> dense(tensor, ElementType.F16);
            case BF16 -> dense(tensor, ElementType.BF16);
            default -> new GgufMatrix(tensor);
        };
    }

    private static DenseMatrix dense(GgufTensor tensor, ElementType type) {
        return new DenseMatrix(new TensorData(tensor.name(), type, tensor.shape(), tensor.bytes()));
    }

    /** DeepSeek's files since 2025 hold {@code kv_b} as two tensors per layer, the keys' one transposed. */
    private Located splitLatent(MatrixId id, String whole) {
        String keyName = keysOf(whole);
        String valueName = whole.replace("attn_kv_b", "attn_v_b");
        MatrixShape shape = spec.shape(id);
        GgufTensor keys = decodable(keyName);
        GgufTensor values = decodable(valueName);
        int heads = spec.layer(id.layer()).attention().heads();
        int valueDimension = spec.layer(id.layer()).attention().valueDimension();
        int plain = shape.rows() / heads - valueDimension;
        List<Long> keyShape = List.of((long) heads, (long) shape.columns(), (long) plain);
        List<Long> valueShape = List.of((long) heads, (long) valueDimension, (long) shape.columns());
        if (!keys.shape().equals(keyShape)) {
            throw wrongShape(keys, keyShape);
        }
        if (!values.shape().equals(valueShape)) {
            throw wrongShape(values, valueShape);
        }
        return new Located(new SplitLatentMatrix(keys, values), Set.of(keyName, valueName));
    }

    private static String keysOf(String whole) {
        return whole.replace("attn_kv_b", "attn_k_b");
    }

    private GgufTensor decodable(String name) {
        GgufTensor tensor = shards.tensor(name);
        read.add(name);
        if (tensor.type().codec().isEmpty()) {
            throw new UnsupportedModelException(place(tensor) + ": is stored as " + tensor.type() + ", which Mojave cannot run; it runs "
                    + Arrays.stream(GgufType.values()).filter(t -> t.codec().isPresent()).map(Enum::name)
                            .collect(Collectors.joining(", ")));
        }
        return tensor;
    }

    /** The expert's part of a tensor with all experts along its first dimension. */
    private GgufTensor part(GgufTensor tensor, MatrixId id, int dimensions) {
        int experts = spec.mixture(id.layer()).router().experts();
        if (tensor.shape().size() != dimensions || tensor.shape().get(0) != experts) {
            throw new CheckpointException(place(tensor), "has shape " + tensor.shape() + ", expected " + dimensions
                    + " dimensions, the first of " + experts + " experts");
        }
        return tensor.part(id.expert());
    }

    /** A vector; leading dimensions of 1 are ignored. */
    private float[] floats(GgufTensor tensor, int length) {
        List<Long> shape = tensor.shape();
        if (shape.isEmpty() || tensor.elements() != length || shape.getLast() != length) {
            throw wrongShape(tensor, List.of((long) length));
        }
        return tensor.toFloats();
    }

    private String place(GgufTensor tensor) {
        return shards.metadata().path() + ", tensor " + tensor.name();
    }

    private CheckpointException wrongShape(GgufTensor tensor, List<Long> expected) {
        return new CheckpointException(place(tensor), "has shape " + shown(tensor.shape()) + ", expected " + shown(expected)
                + "; the file's metadata and tensors do not belong together");
    }

    /** Innermost first, as GGUF's own tools write shapes. */
    private static String shown(List<Long> shape) {
        return new ArrayList<>(shape).reversed().toString();
    }
}
