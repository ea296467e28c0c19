package org.mojave.compress.transform;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mojave.compress.rotate.Rotation;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Norm;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.run.Model;
import org.mojave.engine.store.WeightRewrite;
import org.mojave.engine.store.Weights;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which weights of a model change together so that it computes the same.
 *
 * <p>Scales (EAQuant): what lies behind a norm is divided in the norm's weights and multiplied in the columns of all that reads it –
 * queries, keys, values; router, gate and up projections, the shared expert and its gate. Between up and down projection the rows of up
 * are divided and the columns of down multiplied.
 *
 * <p>Rotation (QuaRot's R1, arXiv 2404.00456): the states between the layers become {@code Q·h}. The root-mean-square norm without
 * weights commutes with Q; so the norms' weights move into what reads behind them, and become 1. What reads is {@code W·diag(γ)·Qᵀ}, what
 * writes to the states {@code Q·W} with its bias; the embedding is rotated, and a head tied to it becomes a matrix of its own, since γ of
 * the last norm moves into it.
 */
public final class ModelTransform implements WeightRewrite {
    private final ModelSpec spec;
    private final Weights weights;
    private final List<LayerScales> scales;
    private final Optional<Rotation> rotation;

    private ModelTransform(Model original, List<LayerScales> scales, Optional<Rotation> rotation) {
        spec = original.spec();
        weights = original.weights();
        this.scales = List.copyOf(scales);
        this.rotation = rotation;
    }

    /** For that model; {@code scales}: one for each layer. */
    public static ModelTransform of(Model original, List<LayerScales> scales, Optional<Rotation> rotation) {
        if (scales.size() != original.spec().layers().size()) {
            throw new IllegalArgumentException(scales.size() + " scales for " + original.spec().layers().size() + " layers");
        }
        return new ModelTransform(original, scales, rotation);
    }

    /** Throws {@link UnsupportedModelException} where a rotation would change what the model computes. */
    public static void requireRotatable(ModelSpec spec) {
        switch (spec.norm()) {
            case Norm.RootMeanSquare _ -> { }
            case Norm.Layer _ -> throw new UnsupportedModelException("a " + spec.modelType()
                    + " model subtracts means in its norms, which no rotation passes unchanged; leave out --rotation");
        }
    }

    /** Throws {@link UnsupportedModelException} where up projections are not used linearly. */
    public static void requireLinearUp(ModelSpec spec) {
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            Gating gating = switch (spec.layer(layer).feedForward()) {
                case FeedForward.Dense dense -> dense.gating();
                case FeedForward.Mixture mixture -> mixture.gating();
            };
            if (gating instanceof Gating.Clamped) {
                throw new UnsupportedModelException("a " + spec.modelType() + " model clamps its up projections, which scaling would "
                        + "change; leave out --outlier-scaling");
            }
        }
    }

    /** The model that computes the same; valid as long as {@code original} is open. */
    public Model apply(Model original) {
        ObjectNode config = ((ObjectNode) original.config().node()).deepCopy();
        if (rotation.isPresent() && spec.tiedHead()) {
            config.put("tie_word_embeddings", false);
            if (config.get("text_config") instanceof ObjectNode text) {
                text.put("tie_word_embeddings", false);
            }
        }
        Model changed = original.rewritten(config, this);
        if (rotation.isPresent() && changed.spec().tiedHead()) {
            throw new UnsupportedModelException("a " + spec.modelType() + " model cannot have a head apart from its embedding; leave out "
                    + "--rotation");
        }
        return changed;
    }

    /** Whether this matrix changes. */
    public boolean changes(MatrixId id) {
        return factor(id) != null || divisor(id) != null || input(id).isPresent() || output(id).isPresent();
    }

    /** Whether the bias of this matrix changes. */
    public boolean changesBias(MatrixId id) {
        return divisor(id) != null || output(id).isPresent();
    }

    /** Whether this vector changes. */
    public boolean changes(VectorRole role, int layer) {
        return switch (role) {
            case ATTENTION_NORM, FEED_FORWARD_NORM -> rotation.isPresent() || normScale(role, layer).isPresent();
            case ATTENTION_NORM_BIAS, FEED_FORWARD_NORM_BIAS -> normScale(role, layer).isPresent();
            case FINAL_NORM -> rotation.isPresent();
            case FINAL_NORM_BIAS, QUERY_NORM, KEY_NORM, QUERY_LATENT_NORM, LATENT_NORM, SINKS, ROUTER_CORRECTION -> false;
        };
    }

    @Override
    public Matrix matrix(MatrixId id, Matrix original) {
        return changes(id) ? new ChangedMatrix(original, factor(id), divisor(id), input(id), output(id)) : original;
    }

    @Override
    public float[] bias(MatrixId id, float[] original) {
        if (!changesBias(id)) {
            return original;
        }
        float[] bias = original.clone();
        float[] divisor = divisor(id);
        for (int r = 0; r < bias.length && divisor != null; r++) {
            bias[r] = bias[r] / divisor[r];
        }
        output(id).ifPresent(turn -> turn.rotateColumns(bias, 1));
        return bias;
    }

    @Override
    public float[] vector(VectorRole role, int layer, float[] original) {
        if (!changes(role, layer)) {
            return original;
        }
        float[] changed = original.clone();
        if (rotation.isPresent()) {
            Arrays.fill(changed, 1);
            return changed;
        }
        float[] scale = normScale(role, layer).orElseThrow();
        for (int j = 0; j < changed.length; j++) {
            changed[j] = changed[j] / scale[j];
        }
        return changed;
    }

    private Optional<float[]> normScale(VectorRole role, int layer) {
        return role == VectorRole.ATTENTION_NORM || role == VectorRole.ATTENTION_NORM_BIAS ? scales.get(layer).attention()
                : scales.get(layer).network();
    }

    /** What the columns of a matrix are multiplied by, or null. */
    private float[] factor(MatrixId id) {
        return switch (id.role()) {
            case QUERY, KEY, VALUE, QUERY_DOWN, LATENT_DOWN -> behind(VectorRole.ATTENTION_NORM, id.layer());
            case ROUTER, GATE, UP, SHARED_GATE, SHARED_UP, SHARED_ROUTER -> behind(VectorRole.FEED_FORWARD_NORM, id.layer());
            case DOWN, SHARED_DOWN -> scales.get(id.layer()).inner().get(id.name());
            case HEAD -> rotation.isPresent() ? weights.vector(VectorRole.FINAL_NORM, MatrixId.NONE).orElseThrow() : null;
            case EMBEDDING, QUERY_UP, LATENT_UP, OUTPUT -> null;
        };
    }

    private float[] behind(VectorRole norm, int layer) {
        return rotation.isPresent() ? weights.vector(norm, layer).orElseThrow() : normScale(norm, layer).orElse(null);
    }

    /** What the rows of a matrix are divided by, or null. */
    private float[] divisor(MatrixId id) {
        return switch (id.role()) {
            case UP -> inner(MatrixRole.DOWN, id);
            case SHARED_UP -> inner(MatrixRole.SHARED_DOWN, id);
            case EMBEDDING, HEAD, QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, ROUTER, GATE, DOWN, SHARED_GATE,
                    SHARED_DOWN, SHARED_ROUTER -> null;
        };
    }

    private float[] inner(MatrixRole role, MatrixId of) {
        return scales.get(of.layer()).inner().get(new MatrixId(role, of.layer(), of.expert()).name());
    }

    private Optional<Rotation> input(MatrixId id) {
        return switch (id.role()) {
            case EMBEDDING, HEAD, QUERY, KEY, VALUE, QUERY_DOWN, LATENT_DOWN, ROUTER, GATE, UP, SHARED_GATE, SHARED_UP, SHARED_ROUTER -> rotation;
            case QUERY_UP, LATENT_UP, OUTPUT, DOWN, SHARED_DOWN -> Optional.empty();
        };
    }

    private Optional<Rotation> output(MatrixId id) {
        return switch (id.role()) {
            case OUTPUT, DOWN, SHARED_DOWN -> rotation;
            case EMBEDDING, HEAD, QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, ROUTER, GATE, UP, SHARED_GATE, SHARED_UP,
                    SHARED_ROUTER -> Optional.empty();
        };
    }
}
