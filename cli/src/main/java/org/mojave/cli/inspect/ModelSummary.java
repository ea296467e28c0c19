package org.mojave.cli.inspect;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixShape;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.model.arch.Architectures;
import org.mojave.engine.run.Model;

/**
 * A model in numbers.
 *
 * @param modelType family
 * @param layers transformer layers
 * @param hiddenSize components of the residual stream
 * @param vocabularySize tokens
 * @param contextLength positions it was made for
 * @param attention one line about the attention, one element per different kind
 * @param feedForward one line about the feed-forward layers, one element per different kind
 * @param parameters all weights, biases and vectors; a tied head counts once
 * @param activeParameters those used for one token: all but the experts that are not chosen
 * @param fileBytes of all weight files
 * @param files number of weight files
 * @param bitsPerWeight fileBytes × 8 / parameters
 * @param matrices by kind, in the order of the forward pass
 * @param unusedTensors tensors that the model does not read
 * @param compressed whether Mojave wrote it
 * @param tokenizer whether a tokenizer is there, which commands that take text need
 * @param exports formats that this release can write from it
 */
public record ModelSummary(String modelType, int layers, int hiddenSize, int vocabularySize, int contextLength, List<String> attention,
        List<String> feedForward, long parameters, long activeParameters, long fileBytes, int files, double bitsPerWeight,
        List<MatrixKind> matrices, List<String> unusedTensors, boolean compressed, boolean tokenizer, List<String> exports) {

    /** Reads the headers of a folder; throws as {@link Model#open} does. */
    public static ModelSummary of(Path folder) {
        try (Model model = Model.open(folder)) {
            return new Counting(model).summary(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Goes once through all matrices. */
    private static final class Counting {
        private final Model model;
        private final ModelSpec spec;
        private final Map<String, MatrixKind> kinds = new LinkedHashMap<>();
        private final Set<String> used = new HashSet<>();
        private final TensorNames names;
        private long parameters;
        private long idle;

        Counting(Model model) {
            this.model = model;
            spec = model.spec();
            names = Architectures.recognise(model.config()).names();
            for (MatrixId id : spec.matrices()) {
                add(id);
            }
            for (int layer = MatrixId.NONE; layer < spec.layers().size(); layer++) {
                for (VectorRole role : spec.vectors(layer)) {
                    parameters += spec.length(role, layer);
                    used.add(names.vector(role, layer));
                }
            }
        }

        private void add(MatrixId id) {
            MatrixShape shape = spec.shape(id);
            Matrix matrix = model.weights().matrix(id);
            long all = (long) shape.rows() * shape.columns() + (spec.hasBias(id) ? shape.rows() : 0);
            parameters += all;
            if (id.expert() != MatrixId.NONE && id.expert() >= spec.mixture(id.layer()).router().chosen()) {
                idle += all; // all experts are alike, so counting the first ones as chosen gives the right sum
            }
            String role = (id.expert() == MatrixId.NONE ? "" : "expert ") + id.role().wireName().replace('_', ' ');
            kinds.merge(role + shape + matrix.storage(), MatrixKind.one(role, shape, matrix.storage(), matrix.storedBytes()), MatrixKind::and);
            used.addAll(model.weights().tensorNamesOf(id));
            if (spec.hasBias(id)) {
                used.add(names.bias(id).tensor());
            }
        }

        ModelSummary summary(Path folder) throws IOException {
            long bytes = 0;
            for (Path shard : model.checkpoint().shards()) {
                bytes += Files.size(shard);
            }
            int files = model.checkpoint().shards().size();
            String method = model.checkpoint().config().path("quantization_config").path("quant_method").asString("");
            boolean compressed = method.equals("mojave");
            return new ModelSummary(spec.modelType(), spec.layers().size(), spec.hiddenSize(), spec.vocabularySize(), spec.contextLength(),
                    Descriptions.attention(spec), Descriptions.feedForward(spec), parameters, parameters - idle, bytes, files,
                    bytes * 8.0 / parameters, List.copyOf(kinds.values()), unused(), compressed,
                    Files.exists(folder.resolve("tokenizer.json")), compressed ? List.of() : List.of("native"));
        }

        private List<String> unused() {
            return model.checkpoint().tensors().keySet().stream().filter(name -> !used.contains(name)).toList();
        }
    }
}
