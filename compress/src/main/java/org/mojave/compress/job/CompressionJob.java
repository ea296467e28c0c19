package org.mojave.compress.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.plan.SmallFiles;
import org.mojave.compress.recipe.RecipeJson;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.compress.report.ReportJson;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.checkpoint.TensorChecksums;
import org.mojave.format.file.DurableFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes a smaller model: plans, checks disk and memory, quantizes layer by layer, verifies the written files, measures
 * perplexity, reports, and renames the folder when all that is done. It can be stopped at any moment, also by force, and
 * continued with the same request or with {@link #resume}; the result is the same to the bit.
 *
 * <p>Example: {@code Report report = CompressionJob.run(request, JobListener.NONE);}
 */
public final class CompressionJob {
    private CompressionJob() {}

    /** What would come out, without making it; the request's output is not looked at. */
    public static PlanSummary plan(JobRequest request, JobListener listener) {
        try (Preparation preparation = Preparation.of(request, Optional.empty(), listener)) {
            return PlanSummary.of(preparation);
        }
    }

    /** Runs a job, or continues it if it was interrupted; returns when the result stands in its folder. */
    public static Report run(JobRequest request, JobListener listener) {
        return run(request, listener, request.limits().overwrite(), Memory::budget);
    }

    /** As {@link #run(JobRequest, JobListener)}, with buffers from another budget than the request's memory allows. */
    static Report run(JobRequest request, JobListener listener, MemoryBudget budget) {
        return run(request, listener, request.limits().overwrite(), _ -> budget);
    }

    private static Report run(JobRequest request, JobListener listener, boolean mayBeginAnew,
            Function<Preparation, MemoryBudget> memory) {
        WorkFolder folder = WorkFolder.of(request.output());
        try (Preparation preparation = Preparation.of(request, Optional.of(folder), listener)) {
            folder.prepare(request.model(), request.limits().overwrite());
            MemoryBudget budget = memory.apply(preparation);
            if (mayBeginAnew && folder.isUnfinished() && !sameJob(folder, preparation)) {
                folder.clear();
            }
            Report report;
            try (Journal journal = Journal.open(folder.work())) {
                begin(folder, journal, preparation);
                if (journal.entries().stream().noneMatch(JournalEntry.Scaled.class::isInstance)) {
                    journal.append(JournalEntry.Scaled.all(preparation.scales()));
                }
                listener.resumable(request.output());
                report = work(preparation, journal, budget, listener);
            }
            if (request.pruning()) {
                PruningJob.run(request.pruningOf(folder.work()), listener);
            }
            folder.publish();
            return report;
        }
    }

    /**
     * Continues the interrupted job of an output folder with the options it was begun with; {@code threads} are free to
     * choose.
     */
    public static Report resume(Path output, int threads, JobListener listener) {
        return run(interrupted(output, threads), listener, false, Memory::budget);
    }

    /** The request of an interrupted job; throws {@link JobException} if there is none. */
    public static JobRequest interrupted(Path output, int threads) {
        WorkFolder folder = WorkFolder.of(output);
        List<JournalEntry> entries = Journal.peek(folder.work());
        if (entries.isEmpty() || !(entries.getFirst() instanceof JournalEntry.Begun(var identity, var options))) {
            throw new JobException(output + (WorkFolder.isNativeCheckpoint(folder.output()) ? ": is finished, there is nothing to resume"
                    : ": there is no interrupted job; start one with mojave compress"));
        }
        if (identity.has(StatisticsJob.KIND)) {
            throw new JobException(output + ": was begun by mojave calibrate; repeat that command to go on");
        }
        if (options.path("given_tokens").asBoolean()) {
            throw new JobException(output + ": was begun by a program with tokens of its own; only that program can continue it");
        }
        List<Path> evaluation = new ArrayList<>();
        options.path("evaluation").forEach(file -> evaluation.add(Path.of(file.asString())));
        JobRequest.Limits limits = new JobRequest.Limits(options.path("memory").asLong(), threads, options.path("strict").asBoolean(),
                options.path("overwrite").asBoolean());
        Optional<Path> statistics = options.has("statistics") ? Optional.of(Path.of(options.path("statistics").asString())) : Optional.empty();
        return new JobRequest(Path.of(options.path("model").asString()), output,
                RecipeJson.read(identity.path("recipe"), options.path("calibration")), statistics, Optional.empty(), evaluation, limits,
                options.path("pruning").asBoolean());
    }

    private static boolean sameJob(WorkFolder folder, Preparation preparation) {
        try {
            List<JournalEntry> entries = Journal.peek(folder.work());
            return !entries.isEmpty() && entries.getFirst() instanceof JournalEntry.Begun(var identity, _)
                    && same(identity, preparation.identity());
        } catch (JobException _) {
            return false; // a damaged journal is what --overwrite is for
        }
    }

    private static void begin(WorkFolder folder, Journal journal, Preparation preparation) {
        begin(folder, journal, preparation.identity(), preparation.options());
    }

    /** Begins a journal with that job, or throws {@link JobException} if it was begun with another. */
    static void begin(WorkFolder folder, Journal journal, ObjectNode identity, ObjectNode options) {
        if (journal.entries().isEmpty()) {
            journal.append(new JournalEntry.Begun(identity, options));
            return;
        }
        if (!(journal.entries().getFirst() instanceof JournalEntry.Begun(var found, _))) {
            throw new JobException(folder.work() + ": its journal does not begin with a job; start again with --overwrite");
        }
        for (String key : identity.propertyNames()) {
            JsonNode wanted = identity.get(key);
            if (!same(wanted, found.path(key))) {
                throw new JobException(folder.work() + ": holds an unfinished job with another " + difference(key, wanted, found.path(key))
                        + "; repeat that command, or start again with --overwrite");
            }
        }
    }

    /** Whether two values are written the same: read numbers may have another width than made ones. */
    private static boolean same(JsonNode a, JsonNode b) {
        return a.toString().equals(b.toString());
    }

    private static String difference(String key, JsonNode wanted, JsonNode found) {
        return switch (key) {
            case "recipe" -> {
                String field = Stream.concat(wanted.propertyNames().stream(), found.propertyNames().stream())
                        .filter(name -> !same(wanted.path(name), found.path(name))).findFirst().orElseThrow();
                yield "recipe (" + field + " " + text(found.path(field)) + ", not " + text(wanted.path(field)) + ")";
            }
            case "tokens" -> "calibration text";
            case "version" -> "version of mojave (" + found.asString() + ", not " + wanted.asString() + ")";
            case "model" -> "source model";
            default -> key;
        };
    }

    private static String text(JsonNode value) {
        return value.isMissingNode() ? "none" : value.isContainer() ? value.toString() : value.asString();
    }

    private static Report work(Preparation preparation, Journal journal, MemoryBudget budget, JobListener listener) {
        List<JobEvent> lost = new ArrayList<>();
        try (Records records = Records.open(preparation.layout(), journal, name -> lost.add(new JobEvent.RecordLost(name)));
                Workers workers = new Workers(preparation.request().limits().threads())) {
            preparation.requireDisk(records.folder(), records.writtenBytes());
            JobContext job = new JobContext(preparation, records, workers, budget, listener);
            continueFrom(journal, job, lost);
            journal.append(job.stages().unsaved());
            Quantization quantization = new Quantization(job);
            Report.Verification verification;
            try (LayerWalk walk = new LayerWalk(job, quantization)) {
                copyKept(job);
                announce(job);
                walk.run();
                writeSmallFiles(job);
                journal.append(job.stages().unsaved());
                listener.started("verify", Math.min(JobTokens.CHECKED_SEQUENCES, preparation.tokens().count()));
                verification = job.stages().time("verify", () -> {
                    records.finish();
                    return new Verification(job).run(walk.ends(), walk.states());
                });
            }
            Optional<Report.Quality> quality = new QualityCheck(job).run();
            Report report = new Reporting(job).report(verification, quality);
            DurableFile.write(records.folder().resolve(ReportJson.NAME), ReportJson.bytes(report));
            return report;
        }
    }

    private static void announce(JobContext job) {
        long all = 0;
        long done = 0;
        for (PlannedMatrix matrix : job.preparation().plan().matrices()) {
            if (matrix.scheme().isPresent()) {
                all += matrix.weights();
                done += job.records().has(matrix.id().name()) ? matrix.weights() : 0;
            }
        }
        job.listener().started("quantize", all);
        job.listener().advanced(done, done == 0 ? "" : "resumed");
    }

    /** Takes over what an earlier run of the same job journaled. */
    private static void continueFrom(Journal journal, JobContext job, List<JobEvent> lost) {
        for (JournalEntry entry : journal.entries()) {
            if (entry instanceof JournalEntry.Spent spent) {
                job.stages().add(spent.stage(), spent.spent());
            }
        }
        job.preparation().events().forEach(job::raise);
        lost.forEach(job::raise);
        for (MatrixResult result : job.records().results().values()) {
            result.events().forEach(job::raise);
        }
    }

    private static void copyKept(JobContext job) {
        Plan plan = job.preparation().plan();
        Set<String> rewritten = job.preparation().rewritten();
        job.stages().time("copy", () -> {
            for (int layer = MatrixId.NONE; layer < plan.source().spec().layers().size(); layer++) {
                List<String> names = plan.kept(layer).stream().filter(name -> !job.records().has(name) && !rewritten.contains(name)).toList();
                for (String name : names) {
                    plan.source().kept(name).write((offset, piece) -> job.records().write(name, offset, piece));
                }
                job.records().commit(names, List.of());
            }
        });
    }

    private static void writeSmallFiles(JobContext job) {
        job.preparation().smallFiles().forEach((name, content) -> DurableFile.write(job.records().folder().resolve(name), content));
        DurableFile.write(job.records().folder().resolve(TensorChecksums.NAME),
                SmallFiles.checksums(job.preparation().layout(), name -> (int) job.records().checksum(name)));
    }
}
