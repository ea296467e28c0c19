package org.mojave.compress.sensitivity;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.Moments;
import org.mojave.compress.calibrate.PairedPass;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.plan.SchemeMenu;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.run.LayerWeights;
import org.mojave.format.packed.Scheme;

/**
 * Tries every scheme on every matrix of half a layer, in the original model. An outlet's error follows from the second moments of its
 * inputs, or, where components count by the loss gradient, from the probe's tokens; that of a matrix before it from a run of the probe in
 * which all matrices of its role have the scheme, read off behind them.
 */
final class HalfTrials {
    /** Second moments weighted as errors are: with the square of the routing weight. */
    static final Fitting FITTING = new Fitting(false, new Affinity(2, Affinity.Source.QUANTIZED), 0.25, 0, 0);
    /** An expert that the probe hardly reaches counts as at least this share of an average one. */
    private static final double LEAST_SHARE = 0.05;

    private final Method method;
    private final LayerPass sample;
    private final Probe probe;
    private final MemoryBudget budget;
    private final Workers workers;
    private final long sampleTokens;
    private final Trial trial;

    /** What is looked at: states of {@code tokens} tokens for second moments, and a probe that is run with every change. */
    record Sample(LayerPass pass, long tokens, Probe probe) {}

    /**
     * What was found.
     *
     * @param errors mean squared output error a token, by matrix and scheme
     * @param reference all matrices in the reference scheme
     */
    record Found(Map<MatrixId, Map<Scheme, Double>> errors, Map<MatrixId, Matrix> reference) {}

    HalfTrials(Method method, Sample looked, MemoryBudget budget, Workers workers) {
        this.method = method;
        sample = looked.pass();
        sampleTokens = looked.tokens();
        probe = looked.probe();
        this.budget = budget;
        this.workers = workers;
        trial = new Trial(method, workers.algebra(), FITTING.shrinkage());
    }

    /**
     * Half a layer as it is.
     *
     * @param states the probe's before it, not changed
     * @param slopes what a component of its output counts
     */
    record Before(LayerWeights weights, InputGroup.Half half, float[] states, Slopes slopes) {}

    /** Tries all matrices of these groups. */
    Found run(Before before, List<InputGroup> groups) {
        LayerWeights weights = before.weights();
        InputGroup.Half half = before.half();
        Outlets outlets = new Outlets(weights, before.slopes(), workers);
        probe.run(weights, half, before.states().clone(), outlets.remembering(), before.slopes().routes());
        Found found = new Found(new LinkedHashMap<>(), new HashMap<>());
        int next = 0;
        while (next < groups.size()) {
            List<InputGroup> wave = wave(groups.subList(next, groups.size()));
            Map<InputGroup, Trial.Inputs> inputs = new HashMap<>();
            try (MemoryBudget.Share _ = budget.take("trials of schemes", wave.stream().mapToLong(this::bytes).sum())) {
                try (Moments moments = new Moments(wave, FITTING, budget, workers)) {
                    new PairedPass(sample, Optional.empty()).observe(new PairedPass.Weights(weights, weights), half, moments);
                    inputs.putAll(inputs(wave, moments));
                }
                for (Scheme scheme : SchemeMenu.layers(method)) {
                    Map<MatrixId, Matrix> tried = outlets(weights, wave, inputs, scheme, found);
                    if (before.slopes().known()) {
                        tried.forEach((id, matrix) -> {
                            if (Outlets.isOutlet(id.role())) {
                                note(found, id, scheme, outlets.changed(id, matrix) / probe.tokens());
                            }
                        });
                    }
                    inner(new Inner(weights, half, outlets, before.states()), tried, scheme, found);
                }
            }
            next += wave.size();
        }
        raiseRare(found.errors());
        return found;
    }

    private List<InputGroup> wave(List<InputGroup> groups) {
        return InputGroup.wave(groups, budget.free() - Moments.commonBytes(groups, FITTING),
                group -> Moments.bytes(group, FITTING) + bytes(group));
    }

    /** Bytes for a group's factor, and for its matrices in a scheme and in the reference scheme. */
    private long bytes(InputGroup group) {
        return 4L * Float.BYTES * group.columns() * group.columns() + group.matrices().stream().mapToLong(matrix -> Trial.bytes(matrix, method)).sum();
    }

    private Map<InputGroup, Trial.Inputs> inputs(List<InputGroup> groups, Moments moments) {
        Trial.Inputs[] all = new Trial.Inputs[groups.size()];
        workers.run(all.length, (index, _) -> all[index] = trial.inputs(moments.of(groups.get(index))));
        Map<InputGroup, Trial.Inputs> inputs = new HashMap<>();
        for (int i = 0; i < all.length; i++) {
            inputs.put(groups.get(i), all[i]);
        }
        return inputs;
    }

    /** Quantizes the wave, notes the errors of outlets, returns all matrices. */
    private Map<MatrixId, Matrix> outlets(LayerWeights weights, List<InputGroup> wave, Map<InputGroup, Trial.Inputs> inputs,
            Scheme scheme, Found found) {
        List<PlannedMatrix> matrices = new ArrayList<>();
        List<Trial.Inputs> known = new ArrayList<>();
        for (InputGroup group : wave) {
            for (PlannedMatrix matrix : group.matrices()) {
                matrices.add(matrix);
                known.add(inputs.get(group));
            }
        }
        Trial.Result[] results = new Trial.Result[matrices.size()];
        workers.run(results.length, (index, _) -> results[index] = trial.quantize(matrices.get(index),
                weights.matrix(matrices.get(index).id()), known.get(index), scheme));
        Map<MatrixId, Matrix> tried = new LinkedHashMap<>();
        for (int i = 0; i < results.length; i++) {
            MatrixId id = matrices.get(i).id();
            tried.put(id, results[i].matrix());
            if (Outlets.isOutlet(id.role())) {
                note(found, id, scheme, known.get(i).tokens() == 0 ? 0 : results[i].error() / sampleTokens);
            }
        }
        if (scheme.equals(SchemeMenu.reference(method))) {
            found.reference().putAll(tried);
        }
        return tried;
    }

    /** What probes of matrices before the outlets need. */
    private record Inner(LayerWeights weights, InputGroup.Half half, Outlets outlets, float[] states) {}

    private void inner(Inner inner, Map<MatrixId, Matrix> tried, Scheme scheme, Found found) {
        for (int round = 0; round <= 3; round++) {
            Map<MatrixId, Matrix> changed = new LinkedHashMap<>();
            for (Map.Entry<MatrixId, Matrix> entry : tried.entrySet()) {
                if (round(entry.getKey().role()) == round) {
                    changed.put(entry.getKey(), entry.getValue());
                }
            }
            if (!changed.isEmpty()) {
                Map<MatrixId, Double> errors = new HashMap<>();
                probe.run(inner.weights().with(changed), inner.half(), inner.states().clone(), inner.outlets().comparing(errors));
                changed.keySet().forEach(id -> note(found, id, scheme, errors.getOrDefault(Outlets.behind(id), 0.0) / probe.tokens()));
            }
        }
    }

    /** Matrices with the same number are changed together, since no two of them speak through the same outlet; −1 for outlets. */
    private static int round(MatrixRole role) {
        return switch (role) {
            case QUERY, QUERY_DOWN, GATE, SHARED_GATE -> 0;
            case KEY, QUERY_UP, UP, SHARED_UP -> 1;
            case VALUE, LATENT_DOWN -> 2;
            case LATENT_UP -> 3;
            case OUTPUT, DOWN, SHARED_DOWN, EMBEDDING, HEAD, ROUTER, SHARED_ROUTER -> -1;
        };
    }

    private static void note(Found found, MatrixId id, Scheme scheme, double error) {
        found.errors().computeIfAbsent(id, _ -> new LinkedHashMap<>()).put(scheme, error);
    }

    /** Raises the errors of experts that saw little text, so that none is thought to be worth nothing. */
    private static void raiseRare(Map<MatrixId, Map<Scheme, Double>> errors) {
        Map<MatrixRole, Map<Scheme, List<Double>>> byRole = new HashMap<>();
        errors.forEach((id, schemes) -> schemes.forEach((scheme, error) -> byRole.computeIfAbsent(id.role(), _ -> new HashMap<>())
                .computeIfAbsent(scheme, _ -> new ArrayList<>()).add(error)));
        errors.forEach((id, schemes) -> schemes.replaceAll((scheme, error) -> Math.max(error, LEAST_SHARE
                * byRole.get(id.role()).get(scheme).stream().mapToDouble(Double::doubleValue).average().orElse(0))));
    }
}
