package org.mojave.compress.calibrate;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.checkpoint.CheckpointWriter;
import org.mojave.format.file.DurableFile;
import org.mojave.format.safetensors.TensorEntry;

/** Adds statistics of different texts: what comes out is what one run over all texts gives, up to the rounding of float32 sums. */
public final class StatisticsMerge {
    /** Bytes of a file before a new one is begun. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    private StatisticsMerge() {}

    /**
     * Writes the sum of at least two folders to a new one, a group at a time, and returns its header. Begun anew where it was interrupted.
     */
    public static StatisticsHeader merge(List<Path> folders, Path output) {
        if (folders.size() < 2) {
            throw new RecipeException("--merge needs at least two folders of statistics");
        }
        if (Files.exists(output)) {
            throw new RecipeException(output + ": exists already; choose another --out");
        }
        List<StoredMoments> parts = new ArrayList<>();
        try {
            folders.forEach(folder -> parts.add(StoredMoments.open(folder, false)));
            StatisticsHeader header = parts.getFirst().header();
            Set<String> groups = parts.getFirst().groups();
            for (int p = 1; p < parts.size(); p++) {
                header = header.plus(parts.get(p).header(), folders.get(p).toString());
                if (!parts.get(p).groups().equals(groups)) {
                    throw new RecipeException(folders.get(p) + ": has other groups of matrices than " + folders.getFirst());
                }
            }
            write(parts, groups, header, output);
            return header;
        } finally {
            parts.forEach(StoredMoments::close);
        }
    }

    private static void write(List<StoredMoments> parts, Set<String> groups, StatisticsHeader header, Path output) {
        List<List<TensorEntry>> records = groups.stream().map(name -> StoredMoments.entries(name, parts.getFirst().columns(name))).toList();
        Path work = DurableFile.partial(output.toAbsolutePath());
        try (CheckpointWriter writer = CheckpointWriter.create(work, CheckpointLayout.of(records, SHARD_BYTES, Map.of("format", "pt")))) {
            int record = 0;
            for (String name : groups) {
                ExpertStatistics sum = parts.stream().map(part -> part.statistics(name)).reduce(ExpertStatistics::plus).orElseThrow();
                List<MemorySegment> bytes = StoredMoments.bytes(sum);
                List<TensorEntry> entries = records.get(record++);
                for (int i = 0; i < entries.size(); i++) {
                    writer.write(entries.get(i).name(), bytes.get(i));
                }
            }
            DurableFile.write(work.resolve("config.json"), header.json().toString().getBytes(StandardCharsets.UTF_8));
            writer.force();
            writer.finish();
            Files.move(work, output.toAbsolutePath());
        } catch (IOException e) {
            throw DurableFile.failed(output, e);
        }
    }
}
