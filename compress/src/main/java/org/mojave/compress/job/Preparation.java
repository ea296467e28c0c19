package org.mojave.compress.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.mojave.compress.calibrate.BalancedText;
import org.mojave.compress.calibrate.StatisticsHeader;
import org.mojave.compress.calibrate.StoredMoments;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.ByteSizes;
import org.mojave.compress.plan.FileLayout;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.ResourceException;
import org.mojave.compress.plan.SmallFiles;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.RecipeJson;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.transform.LayerScales;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.tensor.TensorData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Everything that is known before the work: what will be made of the model, from which tokens, in how many bytes.
 *
 * @param request the wish
 * @param source the opened model
 * @param planned schemes, and what they are expected to do
 * @param layout weight files
 * @param smallFiles other files by name
 * @param chosen sequences for calibration, or for comparing logits only, and how they were chosen
 * @param statistics where stored statistics come from, where they are used
 * @param scales of each layer, where weights are rewritten with scales; else none
 * @param stages what all this took
 */
record Preparation(JobRequest request, SourceModel source, Planning.Planned planned, CheckpointLayout layout,
        Map<String, byte[]> smallFiles, JobTokens chosen, Optional<StatisticsHeader> statistics, List<LayerScales> scales,
        Stages stages) implements AutoCloseable {
    /** What the report may grow to, and some room for the file system. */
    private static final long SPARE_BYTES = 16 << 20;

    /**
     * Opens and reads what the request names; throws what is wrong with it. {@code interrupted}: where a job may lie whose plan for a
     * target can be taken over; empty to plan anew.
     */
    static Preparation of(JobRequest request, Optional<WorkFolder> interrupted, JobListener listener) {
        for (Path text : request.evaluation()) {
            if (!Files.isReadable(text) || Files.isDirectory(text)) {
                throw new RecipeException(text + ": no such text file, or it cannot be read; correct --eval");
            }
        }
        SourceModel source = SourceModel.open(request.model());
        Stages stages = new Stages();
        try {
            Plan.requirePossible(source, request.recipe());
            if (request.pruning()) {
                PruningJob.requirePossible(request.pruningOf(request.model()), source.model());
            }
            if (interrupted.isPresent() && !interrupted.get().isUnfinished()) {
                interrupted.get().requirePossible(request.model(), request.limits().overwrite());
                stages.time("check", () -> requireFiniteWeights(source, request, listener));
            }
            Optional<StatisticsHeader> statistics = request.statistics().map(folder -> header(folder, request, source));
            JobTokens chosen = stages.time("text", () -> {
                JobTokens tokens = JobTokens.of(request, source.model(), listener);
                new ExpertReach(request, source, listener).require(tokens, interrupted);
                return tokens;
            });
            Rewriting.Rewritten rewritten = stages.time("rewrite", () -> new Rewriting(request, interrupted, listener).of(source, chosen.sequences()));
            Planning planning = new Planning(request, interrupted, listener);
            Supplier<Planning.Planned> plan = () -> planning.plan(rewritten.source(), chosen.sequences());
            Planning.Planned planned = request.recipe().target().isPresent() ? stages.time("weigh", plan) : plan.get();
            planned.plan().requireFit(request.recipe().transformation());
            Map<String, byte[]> files = SmallFiles.of(planned.plan(), request.recipe(), source.parameters());
            return new Preparation(request, rewritten.source(), planned, FileLayout.of(planned.plan()), files, chosen, statistics,
                    rewritten.scales(), stages);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private static void requireFiniteWeights(SourceModel source, JobRequest request, JobListener listener) {
        try (Workers workers = new Workers(request.limits().threads())) {
            new FiniteWeights(source, workers).require(listener);
        }
    }

    private static StatisticsHeader header(Path folder, JobRequest request, SourceModel source) {
        StatisticsHeader header = StoredMoments.header(folder);
        Fitting fitting = request.recipe().fitting();
        if (request.recipe().transformation().rewrites() || request.recipe().transformation().router().isPresent()) {
            throw new RecipeException(folder + ": statistics are those of the model as it is; leave out --smoothing, --outlier-scaling, "
                    + "--rotation and --router-bits, or give text");
        }
        if (request.recipe().method() != Method.GPTQ) {
            throw new RecipeException("only gptq can use stored statistics; leave out --statistics, or use --method gptq");
        }
        if (!header.fingerprint().equals(Fingerprint.of(source.checkpoint()))) {
            throw new RecipeException(folder + ": holds statistics of another model (" + header.model() + "); make them of this one with "
                    + "mojave calibrate");
        }
        if (fitting.matching()) {
            throw new RecipeException(folder + ": statistics say nothing of the quantized model's activations; give --no-matching");
        }
        if (fitting.routerDamping() > 0) {
            throw new RecipeException(folder + ": statistics say nothing of the routers' choices; leave out --router-damping, or give text");
        }
        if (fitting.affinity().power() != header.affinityPower()) {
            throw new RecipeException(folder + ": was gathered with affinity power " + header.affinityPower() + ", not "
                    + fitting.affinity().power());
        }
        return header;
    }

    /** Schemes. */
    Plan plan() {
        return planned.plan();
    }

    /** Sequences for calibration, or for comparing logits only. */
    TokenSequences tokens() {
        return chosen.sequences();
    }

    /** How the sequences were chosen for an even use of the experts, where that was asked. */
    Optional<BalancedText> balance() {
        return chosen.balance();
    }

    /** Estimate of the divergence from the original, where a target was planned for. */
    OptionalDouble estimate() {
        return planned.estimate();
    }

    /** Exact bytes of all files of the result but the report. */
    long plannedBytes() {
        return SmallFiles.allBytes(layout, smallFiles);
    }

    /** Tensors of the source that are not quantized, but written anew: repaired routers, and what scales are folded into. */
    Set<String> rewritten() {
        Set<String> all = new HashSet<>(repaired());
        all.addAll(plan().folded());
        return all;
    }

    /** Tensors of the routers that are repaired. */
    Set<String> repaired() {
        Recipe recipe = request.recipe();
        boolean repaired = recipe.method() == Method.GPTQ && recipe.fitting().routerDamping() > 0;
        return repaired || recipe.transformation().router().isPresent() ? source.routerTensors() : Set.of();
    }

    /** What decides the result: a journal with another identity belongs to another job. */
    ObjectNode identity() {
        ObjectNode identity = wish(request, source, statistics.map(header -> header.json().toString()).orElseGet(tokens()::digest));
        identity.put("layout", Fingerprint.of(layout));
        return identity;
    }

    /** What decides the plan, and all of the result but for it. */
    static ObjectNode wish(JobRequest request, SourceModel source, String digest) {
        ObjectNode wish = JsonMapper.shared().createObjectNode();
        wish.put("version", ToolVersion.text());
        wish.put("model", Fingerprint.of(source.checkpoint()));
        wish.set("recipe", RecipeJson.write(request.recipe()));
        wish.put("tokens", request.recipe().needsText() ? digest : "");
        return wish;
    }

    /** The journal of the same job, begun earlier; empty if there is none, or none that can be read. */
    static List<JournalEntry> journaled(JobRequest request, Optional<WorkFolder> folder, SourceModel source, String digest) {
        List<JournalEntry> entries;
        try {
            entries = folder.map(place -> Journal.peek(place.work())).orElse(List.of());
        } catch (JobException _) {
            return List.of(); // a damaged journal is refused, or replaced, by whoever opens it
        }
        if (entries.isEmpty() || !(entries.getFirst() instanceof JournalEntry.Begun(var identity, _))) {
            return List.of();
        }
        for (Map.Entry<String, JsonNode> wish : wish(request, source, digest).properties()) {
            if (!wish.getValue().toString().equals(identity.path(wish.getKey()).toString())) {
                return List.of();
            }
        }
        return entries;
    }

    /** What else is needed to continue the job. */
    ObjectNode options() {
        ObjectNode options = JsonMapper.shared().createObjectNode();
        options.put("model", request.model().toAbsolutePath().normalize().toString());
        options.set("calibration", RecipeJson.writeFiles(request.recipe()));
        ArrayNode evaluation = options.putArray("evaluation");
        request.evaluation().forEach(file -> evaluation.add(file.toAbsolutePath().normalize().toString()));
        request.statistics().ifPresent(folder -> options.put("statistics", folder.toAbsolutePath().normalize().toString()));
        options.put("memory", request.limits().memoryBytes()).put("strict", request.limits().strict())
                .put("overwrite", request.limits().overwrite())
                .put("given_tokens", request.tokens().isPresent()).put("pruning", request.pruning());
        if (request.recipe().target().isPresent()) {
            ObjectNode schemes = options.putObject("schemes");
            plan().schemes().forEach(schemes::put);
            estimate().ifPresent(divergence -> options.put("estimate", divergence));
        }
        return options;
    }

    /** What there is to say about tokens and tensors before the work. */
    List<JobEvent> events() {
        Set<String> used = source.usedTensors();
        List<TensorData> unused = source.checkpoint().tensors().values().stream().filter(t -> !used.contains(t.name())).toList();
        Stream<JobEvent> leftOut = unused.isEmpty() ? Stream.of() : Stream.of(new JobEvent.TensorsLeftOut(unused.size(),
                unused.stream().mapToLong(t -> t.bytes().byteSize()).sum(), unused.getFirst().name()));
        int wanted = request.recipe().calibration().sequences();
        boolean few = request.recipe().needsText() && statistics.isEmpty() && request.tokens().isEmpty() && tokens().count() < wanted
                && balance().isEmpty();
        Stream<JobEvent> shortText = few
                ? Stream.of(new JobEvent.ShortCalibration(wanted, tokens().count(), tokens().length())) : Stream.of();
        Stream<JobEvent> balanced = balance().stream().map(b -> new JobEvent.BalancedCalibration(b.tokens().count(), b.pool(), b.requiredTokens(),
                b.shortExperts()));
        return Stream.of(leftOut, shortText, balanced).flatMap(events -> events).toList();
    }

    /** Throws {@link ResourceException} if the disk cannot hold what is still to be written. */
    void requireDisk(Path folder, long written) {
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            long needed = Math.max(0, plannedBytes() - written) + PreparedLayer.largestBytes(source) + SPARE_BYTES;
            if (free < needed) {
                throw new ResourceException(folder + ": the result needs " + ByteSizes.text(needed) + " more, the disk has "
                        + ByteSizes.text(free) + " free; make room or choose another --out");
            }
        } catch (IOException e) {
            throw new JobException(folder + ": free space cannot be read (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public void close() {
        source.close();
    }
}
