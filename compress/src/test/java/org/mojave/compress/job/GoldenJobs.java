package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.mojave.compress.calibrate.TokenSequences;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.report.ReportJson;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.format.packed.Scheme;
import org.mojave.testkit.GoldenModel;

/** Small jobs on golden models, with tokens drawn at random because these models have no tokenizer. */
final class GoldenJobs {
    private GoldenJobs() {}

    static Recipe recipe(Method method, String scheme) {
        return new Recipe(method, Scheme.parse(scheme), 8, CalibrationWish.DEFAULT, 0);
    }

    static JobRequest request(GoldenModel golden, Path output, Recipe recipe) {
        return new JobRequest(golden.folder(), output, recipe, Optional.of(tokens(golden, 24)), List.of(),
                new JobRequest.Limits(0, 2, false, false));
    }

    /** The golden inputs first, then random ones. */
    static TokenSequences tokens(GoldenModel golden, int count) {
        Random random = new Random(5);
        int length = golden.inputs()[0].length;
        List<int[]> sequences = new ArrayList<>(Arrays.asList(golden.inputs()));
        while (sequences.size() < count) {
            sequences.add(random.ints(length, 0, golden.logits()[0][0].length).toArray());
        }
        return new TokenSequences(sequences);
    }

    /** Logits [batch][time][vocabulary] of the golden inputs. */
    static float[][][] logits(GoldenModel golden, Path folder) {
        try (Model model = Model.open(folder); Workers workers = new Workers(1)) {
            Decoder decoder = new Decoder(model, workers);
            float[][][] all = new float[golden.inputs().length][golden.inputs()[0].length][];
            List<Decoder.Chunk> chunks = Arrays.stream(golden.inputs())
                    .map(ids -> new Decoder.Chunk(decoder.newCache(ids.length), ids)).toList();
            decoder.all(chunks, (chunk, first, rows, logits) -> {
                for (int r = 0; r < rows; r++) {
                    all[chunk][first + r] = Arrays.copyOfRange(logits, r * model.vocabularySize(), (r + 1) * model.vocabularySize());
                }
            }, RouterListener.NONE);
            return all;
        }
    }

    /**
     * Median over the tokens of the relative error of a token's logits: in models of random weights a rounding error may
     * send a token to another expert, which says nothing about the storage.
     */
    static double medianError(float[][][] found, float[][][] expected) {
        List<Double> errors = new ArrayList<>();
        for (int b = 0; b < expected.length; b++) {
            for (int t = 0; t < expected[b].length; t++) {
                double error = 0;
                double reference = 0;
                for (int v = 0; v < expected[b][t].length; v++) {
                    error += Math.pow(found[b][t][v] - expected[b][t][v], 2);
                    reference += Math.pow(expected[b][t][v], 2);
                }
                errors.add(Math.sqrt(error / reference));
            }
        }
        return errors.stream().sorted().toList().get(errors.size() / 2);
    }

    /** Runs a job in the least memory that it says it takes, which must be enough, and must give the files of {@code expected}. */
    static void requireLeastMemoryGives(Path expected, JobRequest tight) throws IOException {
        long floor;
        try (Preparation preparation = Preparation.of(tight, Optional.empty(), JobListener.NONE)) {
            floor = Memory.floor(preparation);
        }
        MemoryBudget budget = new MemoryBudget(floor);
        CompressionJob.run(tight, JobListener.NONE, budget);
        assertThat(budget.peak()).isLessThanOrEqualTo(floor);
        assertThat(contents(tight.output())).isEqualTo(contents(expected));
    }

    /** Name to checksum of every file but the report, whose times differ from run to run. */
    static Map<String, Integer> contents(Path folder) throws IOException {
        Map<String, Integer> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (!file.getFileName().toString().equals(ReportJson.NAME)) {
                    contents.put(file.getFileName().toString(), Arrays.hashCode(Files.readAllBytes(file)));
                }
            }
        }
        return contents;
    }
}
