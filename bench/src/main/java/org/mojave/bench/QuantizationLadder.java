package org.mojave.bench;

import org.mojave.compress.quantize.Clip;
import org.mojave.compress.quantize.Fidelity;
import org.mojave.compress.quantize.Gptq;
import org.mojave.compress.quantize.GptqSettings;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.HessianFactor;
import org.mojave.compress.quantize.QuantizedMatrix;
import org.mojave.compress.quantize.Rtn;
import org.mojave.compress.quantize.Statistics;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.packed.Scheme;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Factorising a Hessian and quantizing a matrix with it, on one core. */
@State(Scope.Benchmark)
public class QuantizationLadder {
    private static final Scheme SCHEME = Scheme.parse("4g128s");

    @Param({Ladder.PREFERRED, Ladder.PORTABLE})
    public String algebra;

    /** rows × columns. */
    @Param({"256x256", "1024x2048"})
    public String shape;

    private WeightMatrix weights;
    private Hessian hessian;
    private HessianFactor factor;
    private Gptq gptq;
    private Gptq published;
    private HessianFactor publishedFactor;

    @Setup
    public void start() {
        int[] sizes = Ladder.shape(shape);
        weights = new WeightMatrix("sample", sizes[0], sizes[1], SampleMatrices.floats(sizes[0] * sizes[1]));
        Gram gram = new Gram(sizes[1]);
        try (Workers workers = new Workers(1)) {
            gram.add(SampleMatrices.floats(2 * sizes[1] * sizes[1]), 2 * sizes[1], workers);
        }
        hessian = Hessian.of(gram);
        gptq = new Gptq(GptqSettings.defaults(), Ladder.algebra(algebra));
        factor = gptq.prepare(hessian, SCHEME);
        published = new Gptq(GptqSettings.published(), Ladder.algebra(algebra));
        publishedFactor = published.prepare(hessian, SCHEME);
    }

    @Benchmark
    public HessianFactor factor() {
        return gptq.prepare(hessian, SCHEME);
    }

    @Benchmark
    public QuantizedMatrix gptq() {
        return gptq.quantize(weights, factor, SCHEME);
    }

    /** Columns as they are stored, scales on the way: what the published loop does. */
    @Benchmark
    public QuantizedMatrix gptqAsPublished() {
        return published.quantize(weights, publishedFactor, SCHEME);
    }

    @Benchmark
    public QuantizedMatrix rounding() {
        return new Rtn().quantize(weights, Statistics.NONE, SCHEME);
    }

    @Benchmark
    public QuantizedMatrix roundingWithClipSearch() {
        return new Rtn(Clip.WEIGHTS, Fidelity.NATIVE).quantize(weights, Statistics.NONE, SCHEME);
    }
}
