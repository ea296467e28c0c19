package org.mojave.compress.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.mojave.compress.calibrate.ChannelSurvey;
import org.mojave.compress.calibrate.RouterSurvey;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Transformation;
import org.mojave.compress.rotate.Rotation;
import org.mojave.compress.transform.LayerScales;
import org.mojave.compress.transform.ModelTransform;
import org.mojave.compress.transform.ScaleRule;
import org.mojave.engine.kernel.Workers;

/**
 * Prepares a model for quantization by rewriting its weights, so that it computes the same. Nothing is written here: scales are chosen in
 * one walk through the original, unless the journal of the same job, interrupted, already holds them; matrices change as they are read.
 */
final class Rewriting {
    private final JobRequest request;
    private final Optional<WorkFolder> folder;
    private final JobListener listener;

    /** The model as it will be quantized, and the scales that were chosen for it, if any were. */
    record Rewritten(SourceModel source, List<LayerScales> scales) {}

    /** {@code folder}: where an interrupted job may lie; empty to choose anew. */
    Rewriting(JobRequest request, Optional<WorkFolder> folder, JobListener listener) {
        this.request = request;
        this.folder = folder;
        this.listener = listener;
    }

    /** The source with its weights rewritten as the recipe says; these calibration tokens are looked at. */
    Rewritten of(SourceModel source, TokenSequences tokens) {
        Transformation wish = request.recipe().transformation();
        Rewritten rewritten = wish.rewrites() ? rewritten(source, tokens) : new Rewritten(source, List.of());
        return wish.router().isPresent() ? new Rewritten(rewritten.source().withWideRouters(), rewritten.scales()) : rewritten;
    }

    private Rewritten rewritten(SourceModel source, TokenSequences tokens) {
        Transformation wish = request.recipe().transformation();
        if (wish.rotation()) {
            ModelTransform.requireRotatable(source.spec());
        }
        if (wish.outlierScaling()) {
            ModelTransform.requireLinearUp(source.spec());
        }
        int layers = source.spec().layers().size();
        List<LayerScales> scales = !wish.needsExtremes() ? List.of() : journaled(source, tokens).orElseGet(() -> survey(source, tokens));
        Optional<Rotation> rotation = wish.rotation() ? Optional.of(Rotation.of(source.spec().hiddenSize(), new Random(request.recipe().seed())))
                : Optional.empty();
        return new Rewritten(source.transformed(ModelTransform.of(source.original(),
                scales.isEmpty() ? Collections.nCopies(layers, LayerScales.NONE) : scales, rotation)), scales);
    }

    private Optional<List<LayerScales>> journaled(SourceModel source, TokenSequences tokens) {
        List<LayerScales> scales = Preparation.journaled(request, folder, source, tokens.digest()).stream()
                .filter(JournalEntry.Scaled.class::isInstance).map(JournalEntry.Scaled.class::cast).map(JournalEntry.Scaled::scales).toList();
        return scales.size() == source.spec().layers().size() ? Optional.of(scales) : Optional.empty();
    }

    private List<LayerScales> survey(SourceModel source, TokenSequences tokens) {
        folder.ifPresent(place -> place.check(request.model(), request.limits().overwrite()));
        listener.started("smooth", source.spec().layers().size());
        Path beside = request.output().toAbsolutePath().getParent();
        Path scratch = Files.isDirectory(beside) ? beside : Path.of(System.getProperty("java.io.tmpdir"));
        MemoryBudget budget = new MemoryBudget(Math.max(1, MemoryBudget.ofProcess(request.limits().memoryBytes())));
        try (Workers workers = new Workers(request.limits().threads())) {
            return ChannelSurvey.of(source.original(), tokens, workers, new ScaleRule(source.original(), request.recipe().transformation()),
                    new RouterSurvey.Place(budget, scratch, () -> listener.advanced(1, "")));
        }
    }
}
