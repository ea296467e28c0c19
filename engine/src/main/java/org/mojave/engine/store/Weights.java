package org.mojave.engine.store;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.VectorRole;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.gguf.GgufShards;
import org.mojave.format.tensor.CheckpointException;

/**
 * The weights of an opened model by role. Every matrix and vector of the spec is found and its shape checked when
 * this is made, so that later steps cannot fail for a missing tensor. Immutable and safe for several threads; valid as
 * long as its files are open.
 *
 * <p>Example: {@code weights.matrix(MatrixId.of(MatrixRole.QUERY, 0)).decode(0, 1, row, 0)}.
 */
public final class Weights {
    private record VectorKey(VectorRole role, int layer) {}

    private final ModelSpec spec;
    private final Map<MatrixId, Located> matrices = new LinkedHashMap<>();
    private final Map<MatrixId, float[]> biases = new LinkedHashMap<>();
    private final Map<VectorKey, float[]> vectors = new LinkedHashMap<>();
    private final Set<String> used = new TreeSet<>();

    /** Finds everything; throws {@link CheckpointException} with tensor, expected and found shape. */
    public Weights(Checkpoint checkpoint, ModelSpec spec, TensorNames names) {
        this(spec, names, new Locator(checkpoint, Storage.of(new Config(checkpoint.folder().resolve("config.json").toString(),
                checkpoint.config())), spec, names));
    }

    /**
     * The weights of a GGUF model. Throws {@link CheckpointException} with tensor, expected and found shape, and {@link
     * org.mojave.engine.model.UnsupportedModelException} for a block type that cannot be decoded or a tensor of unknown use.
     */
    public static Weights of(GgufShards shards, ModelSpec spec, TensorNames names) {
        GgufSource source = new GgufSource(shards, spec, names);
        Weights weights = new Weights(spec, names, source);
        source.requireAllRead();
        return weights;
    }

    private Weights(ModelSpec spec, TensorNames names, WeightSource source) {
        this.spec = spec;
        for (int layer = MatrixId.NONE; layer < spec.layers().size(); layer++) {
            for (MatrixId id : layer == MatrixId.NONE ? spec.ends() : spec.matrices(layer)) {
                locate(id, source, names);
            }
            for (VectorRole role : spec.vectors(layer)) {
                vectors.put(new VectorKey(role, layer), source.vector(role, layer));
                used.add(names.vector(role, layer));
            }
        }
        MatrixId head = MatrixId.of(MatrixRole.HEAD);
        if (spec.headBias() && spec.tiedHead()) {
            locateBias(head, source, names);
        }
    }

    private Weights(Weights base, ModelSpec spec, WeightRewrite rewrite) {
        this.spec = spec;
        for (MatrixId id : spec.matrices()) {
            boolean untied = id.role() == MatrixRole.HEAD && !base.matrices.containsKey(id);
            Located located = base.located(untied ? MatrixId.of(MatrixRole.EMBEDDING) : id);
            matrices.put(id, new Located(rewrite.matrix(id, located.matrix()), located.tensors()));
        }
        base.biases.forEach((id, bias) -> biases.put(id, rewrite.bias(id, bias)));
        base.vectors.forEach((key, vector) -> vectors.put(key, rewrite.vector(key.role(), key.layer(), vector)));
        used.addAll(base.used);
    }

    /**
     * These weights with others in their places; valid as long as these are. {@code spec} may differ from this model's in one point: a tied
     * head may have become a matrix of its own, which {@code rewrite} is then given the embedding for.
     */
    public Weights rewritten(ModelSpec spec, WeightRewrite rewrite) {
        return new Weights(this, spec, rewrite);
    }

    private void locate(MatrixId id, WeightSource source, TensorNames names) {
        Located located = source.matrix(id);
        matrices.put(id, located);
        used.addAll(located.tensors());
        if (spec.hasBias(id)) {
            locateBias(id, source, names);
        }
    }

    private void locateBias(MatrixId id, WeightSource source, TensorNames names) {
        biases.put(id, source.bias(id));
        used.add(names.bias(id).tensor());
    }

    /** The matrix; throws IllegalArgumentException if the model has none of that name. */
    public Matrix matrix(MatrixId id) {
        return located(id).matrix();
    }

    /** Whether the model has that matrix. */
    public boolean has(MatrixId id) {
        return matrices.containsKey(id);
    }

    /** Every matrix of the model, in file order: embedding, layers, head unless tied. */
    public Iterable<MatrixId> matrices() {
        return spec.matrices();
    }

    /**
     * The files' tensors that this matrix is read from (codes and scales included). A fused tensor serves several
     * matrices: it may be dropped only when all of them are replaced.
     */
    public Set<String> tensorNamesOf(MatrixId id) {
        return located(id).tensors();
    }

    /**
     * All tensors that the model uses, those of {@link #tensorNamesOf} included. What else lies in the files (prediction
     * layers, a vision tower) is not used.
     */
    public Set<String> tensorNames() {
        return Collections.unmodifiableSet(used);
    }

    /** Bias of a matrix, one float per row; shared, not to be changed. */
    public Optional<float[]> bias(MatrixId id) {
        return Optional.ofNullable(biases.get(id));
    }

    /** A vector of a layer ({@link MatrixId#NONE}: outside the layers) if the model has it; shared, not to be changed. */
    public Optional<float[]> vector(VectorRole role, int layer) {
        return Optional.ofNullable(vectors.get(new VectorKey(role, layer)));
    }

    private Located located(MatrixId id) {
        Located located = matrices.get(id);
        if (located == null) {
            throw new IllegalArgumentException("the model has no matrix " + id.name());
        }
        return located;
    }
}
