package org.mojave.compress.sensitivity;

import java.util.ArrayList;
import java.util.Arrays;
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
import org.mojave.compress.recipe.Method;
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
 * No gradients; the model passes by once.
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

    /** For that model and method, on some of these tokens. */
    public Sensitivity(SourceModel source, Method method, TokenSequences tokens, MemoryBudget budget, Workers workers) {
        this.source = source;
        this.method = method;
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
        try (MemoryBudget.Share _ = budget.take("trial states", Variants.bytes(variants(), probe.tokens(), width) + activations);
                HiddenStates states = HiddenStates.inMemory(tokens, width, budget)) {
            LayerPass pass = new LayerPass(probe.runner(), states, sample, width);
            pass.embed(new Ends(source.model(), workers), sample);
            Variants variants = new Variants(source, probe, probed, workers);
            int first = addVocabulary(variants);
            List<Half> halves = new ArrayList<>();
            HalfTrials trials = new HalfTrials(method, new HalfTrials.Sample(pass, tokens, probe), budget, workers);
            for (int layer = 0; layer < spec.layers().size(); layer++) {
                LayerWeights weights = LayerWeights.of(spec, source.model().weights(), layer);
                for (InputGroup.Half half : InputGroup.Half.values()) {
                    HalfTrials.Found found = trials.run(weights, half, groups(layer, half), variants.original());
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
            double error = half.errors().values().stream().mapToDouble(schemes -> schemes.get(SchemeMenu.reference(method))).sum();
            double worth = error == 0 ? 0 : divergences.get(half.variant()) / error;
            half.errors().forEach((id, schemes) -> schemes.forEach((scheme, found) -> add(prices, id, scheme, worth * found)));
        }
        return new CostTable(prices);
    }

    private static void add(Map<String, List<CostTable.Price>> prices, MatrixId id, Scheme scheme, double cost) {
        prices.computeIfAbsent(id.name(), _ -> new ArrayList<>()).add(new CostTable.Price(scheme, cost));
    }
}
