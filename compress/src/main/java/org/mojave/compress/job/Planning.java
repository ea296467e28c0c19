package org.mojave.compress.job;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.mojave.compress.allocate.PmqLayer;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.ExpertPlan;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.plan.TargetPlan;
import org.mojave.compress.recipe.AllocationMode;
import org.mojave.compress.sensitivity.ExpertSurvey;
import org.mojave.compress.sensitivity.Sensitivity;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.packed.Scheme;
import tools.jackson.databind.JsonNode;

/**
 * Makes the plan of a job. Without a target that is what the recipe says; for a target every matrix is weighed first, unless the
 * journal of the same job, interrupted, already holds the outcome.
 */
final class Planning {
    private final JobRequest request;
    private final Optional<WorkFolder> folder;
    private final JobListener listener;

    /** A plan, and where a target was planned for, the estimated divergence. */
    record Planned(Plan plan, OptionalDouble estimate) {}

    /** {@code folder}: where an interrupted job may lie; empty to plan anew. */
    Planning(JobRequest request, Optional<WorkFolder> folder, JobListener listener) {
        this.request = request;
        this.folder = folder;
        this.listener = listener;
    }

    /** The plan for that model and these calibration tokens. */
    Planned plan(SourceModel source, TokenSequences tokens) {
        if (request.recipe().target().isEmpty()) {
            return new Planned(Plan.of(source, request.recipe()), OptionalDouble.empty());
        }
        return journaled(source, tokens).orElseGet(() -> weighed(source, tokens));
    }

    private Optional<Planned> journaled(SourceModel source, TokenSequences tokens) {
        List<JournalEntry> entries = Preparation.journaled(request, folder, source, tokens.digest());
        if (entries.isEmpty() || !(entries.getFirst() instanceof JournalEntry.Begun(_, var options))) {
            return Optional.empty();
        }
        Map<String, Scheme> schemes = new LinkedHashMap<>();
        options.path("schemes").properties().forEach(entry -> schemes.put(entry.getKey(), Scheme.parse(entry.getValue().asString())));
        JsonNode estimate = options.path("estimate");
        return Optional.of(new Planned(Plan.of(source, schemes, request.recipe()),
                estimate.isNumber() ? OptionalDouble.of(estimate.asDouble()) : OptionalDouble.empty()));
    }

    private Planned weighed(SourceModel source, TokenSequences tokens) {
        folder.ifPresent(place -> place.check(request.model(), request.limits().overwrite()));
        TargetPlan.requireReachable(source, request.recipe());
        try (Workers workers = new Workers(request.limits().threads())) {
            MemoryBudget budget = new MemoryBudget(MemoryBudget.ofProcess(request.limits().memoryBytes()));
            if (request.recipe().allocation().expertsOnly()) {
                return new Planned(ExpertPlan.of(source, request.recipe(), surveyed(source, tokens, budget, workers)), OptionalDouble.empty());
            }
            Sensitivity sensitivity = new Sensitivity(source, new Sensitivity.Weighing(request.recipe().method(), request.recipe().sharing().costs()),
                    tokens, budget, workers);
            listener.started("weigh", sensitivity.steps());
            TargetPlan found = TargetPlan.of(source, request.recipe(), sensitivity.measure(place -> listener.advanced(1, place)));
            return new Planned(found.plan(), OptionalDouble.of(found.cost()));
        }
    }

    private Map<Integer, PmqLayer> surveyed(SourceModel source, TokenSequences tokens, MemoryBudget budget, Workers workers) {
        AllocationMode mode = request.recipe().allocation();
        if (mode == AllocationMode.UNIFORM) {
            return Map.of();
        }
        List<Integer> widths = mode == AllocationMode.PMQ ? request.recipe().sharing().expertBits() : List.of();
        ExpertSurvey survey = new ExpertSurvey(source, tokens, widths, budget, workers);
        listener.started("weigh", survey.steps());
        return survey.measure(place -> listener.advanced(1, place));
    }
}
