package org.mojave.compress.transform;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.compress.recipe.Transformation;
import org.mojave.compress.smooth.OutlierScale;
import org.mojave.compress.smooth.SmoothingMode;
import org.mojave.compress.smooth.SmoothingScales;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Model;

/**
 * From what calibration saw to the scales of a layer (EAQuant, section 3.1 and its code): one wish {@code max|x|^α / max|W|^(1−α)} for
 * each reader, merged over the experts and the router by the smoothing mode; queries, keys and values, and a dense network, are one reader
 * each. Down projections get {@link OutlierScale}s of their own.
 *
 * <p>The weight-outlier score of an expert, by which some modes weigh it, is the largest of its columns' largest magnitudes over their
 * mean (EAQuant reads its own from a file that it does not publish).
 */
public final class ScaleRule {
    /** Rows of a matrix that are looked at together. */
    private static final int PANEL_ROWS = 64;

    private final Model original;
    private final Transformation transformation;

    /** For a model, as wished. */
    public ScaleRule(Model original, Transformation transformation) {
        this.original = original;
        this.transformation = transformation;
    }

    /** The scales of a layer. */
    public LayerScales of(int layer, LayerExtremes seen) {
        Optional<SmoothingMode> mode = transformation.smoothing();
        return new LayerScales(mode.map(_ -> attention(layer, seen)), mode.map(m -> network(layer, seen, m)),
                transformation.outlierScaling() ? inner(layer, seen) : Map.of());
    }

    private float[] attention(int layer, LayerExtremes seen) {
        List<MatrixId> readers = original.spec().matrices(layer).stream().filter(id -> switch (id.role()) {
            case QUERY, KEY, VALUE, QUERY_DOWN, LATENT_DOWN -> true;
            case EMBEDDING, HEAD, QUERY_UP, LATENT_UP, OUTPUT, ROUTER, GATE, UP, DOWN, SHARED_GATE, SHARED_UP, SHARED_DOWN, SHARED_ROUTER -> false;
        }).toList();
        return wish(seen.of(readers.getFirst()), readers);
    }

    private float[] network(int layer, LayerExtremes seen, SmoothingMode mode) {
        return switch (original.spec().layer(layer).feedForward()) {
            case FeedForward.Dense _ -> wish(seen.of(MatrixId.of(MatrixRole.GATE, layer)),
                    List.of(MatrixId.of(MatrixRole.GATE, layer), MatrixId.of(MatrixRole.UP, layer)));
            case FeedForward.Mixture mixture -> mode.merge(wishes(layer, mixture, seen));
        };
    }

    private SmoothingScales wishes(int layer, FeedForward.Mixture mixture, LayerExtremes seen) {
        double[] probabilities = seen.routerProbabilities();
        List<SmoothingScales.Expert> experts = new ArrayList<>();
        for (int e = 0; e < mixture.router().experts(); e++) {
            MatrixId gate = new MatrixId(MatrixRole.GATE, layer, e);
            LayerExtremes.Seen inputs = seen.of(gate);
            float[] largest = columnMaximum(List.of(gate, new MatrixId(MatrixRole.UP, layer, e)));
            experts.add(new SmoothingScales.Expert(SmoothingScales.wish(inputs.magnitude(), largest, transformation.strength()), inputs.tokens(),
                    unevenness(largest), probabilities[e]));
        }
        MatrixId router = MatrixId.of(MatrixRole.ROUTER, layer);
        LayerExtremes.Seen all = seen.of(router);
        Optional<float[]> shared = mixture.shared().map(_ -> wish(seen.of(MatrixId.of(MatrixRole.SHARED_GATE, layer)), List.of(
                MatrixId.of(MatrixRole.SHARED_GATE, layer), MatrixId.of(MatrixRole.SHARED_UP, layer))));
        return new SmoothingScales(experts, wish(all, List.of(router)), shared, Math.max(1, all.tokens() * mixture.router().chosen()));
    }

    private float[] wish(LayerExtremes.Seen inputs, List<MatrixId> readers) {
        return SmoothingScales.wish(inputs.magnitude(), columnMaximum(readers), transformation.strength());
    }

    private float[] columnMaximum(List<MatrixId> ids) {
        ModelSpec spec = original.spec();
        int columns = spec.shape(ids.getFirst()).columns();
        float[] maximum = new float[columns];
        float[] panel = new float[PANEL_ROWS * columns];
        for (MatrixId id : ids) {
            Matrix matrix = original.weights().matrix(id);
            for (int row = 0; row < matrix.rows(); row += PANEL_ROWS) {
                int rows = Math.min(PANEL_ROWS, matrix.rows() - row);
                matrix.decode(row, rows, panel, 0);
                SmoothingScales.raiseToColumnMaximum(panel, rows, maximum);
            }
        }
        return maximum;
    }

    private static double unevenness(float[] largest) {
        double sum = 0;
        double most = 0;
        for (float value : largest) {
            sum += value;
            most = Math.max(most, value);
        }
        return sum == 0 ? 1 : most * largest.length / sum;
    }

    private Map<String, float[]> inner(int layer, LayerExtremes seen) {
        Map<String, float[]> scales = new HashMap<>();
        for (MatrixId id : original.spec().matrices(layer)) {
            if (id.role() == MatrixRole.DOWN || id.role() == MatrixRole.SHARED_DOWN) {
                LayerExtremes.Seen inputs = seen.of(id);
                if (inputs.tokens() > 0) {
                    float[] scale = OutlierScale.DEFAULT.of(inputs.maximum(), inputs.minimum());
                    if (!allOnes(scale)) {
                        scales.put(id.name(), scale);
                    }
                }
            }
        }
        return scales;
    }

    private static boolean allOnes(float[] scale) {
        float[] ones = new float[scale.length];
        Arrays.fill(ones, 1);
        return Arrays.equals(scale, ones);
    }
}
