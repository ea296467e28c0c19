package org.mojave.compress.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.transform.ModelTransform;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorSlice;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.run.Model;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.tensor.TensorData;

/** What becomes of the tensors that a result would keep, where weights are rewritten: norms, biases, and matrices that stay unquantized. */
final class RewrittenTensors {
    private final Checkpoint checkpoint;
    private final Model changed;
    private final ModelTransform transform;

    private RewrittenTensors(Checkpoint checkpoint, Model changed, ModelTransform transform) {
        this.checkpoint = checkpoint;
        this.changed = changed;
        this.transform = transform;
    }

    /** The rewritten tensors by name; {@code changed}: the model after the transform. */
    static Map<String, KeptTensor> of(Checkpoint checkpoint, Model changed, ModelTransform transform) {
        return new RewrittenTensors(checkpoint, changed, transform).all();
    }

    private Map<String, KeptTensor> all() {
        Map<String, KeptTensor> tensors = new LinkedHashMap<>();
        ModelSpec spec = changed.spec();
        for (int layer = MatrixId.NONE; layer < spec.layers().size(); layer++) {
            for (VectorRole role : spec.vectors(layer)) {
                if (transform.changes(role, layer)) {
                    String name = changed.names().vector(role, layer);
                    tensors.put(name, new KeptTensor.Values(name, checkpoint.tensor(name).shape(),
                            changed.weights().vector(role, layer).orElseThrow()));
                }
            }
        }
        Map<String, List<MatrixId>> biased = new LinkedHashMap<>();
        for (MatrixId id : spec.matrices()) {
            if (spec.hasBias(id) && transform.changesBias(id)) {
                biased.computeIfAbsent(changed.names().bias(id).tensor(), _ -> new ArrayList<>()).add(id);
            }
            if (transform.changes(id) && mayBeKept(id)) {
                tensors.put(changed.names().matrix(id).tensor(), rows(id));
            }
        }
        biased.forEach((name, ids) -> tensors.put(name, biases(name, ids)));
        return tensors;
    }

    private static boolean mayBeKept(MatrixId id) {
        return switch (id.role()) {
            case EMBEDDING, HEAD, ROUTER, SHARED_ROUTER -> true;
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, GATE, UP, DOWN, SHARED_GATE, SHARED_UP,
                    SHARED_DOWN -> false;
        };
    }

    private KeptTensor rows(MatrixId id) {
        TensorSlice slice = changed.names().matrix(id);
        if (slice.stacked() || slice.transposed() || slice.parts() != 1) {
            throw new UnsupportedModelException(slice.tensor() + ": holds more than one matrix, or one lying on its side, and cannot be kept "
                    + "once weights are rewritten; leave out --smoothing and --rotation");
        }
        return new KeptTensor.Rows(slice.tensor(), changed.weights().matrix(id));
    }

    private KeptTensor biases(String name, List<MatrixId> ids) {
        TensorData tensor = checkpoint.tensor(name);
        float[] values = tensor.toFloats();
        for (MatrixId id : ids) {
            TensorSlice slice = changed.names().bias(id);
            float[] bias = changed.weights().bias(id).orElseThrow();
            int start = (slice.stacked() ? id.expert() * bias.length * slice.parts() : 0) + slice.first(bias.length);
            for (int r = 0; r < bias.length; r++) {
                values[start + r * slice.step()] = bias[r];
            }
        }
        return new KeptTensor.Values(name, tensor.shape(), values);
    }
}
