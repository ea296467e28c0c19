package org.mojave.compress.job;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import java.util.function.ToDoubleFunction;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.Magnitudes;
import org.mojave.compress.calibrate.Moments;
import org.mojave.compress.calibrate.PairedPass;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.Rtn;
import org.mojave.compress.quantize.Statistics;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.smooth.AwqScale;
import org.mojave.compress.smooth.Folding;
import org.mojave.compress.smooth.RoundingLoss;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.LayerWeights;
import org.mojave.format.tensor.CheckpointException;

/**
 * The scales of activation-aware quantization (AWQ): one for everything that reads the norm before half a layer, searched against what
 * the half makes of some tokens, and one for the inputs of every down projection, searched against that projection's output. The first is
 * folded into norm and routers, which are written as float32, the second into the rows of the up projection.
 *
 * <p>The same states and weights give the same scales, so that a job that was interrupted within a layer finds them again.
 */
final class ScaleSearch {
    /** Floats beside a matrix while it is rounded on trial: itself, transposed, decoded. */
    private static final int TRIAL_FLOATS = 4;

    private final JobContext job;
    private final Plan plan;
    private final LayerPass pass;
    /** An expert's own inputs alone: a scale that few tokens ask for does little harm, since rounding is what remains without it. */
    private final Fitting unshrunk;

    /** Half a layer with scales folded into its norm and routers, and what is to be folded into its matrices when they are quantized. */
    record Folded(LayerWeights weights, Scaling scaling) {}

    /** Over the states of the quantized model. */
    ScaleSearch(JobContext job, LayerPass pass) {
        this.job = job;
        this.pass = pass;
        plan = job.preparation().plan();
        unshrunk = job.preparation().request().recipe().fitting().sums();
    }

    /** Bytes that the search takes at least; none for a recipe that folds nothing. */
    static long bytes(Preparation preparation) {
        long most = 0;
        Plan plan = preparation.plan();
        for (int layer = 0; layer < plan.source().spec().layers().size() && !plan.folded().isEmpty(); layer++) {
            for (InputGroup.Half half : InputGroup.Half.values()) {
                List<PlannedMatrix> readers = matrices(InputGroup.of(plan.quantized(layer), FoldedNorm.inputStep(half)));
                most = Math.max(most, trialBytes(preparation, readers) + readers.stream().mapToLong(ScaleSearch::roundingBytes).max().orElse(0));
            }
            for (InputGroup group : InputGroup.of(plan.quantized(layer), InputGroup.Step.NETWORK_OUTPUT)) {
                most = Math.max(most, 2 * Moments.bytes(group, preparation.request().recipe().fitting())
                        + roundingBytes(group.matrices().getFirst()));
            }
        }
        return most;
    }

    /** Bytes of all readers in memory, and of what the half layer makes of the sample, twice. */
    private static long trialBytes(Preparation preparation, List<PlannedMatrix> readers) {
        long tokens = LayerPass.chunkTokens(preparation.tokens().count(), preparation.tokens().length());
        return readers.stream().mapToLong(matrix -> matrix.layout().bytes()).sum()
                + 3 * Float.BYTES * tokens * preparation.source().spec().hiddenSize();
    }

    private static long roundingBytes(PlannedMatrix matrix) {
        return TRIAL_FLOATS * Float.BYTES * matrix.weights();
    }

    private static List<PlannedMatrix> matrices(List<InputGroup> groups) {
        return groups.stream().flatMap(group -> group.matrices().stream()).toList();
    }

    /** Finds and writes what is missing; {@code complete}: whether all matrices of the half are on disk already. */
    Folded fold(LayerWeights weights, InputGroup.Half half, boolean complete, Arena arena) {
        FoldedNorm norm = new FoldedNorm(plan.source(), weights, half);
        if (complete && norm.isWritten(job.records())) {
            return new Folded(norm.written(job.records(), arena), Scaling.NONE);
        }
        Scaling scaling = job.stages().time("scale", () -> search(weights, half, norm));
        return new Folded(norm.written(job.records(), arena), scaling);
    }

    private Scaling search(LayerWeights weights, InputGroup.Half half, FoldedNorm norm) {
        int layer = weights.layer();
        List<InputGroup> inputs = InputGroup.of(plan.quantized(layer), FoldedNorm.inputStep(half));
        List<InputGroup> outputs = half == InputGroup.Half.ATTENTION ? List.of() : InputGroup.of(plan.quantized(layer), InputGroup.Step.NETWORK_OUTPUT)
                .stream().filter(group -> FoldedNorm.canScaleUp(plan, group.lead())).toList();
        Map<MatrixId, Integer> looked = new HashMap<>();
        looked.put(norm.witness(), plan.source().spec().hiddenSize());
        outputs.forEach(group -> looked.put(group.lead(), group.columns()));
        Magnitudes magnitudes = new Magnitudes(looked);
        pass.look(weights, half, magnitudes);

        float[] scale = norm.canScale(plan) ? ofNorm(weights, half, norm, magnitudes.mean(norm.witness())) : ones(plan.source().spec().hiddenSize());
        norm.write(scale, job.records());
        Map<MatrixId, float[]> columns = new HashMap<>();
        Map<MatrixId, float[]> rows = new HashMap<>();
        matrices(inputs).forEach(matrix -> columns.put(matrix.id(), scale));
        ofDowns(weights, half, outputs, magnitudes).forEach((down, found) -> {
            columns.put(down, found);
            rows.put(FoldedNorm.upOf(down), found);
        });
        return new Scaling(columns, rows);
    }

    private static float[] ones(int length) {
        float[] ones = new float[length];
        Arrays.fill(ones, 1);
        return ones;
    }

    private float[] ofNorm(LayerWeights weights, InputGroup.Half half, FoldedNorm norm, float[] mean) {
        List<PlannedMatrix> readers = matrices(InputGroup.of(plan.quantized(weights.layer()), FoldedNorm.inputStep(half)));
        try (MemoryBudget.Share _ = job.budget().take("trials of scales", trialBytes(job.preparation(), readers))) {
            float[] expected = pass.trial(weights, half);
            return searched(norm.witness(), mean, scale -> {
                LayerWeights scaled = norm.scaled(scale).with(rounded(weights, readers, scale));
                float[] found = pass.trial(scaled, half);
                double loss = 0;
                for (int i = 0; i < found.length; i++) {
                    double difference = found[i] - expected[i];
                    loss += difference * difference;
                }
                return loss;
            });
        }
    }

    private float[] searched(MatrixId place, float[] mean, ToDoubleFunction<float[]> loss) {
        try {
            return AwqScale.DEFAULT.search(mean, loss).scale();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(plan.source().checkpoint().folder() + ", " + place.name(), e.getMessage(), e);
        }
    }

    /** The readers, scaled and rounded, in memory. */
    private Map<MatrixId, Matrix> rounded(LayerWeights weights, List<PlannedMatrix> readers, float[] scale) {
        Map<MatrixId, Matrix> all = new ConcurrentHashMap<>();
        inBatches(readers.size(), readers.stream().mapToLong(ScaleSearch::roundingBytes).max().orElse(0), index -> {
            PlannedMatrix reader = readers.get(index);
            float[] values = decoded(weights, reader);
            Folding.multiplyColumns(values, scale);
            WeightMatrix scaled = new WeightMatrix(reader.id().name(), reader.shape().rows(), reader.shape().columns(), values);
            all.put(reader.id(), PackedMatrix.of(new Rtn().quantize(scaled, Statistics.NONE, reader.scheme().orElseThrow()).coded()));
        });
        return all;
    }

    private static float[] decoded(LayerWeights weights, PlannedMatrix matrix) {
        float[] values = new float[Math.toIntExact(matrix.weights())];
        weights.matrix(matrix.id()).decode(0, matrix.shape().rows(), values, 0);
        return values;
    }

    /** Does work in batches of as many as threads and memory allow. */
    private void inBatches(int count, long bytesEach, IntConsumer work) {
        int size = Math.clamp(job.budget().free() / Math.max(1, bytesEach), 1, job.workers().threads());
        for (int first = 0; first < count; first += size) {
            int start = first;
            int batch = Math.min(size, count - first);
            try (MemoryBudget.Share _ = job.budget().take("matrices rounded on trial", batch * bytesEach)) {
                job.workers().run(batch, (index, _) -> work.accept(start + index));
            }
        }
    }

    /** A scale for the inputs of every down projection that some token reached. */
    private Map<MatrixId, float[]> ofDowns(LayerWeights weights, InputGroup.Half half, List<InputGroup> groups, Magnitudes magnitudes) {
        Map<MatrixId, float[]> all = new ConcurrentHashMap<>();
        List<InputGroup> reached = groups.stream().filter(group -> magnitudes.tokens(group.lead()) > 0).toList();
        long bytesEach = reached.stream().mapToLong(group -> roundingBytes(group.matrices().getFirst())
                + Moments.bytes(group, unshrunk)).max().orElse(0);
        int next = 0;
        while (next < reached.size()) {
            List<InputGroup> rest = reached.subList(next, reached.size());
            long room = job.budget().free() - bytesEach - Moments.commonBytes(rest, unshrunk);
            List<InputGroup> wave = InputGroup.wave(rest, room, group -> Moments.bytes(group, unshrunk));
            try (Moments moments = new Moments(wave, unshrunk, job.budget(), job.workers())) {
                new PairedPass(pass, Optional.empty()).observe(new PairedPass.Weights(weights, weights), half, moments);
                inBatches(wave.size(), bytesEach, index -> all.put(wave.get(index).lead(),
                        ofDown(weights, wave.get(index), moments.of(wave.get(index)).own(), magnitudes)));
            }
            next += wave.size();
        }
        return all;
    }

    private float[] ofDown(LayerWeights weights, InputGroup group, ExpertStatistics seen, Magnitudes magnitudes) {
        PlannedMatrix down = group.matrices().getFirst();
        RoundingLoss loss = new RoundingLoss(List.of(new RoundingLoss.Reader(decoded(weights, down),
                new Hessian(seen.columns(), seen.hessian(), seen.counts().tokens()))), group.columns(),
                RoundingLoss.Rounding.by(new Rtn(), down.scheme().orElseThrow()), job.workers().algebra());
        return searched(down.id(), magnitudes.mean(down.id()), loss);
    }
}
