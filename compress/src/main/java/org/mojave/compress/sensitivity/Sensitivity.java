package org.mojave.compress.sensitivity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.calibrate.HiddenStates;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.CostTable;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.SchemeMenu;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Costs;
import org.mojave.compress.recipe.Method;
import org.mojave.engine.gradient.LossGradient;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.format.packed.Scheme;

/**
 * Measures a {@link CostTable}. Within half a layer, schemes are compared by the squared error they leave in what the half adds to the
 * residual stream. What such an error is worth is measured as well: a variant of the model with all matrices of the half in a
 * reference scheme is carried to the predictions, and its divergence from the original is shared out in proportion to the errors.
 * No gradients; the model passes by once. With {@link Costs#GRADIENT} every component of an error is first multiplied by the loss gradient
 * there ({@code Σ g² · Δz²}, GEMQ, arXiv 2605.23078), which makes halves comparable; the divergences of all variants together then only give
 * the unit, in which embedding and head are measured too.
 *
 * <p>Example: {@code CostTable table = new Sensitivity(source, Method.GPTQ, tokens, budget, workers).measure(place -> { });}
 */
public final class Sensitivity {
    /** Tokens whose second moments tell how inputs lie. */
    private static final int SAMPLE_TOKENS = 8192;
    /** Tokens that all variants together carry through the layers, and most of one. */
    private static final int VARIANT_TOKENS = 65_536;
    private static final int LARGEST_PROBE = 2048;

    private final SourceModel source;
    private final Method method;
    private final Costs costs;
    private final ModelSpec spec;
    private final TokenSequences sample;
    private final TokenSequences probed;
    private final MemoryBudget budget;
    private final Workers workers;

    /** Hears how far it is: once a half layer. */
    @FunctionalInterface
    public interface Progress {
        /** {@code place}: what is done. */
        void advanced(String place);
    }

    /** How matrices are quantized, and what their errors are measured by. */
    public record Weighing(Method method, Costs costs) {}

    /** For that model and method, on some of these tokens, by output errors. */
    public Sensitivity(SourceModel source, Method method, TokenSequences tokens, MemoryBudget budget, Workers workers) {
        this(source, new Weighing(method, Costs.OUTPUT), tokens, budget, workers);
    }

    /** For that model, on some of these tokens. */
    public Sensitivity(SourceModel source, Weighing weighing, TokenSequences tokens, MemoryBudget budget, Workers workers) {
        this.source = source;
        method = weighing.method();
        costs = weighing.costs();
        this.budget = budget;
        this.workers = workers;
        spec = source.spec();
        sample = evenly(tokens, Math.max(1, SAMPLE_TOKENS / tokens.length()));
        int each = Math.min(LARGEST_PROBE, VARIANT_TOKENS / variants());
        probed = evenly(sample, Math.max(1, each / tokens.length()));
    }

    /** So many sequences, spread evenly over all. */
    static TokenSequences evenly(TokenSequences tokens, int count) {
        List<int[]> chosen = new ArrayList<>();
        int taken = Math.min(count, tokens.count());
        for (int i = 0; i < taken; i++) {
            chosen.add(tokens.sequences().get((int) ((long) i * tokens.count() / taken)));
        }
        return new TokenSequences(chosen);
    }

    private int variants() {
        return 2 * spec.layers().size() + (spec.tiedHead() ? 1 : 2) * SchemeMenu.vocabulary().size();
    }

    /** Times that progress is heard. */
    public int steps() {
        return 2 * spec.layers().size();
    }

    /** Errors of half a layer and where its variant stands among all. */
    private record Half(Map<MatrixId, Map<Scheme, Double>> errors, int variant) {}

    /** Measures every scheme of the menu on every matrix that is not always kept. */
    public CostTable measure(Progress progress) {
        Probe probe = probe();
        int width = spec.hiddenSize();
        int tokens = sample.count() * sample.length();
        long activations = LayerRunner.bytesPerToken(spec) * LayerPass.chunkTokens(sample.count(), sample.length());
        long gradients = costs == Costs.GRADIENT ? LossGradient.bytes(spec, probe.tokens()) : 0;
        try (MemoryBudget.Share _ = budget.take("loss gradient", gradients);
                MemoryBudget.Share _ = budget.take("trial states", Variants.bytes(variants(), probe.tokens(), width) + activations);
                HiddenStates states = HiddenStates.inMemory(tokens, width, budget)) {
            LayerPass pass = new LayerPass(probe.runner(), states, sample, width);
            List<Slopes> slopes = slopes();
            pass.embed(new Ends(source.model(), workers), sample);
            Variants variants = new Variants(source, probe, probed, workers);
            int first = addVocabulary(variants);
            List<Half> halves = new ArrayList<>();
            HalfTrials trials = new HalfTrials(method, new HalfTrials.Sample(pass, tokens, probe), budget, workers);
            for (int layer = 0; layer < spec.layers().size(); layer++) {
                LayerWeights weights = LayerWeights.of(spec, source.model().weights(), layer);
                for (InputGroup.Half half : InputGroup.Half.values()) {
                    HalfTrials.Found found = trials.run(new HalfTrials.Before(weights, half, variants.original(), slopes.get(halves.size())),
                            groups(layer, half));
                    variants.addHalf(weights.with(found.reference()), half);
                    halves.add(new Half(found.errors(), first + halves.size()));
                    variants.carry(weights, half);
                    pass.carry(weights, half);
                    progress.advanced("layers." + layer);
                }
            }
            return table(variants.divergences(budget), halves);
        }
    }

    /** What a component of each half's output counts, by half. */
    private List<Slopes> slopes() {
        if (costs == Costs.OUTPUT) {
            return Collections.nCopies(steps(), Slopes.even(spec.hiddenSize()));
        }
        List<Slopes> slopes = new ArrayList<>();
        for (float[] gradient : new LossGradient(source.model(), workers).behindHalves(probed.sequences())) {
            slopes.add(new Slopes(gradient, spec.hiddenSize()));
        }
        return slopes;
    }

    private Probe probe() {
        int[] lengths = new int[probed.count()];
        Arrays.fill(lengths, probed.length());
        return new Probe(new LayerRunner(spec, workers), lengths);
    }

    private List<InputGroup> groups(int layer, InputGroup.Half half) {
        Plan reference = Plan.of(source, SchemeMenu.references(spec, method));
        List<InputGroup> groups = new ArrayList<>();
        for (InputGroup.Step step : InputGroup.Step.values()) {
            if (step.half() == half) {
                groups.addAll(InputGroup.of(reference.quantized(layer), step));
            }
        }
        return groups;
    }

    /** Adds a variant for each scheme of embedding and head; returns how many. */
    private int addVocabulary(Variants variants) {
        List<Scheme> schemes = SchemeMenu.vocabulary();
        schemes.forEach(scheme -> variants.addEmbedding(scheme, budget));
        if (spec.tiedHead()) {
            return schemes.size();
        }
        schemes.forEach(variants::addHead);
        return 2 * schemes.size();
    }

    private CostTable table(List<Double> divergences, List<Half> halves) {
        Map<String, List<CostTable.Price>> prices = new LinkedHashMap<>();
        List<Scheme> vocabulary = SchemeMenu.vocabulary();
        for (int i = 0; i < vocabulary.size(); i++) {
            add(prices, MatrixId.of(MatrixRole.EMBEDDING), vocabulary.get(i), divergences.get(i));
            if (!spec.tiedHead()) {
                add(prices, MatrixId.of(MatrixRole.HEAD), vocabulary.get(i), divergences.get(vocabulary.size() + i));
            }
        }
        for (Half half : halves) {
            double worth = worth(divergences, costs == Costs.OUTPUT ? List.of(half) : halves);
            half.errors().forEach((id, schemes) -> schemes.forEach((scheme, found) -> add(prices, id, scheme, worth * found)));
        }
        return new CostTable(prices);
    }

    /** Divergence for each unit of error, of these halves together. */
    private double worth(List<Double> divergences, List<Half> halves) {
        double error = 0;
        double divergence = 0;
        for (Half half : halves) {
            error += half.errors().values().stream().mapToDouble(schemes -> schemes.get(SchemeMenu.reference(method))).sum();
            divergence += divergences.get(half.variant());
        }
        return error == 0 ? 0 : divergence / error;
    }

    private static void add(Map<String, List<CostTable.Price>> prices, MatrixId id, Scheme scheme, double cost) {
        prices.computeIfAbsent(id.name(), _ -> new ArrayList<>()).add(new CostTable.Price(scheme, cost));
    }
}
