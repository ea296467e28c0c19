package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.report.Report;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.Batch;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.RouterListener;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatEncoder;
import org.mojave.format.tensor.TensorData;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** Scales folded into norms, routers and matrices. */
class ScaleSearchTest {
    private static final int TOKENS = 24;

    @TempDir
    Path folder;

    private static Matrix scaled(LayerWeights weights, MatrixId id, Scaling scaling) {
        Matrix original = weights.matrix(id);
        float[] values = new float[original.rows() * original.columns()];
        original.decode(0, original.rows(), values, 0);
        scaling.apply(id, 0, original.rows(), values);
        return new DenseMatrix(new TensorData(id.name(), ElementType.F32, List.of((long) original.rows(), (long) original.columns()),
                FloatEncoder.encode(ElementType.F32, values)));
    }

    private static float[] drawn(Random random, int length) {
        float[] scale = new float[length];
        for (int i = 0; i < length; i++) {
            scale[i] = (float) Math.exp(random.nextGaussian());
        }
        return scale;
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2_moe", "deepseek_v3", "olmoe", "mixtral"})
    void aFoldedLayerComputesTheSame(String name) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        try (SourceModel source = SourceModel.open(Goldens.ofRepository().model(name).folder()); Workers workers = new Workers(1)) {
            int hidden = source.spec().hiddenSize();
            for (int layer = 0; layer < source.spec().layers().size(); layer++) {
                LayerWeights weights = LayerWeights.of(source.spec(), source.model().weights(), layer);
                for (InputGroup.Half half : InputGroup.Half.values()) {
                    LayerWeights folded = folded(source, weights, half, random);
                    float[] states = drawn(random, TOKENS * hidden);
                    assertThat(run(source, folded, half, states, workers)).as("%s, layer %d, %s, seed %d", name, layer, half, seed)
                            .usingComparatorWithPrecision(1e-4f).containsExactly(run(source, weights, half, states, workers));
                }
            }
        }
    }

    private static LayerWeights folded(SourceModel source, LayerWeights weights, InputGroup.Half half, Random random) {
        float[] scale = drawn(random, source.spec().hiddenSize());
        Map<MatrixId, float[]> columns = new HashMap<>();
        Map<MatrixId, float[]> rows = new HashMap<>();
        for (MatrixId id : source.spec().matrices(weights.layer())) {
            boolean attention = half == InputGroup.Half.ATTENTION;
            switch (id.role()) {
                case QUERY, KEY, VALUE, QUERY_DOWN, LATENT_DOWN -> put(columns, id, scale, attention);
                case GATE, UP, SHARED_GATE, SHARED_UP -> put(columns, id, scale, !attention);
                case DOWN, SHARED_DOWN -> {
                    float[] own = drawn(random, source.spec().shape(id).columns());
                    put(columns, id, own, !attention);
                    put(rows, FoldedNorm.upOf(id), own, !attention);
                }
                case EMBEDDING, HEAD, ROUTER, SHARED_ROUTER, QUERY_UP, LATENT_UP, OUTPUT -> { }
            }
        }
        Scaling scaling = new Scaling(columns, rows);
        Map<MatrixId, Matrix> matrices = new HashMap<>();
        columns.keySet().forEach(id -> matrices.put(id, scaled(weights, id, scaling)));
        return new FoldedNorm(source, weights, half).scaled(scale).with(matrices);
    }

    private static void put(Map<MatrixId, float[]> all, MatrixId id, float[] scale, boolean there) {
        if (there) {
            all.put(id, scale);
        }
    }

    private static float[] run(SourceModel source, LayerWeights weights, InputGroup.Half half, float[] states, Workers workers) {
        float[] result = states.clone();
        LayerRunner runner = new LayerRunner(source.spec(), workers);
        switch (half) {
            case ATTENTION -> runner.attention(weights, result, Batch.whole(TOKENS), LinearObserver.NONE);
            case FEED_FORWARD -> runner.feedForward(weights, result, TOKENS, LinearObserver.NONE, RouterListener.NONE);
        }
        return result;
    }

    @Test
    void memoryAndThreadsChangeNothing() throws IOException {
        GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");
        JobRequest plenty = GoldenJobs.request(golden, folder.resolve("plenty"), GoldenJobs.recipe(Method.AWQ, "3g32a"));
        Report report = CompressionJob.run(plenty, JobListener.NONE);
        JobRequest tight = GoldenJobs.request(golden, folder.resolve("tight"), GoldenJobs.recipe(Method.AWQ, "3g32a"));
        GoldenJobs.requireLeastMemoryGives(plenty.output(), tight);
        assertThat(report.matrices()).filteredOn(m -> m.state().equals("awq")).hasSizeGreaterThan(20)
                .allMatch(m -> m.error() > 0 && m.error() < 0.2);
        assertThat(report.matrices()).filteredOn(m -> m.matrix().endsWith("router")).isNotEmpty()
                .allMatch(m -> m.state().equals("kept") && m.storage().equals("f32"));
    }

    @Test
    void unevenInputsAreQuantizedBetterThanByRounding() {
        GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");
        double rounded = outputError(golden, Method.RTN);
        assertThat(outputError(golden, Method.AWQ)).isLessThan(rounded);
    }

    private double outputError(GoldenModel golden, Method method) {
        Path output = folder.resolve(method.wireName());
        CompressionJob.run(GoldenJobs.request(golden, output, GoldenJobs.recipe(method, "2g32a")), JobListener.NONE);
        return GoldenJobs.medianError(GoldenJobs.logits(golden, output), golden.logits());
    }
}
