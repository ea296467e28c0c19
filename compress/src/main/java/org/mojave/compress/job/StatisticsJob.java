package org.mojave.compress.job;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.StatisticsHeader;
import org.mojave.compress.calibrate.StatisticsMerge;
import org.mojave.compress.calibrate.StoredMoments;
import org.mojave.compress.plan.ByteSizes;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.ResourceException;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.file.DurableFile;
import org.mojave.format.safetensors.TensorEntry;
import tools.jackson.databind.node.ObjectNode;

/**
 * Gathers what the matrices of the original model see, once for many compressed models: the moments of every input group, written to a
 * folder as they are complete. Stopped at any moment, also by force, it goes on with the same request; the result is the same to the bit.
 */
public final class StatisticsJob {
    /** Key of the journal's identity that tells such a job from a compression. */
    static final String KIND = "statistics";
    /** Room that is left on the disk. */
    private static final long SPARE_BYTES = 16 << 20;

    private StatisticsJob() {}

    /**
     * Runs or continues a job; the request's recipe says which text, and the affinity power. Returns where the statistics come from.
     */
    public static StatisticsHeader run(JobRequest request, JobListener listener) {
        return run(request, listener, 0);
    }

    /** As {@link #run(JobRequest, JobListener)}, with a budget of so many bytes; 0 for what the request's memory allows. */
    static StatisticsHeader run(JobRequest request, JobListener listener, long bufferBytes) {
        if (request.recipe().method() != Method.GPTQ || request.recipe().fitting().matching()) {
            throw new RecipeException("statistics are gathered for gptq without matching");
        }
        WorkFolder folder = WorkFolder.of(request.output());
        try (Preparation preparation = Preparation.of(request, Optional.empty(), listener)) {
            folder.prepare(request.model(), request.limits().overwrite());
            MemoryBudget budget = bufferBytes == 0 ? Memory.budget(preparation) : new MemoryBudget(bufferBytes);
            StatisticsHeader header = header(preparation);
            try (Journal journal = Journal.open(folder.work())) {
                ObjectNode identity = preparation.identity().put(KIND, true);
                CompressionJob.begin(folder, journal, identity, preparation.options());
                listener.resumable(request.output());
                gather(preparation, layout(preparation), new Setting(journal, budget, listener));
                DurableFile.write(folder.work().resolve("config.json"), header.json().toString().getBytes(StandardCharsets.UTF_8));
            }
            folder.publish();
            return header;
        }
    }

    private record Setting(Journal journal, MemoryBudget budget, JobListener listener) {}

    private static void gather(Preparation preparation, CheckpointLayout layout, Setting setting) {
        requireDisk(setting.journal().folder(), layout);
        preparation.events().forEach(setting.listener()::raised);
        try (Records records = Records.open(layout, setting.journal(), _ -> { });
                Workers workers = new Workers(preparation.request().limits().threads())) {
            JobContext job = new JobContext(preparation, records, workers, setting.budget(), setting.listener());
            try (StatisticsWalk walk = new StatisticsWalk(job)) {
                walk.run();
            }
            records.finish();
        }
    }

    private static StatisticsHeader header(Preparation preparation) {
        JobRequest request = preparation.request();
        Path name = request.model().toAbsolutePath().normalize().getFileName();
        return new StatisticsHeader(String.valueOf(name), Fingerprint.of(preparation.source().checkpoint()),
                request.recipe().fitting().affinity().power(), preparation.tokens().count(), preparation.tokens().length(),
                List.of(preparation.tokens().digest()), Reporting.names(request.recipe().calibration().files()));
    }

    private static CheckpointLayout layout(Preparation preparation) {
        List<List<TensorEntry>> records = new ArrayList<>();
        for (int layer = 0; layer < preparation.source().spec().layers().size(); layer++) {
            for (InputGroup.Step step : InputGroup.Step.values()) {
                for (InputGroup group : InputGroup.of(preparation.plan().quantized(layer), step)) {
                    records.add(StoredMoments.entries(group.key().name(), group.columns()));
                }
            }
        }
        return CheckpointLayout.of(records, StatisticsMerge.SHARD_BYTES, Map.of("format", "pt"));
    }

    private static void requireDisk(Path folder, CheckpointLayout layout) {
        try {
            long written = 0;
            for (String shard : layout.shards().keySet()) {
                Path file = folder.resolve(shard);
                Path partial = DurableFile.partial(file);
                written += Files.exists(file) ? Files.size(file) : Files.exists(partial) ? Files.size(partial) : 0;
            }
            long free = Files.getFileStore(folder).getUsableSpace();
            long needed = layout.fileBytes() - written + SPARE_BYTES;
            if (free < needed) {
                throw new ResourceException(folder + ": the statistics need " + ByteSizes.text(needed) + " more, the disk has "
                        + ByteSizes.text(free) + " free; make room or choose another --out");
            }
        } catch (IOException e) {
            throw new JobException(folder + ": free space cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
