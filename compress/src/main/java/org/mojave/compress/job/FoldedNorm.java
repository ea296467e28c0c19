package org.mojave.compress.job;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.smooth.Folding;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.Gating;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.run.LayerWeights;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatEncoder;
import org.mojave.format.tensor.TensorData;

/**
 * The norm before half a layer, and the routers that read it: what a scale of its channels is folded into. Both are stored as float32, so
 * that the layer computes the same as before up to rounding of float32.
 */
final class FoldedNorm {
    private final SourceModel source;
    private final LayerWeights weights;
    private final InputGroup.Half half;
    private final ModelSpec spec;

    /** Of that half; {@code weights} with the original norm. */
    FoldedNorm(SourceModel source, LayerWeights weights, InputGroup.Half half) {
        this.source = source;
        this.weights = weights;
        this.half = half;
        spec = source.spec();
    }

    /** The step whose matrices read the norm. */
    static InputGroup.Step inputStep(InputGroup.Half half) {
        return switch (half) {
            case ATTENTION -> InputGroup.Step.ATTENTION_INPUT;
            case FEED_FORWARD -> InputGroup.Step.NETWORK_INPUT;
        };
    }

    /** The up projection before a down projection. */
    static MatrixId upOf(MatrixId down) {
        return new MatrixId(down.role() == MatrixRole.SHARED_DOWN ? MatrixRole.SHARED_UP : MatrixRole.UP, down.layer(), down.expert());
    }

    /** Whether the inputs of a down projection are products with the up projection's outputs, so that its rows can take their scale. */
    static boolean canScaleUp(Plan plan, MatrixId down) {
        FeedForward feedForward = plan.source().spec().layer(down.layer()).feedForward();
        Gating gating = switch (feedForward) {
            case FeedForward.Dense dense -> dense.gating();
            case FeedForward.Mixture mixture -> down.role() == MatrixRole.SHARED_DOWN ? mixture.shared().orElseThrow().gating() : mixture.gating();
        };
        return switch (gating) {
            case Gating.Product _ -> !plan.source().spec().hasBias(upOf(down)) && plan.matrix(upOf(down)).scheme().isPresent();
            case Gating.Clamped _ -> false;
        };
    }

    /** Whether everything that reads the norm can be scaled: nothing but routers is kept as it is. */
    boolean canScale(Plan plan) {
        return spec.matrices(weights.layer()).stream().filter(id -> reads(id.role()) && !id.role().isRouter())
                .allMatch(id -> plan.matrix(id).scheme().isPresent());
    }

    /** A matrix that sees the whole input of every token. */
    MatrixId witness() {
        return spec.matrices(weights.layer()).stream().filter(id -> reads(id.role()) && id.expert() == MatrixId.NONE).findFirst().orElseThrow();
    }

    private boolean reads(MatrixRole role) {
        return switch (role) {
            case QUERY, KEY, VALUE, QUERY_DOWN, LATENT_DOWN -> half == InputGroup.Half.ATTENTION;
            case ROUTER, GATE, UP, SHARED_GATE, SHARED_UP, SHARED_ROUTER -> half == InputGroup.Half.FEED_FORWARD;
            case QUERY_UP, LATENT_UP, OUTPUT, DOWN, SHARED_DOWN, EMBEDDING, HEAD -> false;
        };
    }

    private List<VectorRole> vectors() {
        List<VectorRole> all = switch (half) {
            case ATTENTION -> List.of(VectorRole.ATTENTION_NORM, VectorRole.ATTENTION_NORM_BIAS);
            case FEED_FORWARD -> List.of(VectorRole.FEED_FORWARD_NORM, VectorRole.FEED_FORWARD_NORM_BIAS);
        };
        return all.stream().filter(spec.vectors(weights.layer())::contains).toList();
    }

    private List<MatrixId> routers() {
        return spec.matrices(weights.layer()).stream().filter(id -> id.role().isRouter() && reads(id.role())).toList();
    }

    private String tensor(VectorRole role) {
        return source.names().vector(role, weights.layer());
    }

    private String tensor(MatrixId router) {
        return source.names().matrix(router).tensor();
    }

    private float[] vector(VectorRole role) {
        return source.model().weights().vector(role, weights.layer()).orElseThrow();
    }

    private Map<VectorRole, float[]> scaledVectors(float[] scale) {
        Map<VectorRole, float[]> scaled = new EnumMap<>(VectorRole.class);
        for (VectorRole role : vectors()) {
            float[] values = vector(role).clone();
            Folding.divide(values, scale);
            scaled.put(role, values);
        }
        return scaled;
    }

    private float[] scaledRouter(MatrixId router, float[] scale) {
        Matrix original = weights.matrix(router);
        float[] values = new float[original.rows() * original.columns()];
        original.decode(0, original.rows(), values, 0);
        Folding.multiplyColumns(values, scale);
        return values;
    }

    /** The layer with that scale folded into norm and routers; matrices that read the norm must be replaced by scaled ones. */
    LayerWeights scaled(float[] scale) {
        Map<MatrixId, Matrix> scaledRouters = new HashMap<>();
        for (MatrixId router : routers()) {
            MemorySegment bytes = FloatEncoder.encode(ElementType.F32, scaledRouter(router, scale));
            scaledRouters.put(router, dense(router, bytes));
        }
        return weights.withVectors(scaledVectors(scale)).with(scaledRouters);
    }

    private DenseMatrix dense(MatrixId router, MemorySegment bytes) {
        return new DenseMatrix(new TensorData(tensor(router), ElementType.F32, source.kept(tensor(router)).dimensions(), bytes));
    }

    /** Whether norm and routers are on disk. */
    boolean isWritten(Records records) {
        return vectors().stream().allMatch(role -> records.has(tensor(role)))
                && routers().stream().allMatch(router -> records.has(tensor(router)));
    }

    /** Writes norm and routers with that scale, where they are missing. */
    void write(float[] scale, Records records) {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        scaledVectors(scale).forEach((role, values) -> tensors.put(tensor(role), values));
        routers().forEach(router -> tensors.put(tensor(router), scaledRouter(router, scale)));
        List<String> missing = new ArrayList<>();
        tensors.forEach((name, values) -> {
            if (!records.has(name)) {
                records.write(name, 0, FloatEncoder.encode(ElementType.F32, values));
                missing.add(name);
            }
        });
        records.commit(missing, List.of());
    }

    /** The layer with norm and routers as they are on disk. */
    LayerWeights written(Records records, Arena arena) {
        Map<VectorRole, float[]> vectors = new EnumMap<>(VectorRole.class);
        for (VectorRole role : vectors()) {
            String name = tensor(role);
            vectors.put(role, new TensorData(name, ElementType.F32, source.kept(name).dimensions(), records.map(name, arena)).toFloats());
        }
        Map<MatrixId, Matrix> replaced = new HashMap<>();
        routers().forEach(router -> replaced.put(router, dense(router, records.map(tensor(router), arena))));
        return weights.withVectors(vectors).with(replaced);
    }
}
