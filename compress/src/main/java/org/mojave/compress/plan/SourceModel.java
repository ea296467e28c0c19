package org.mojave.compress.plan;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.transform.ModelTransform;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.model.arch.Architectures;
import org.mojave.engine.run.Model;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.node.ObjectNode;

/**
 * The model to be compressed and what its family calls its tensors. After {@link #transformed} it computes the same with other weights.
 *
 * @param original opened; belongs to this record
 * @param model what is quantized: the original, or a view of it with rewritten weights
 * @param names role to tensor
 * @param rewritten kept tensors that are not what they were, by name
 */
public record SourceModel(Model original, Model model, TensorNames names, Map<String, KeptTensor> rewritten) implements AutoCloseable {
    /** Opens a model; one that was compressed before is refused with {@link RecipeException}. */
    public static SourceModel open(Path folder) {
        Model model = Model.open(folder);
        try {
            String method = model.checkpoint().config().path("quantization_config").path("quant_method").asString("");
            if (method.equals(SmallFiles.METHOD)) {
                throw new RecipeException(folder + " was compressed by mojave already; give the original model");
            }
            return new SourceModel(model, model, Architectures.recognise(model.config()).names(), Map.of());
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** This source with its weights rewritten; takes its place: only one of the two is to be closed. */
    public SourceModel transformed(ModelTransform change) {
        Model changed = change.apply(original);
        return new SourceModel(original, changed, changed.names(), RewrittenTensors.of(checkpoint(), changed, change));
    }

    /** This source with its routers kept in float32, so that they can lie on any grid; takes its place. */
    public SourceModel withWideRouters() {
        Map<String, KeptTensor> wide = new LinkedHashMap<>(rewritten);
        for (MatrixId id : spec().matrices()) {
            if (id.role() == MatrixRole.ROUTER) {
                wide.put(names.matrix(id).tensor(), new KeptTensor.Rows(names.matrix(id).tensor(), model.weights().matrix(id)));
            }
        }
        return new SourceModel(original, model, names, wide);
    }

    /** A tensor that the result keeps unquantized: as it is, or rewritten. */
    public KeptTensor kept(String tensor) {
        KeptTensor other = rewritten.get(tensor);
        return other != null ? other : new KeptTensor.Copied(checkpoint().tensor(tensor));
    }

    /** Whether weights are rewritten. */
    public boolean isTransformed() {
        return model != original;
    }

    /** The config of the result, but for what it says of quantization. */
    public ObjectNode config() {
        return ((ObjectNode) model.config().node()).deepCopy();
    }

    /** Description. */
    public ModelSpec spec() {
        return model.spec();
    }

    /** Files. */
    public Checkpoint checkpoint() {
        return original.checkpoint();
    }

    /** Bytes of the weight files. */
    public long bytes() {
        return checkpoint().tensors().values().stream().mapToLong(tensor -> tensor.bytes().byteSize()).sum();
    }

    /** Weights, biases and vectors that the model uses; a tied head counts once. */
    public long parameters() {
        long count = 0;
        ModelSpec spec = original.spec();
        for (MatrixId id : spec.matrices()) {
            count += (long) spec.shape(id).rows() * spec.shape(id).columns();
            count += spec.hasBias(id) ? spec.shape(id).rows() : 0;
        }
        for (int layer = MatrixId.NONE; layer < spec.layers().size(); layer++) {
            for (VectorRole role : spec.vectors(layer)) {
                count += spec.length(role, layer);
            }
        }
        return count;
    }

    /** All tensors that the model reads. */
    public Set<String> usedTensors() {
        Set<String> tensors = new LinkedHashSet<>();
        spec().matrices().forEach(id -> tensors.addAll(model.weights().tensorNamesOf(id)));
        tensors.addAll(biasTensors(spec().matrices()));
        for (int layer = MatrixId.NONE; layer < spec().layers().size(); layer++) {
            tensors.addAll(vectorTensors(layer));
        }
        return tensors;
    }

    /** Tensors of the routers of all layers that have one. */
    public Set<String> routerTensors() {
        Set<String> tensors = new LinkedHashSet<>();
        for (MatrixId id : spec().matrices()) {
            if (id.role() == MatrixRole.ROUTER) {
                tensors.add(names.matrix(id).tensor());
            }
        }
        return tensors;
    }

    /** Tensors of the norms before the halves of the layers, and of the routers that read them: where scales of inputs can be folded. */
    public Set<String> foldedTensors() {
        Set<String> tensors = new LinkedHashSet<>();
        for (int layer = 0; layer < spec().layers().size(); layer++) {
            for (VectorRole role : spec().vectors(layer)) {
                switch (role) {
                    case ATTENTION_NORM, ATTENTION_NORM_BIAS, FEED_FORWARD_NORM, FEED_FORWARD_NORM_BIAS -> tensors.add(names.vector(role, layer));
                    case FINAL_NORM, FINAL_NORM_BIAS, QUERY_NORM, KEY_NORM, QUERY_LATENT_NORM, LATENT_NORM, SINKS, ROUTER_CORRECTION -> { }
                }
            }
        }
        for (MatrixId id : spec().matrices()) {
            if (id.role().isRouter()) {
                tensors.add(names.matrix(id).tensor());
            }
        }
        return tensors;
    }

    /** Tensors of the vectors of a layer ({@link MatrixId#NONE}: outside the layers). */
    public Set<String> vectorTensors(int layer) {
        Set<String> tensors = new LinkedHashSet<>();
        for (VectorRole role : spec().vectors(layer)) {
            tensors.add(names.vector(role, layer));
        }
        return tensors;
    }

    /** Tensors of the biases of these matrices. */
    public Set<String> biasTensors(List<MatrixId> matrices) {
        Set<String> tensors = new LinkedHashSet<>();
        for (MatrixId id : matrices) {
            if (spec().hasBias(id)) {
                tensors.add(names.bias(id).tensor());
            }
        }
        return tensors;
    }

    @Override
    public void close() {
        original.close();
    }
}
