package org.mojave.compress.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.mojave.compress.plan.KeptTensor;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.recipe.RecipeJson;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.compress.report.ReportJson;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.file.DurableFile;

/** Puts together what a finished job has to tell. */
final class Reporting {
    private final JobContext job;

    Reporting(JobContext job) {
        this.job = job;
    }

    Report report(Report.Verification verification, Optional<Report.Quality> quality) {
        Preparation preparation = job.preparation();
        JobRequest request = preparation.request();
        Plan plan = preparation.plan();
        long parameters = plan.source().parameters();
        Report.Source source = new Report.Source(request.model().toString(), plan.source().spec().modelType(), parameters,
                plan.source().bytes());
        long bytes = writtenBytes(job.records().folder());
        if (bytes != preparation.plannedBytes()) {
            throw new VerificationException(job.records().folder() + ": has " + bytes + " bytes, planned were "
                    + preparation.plannedBytes() + "; please report this");
        }
        Report.Result result = new Report.Result(request.output().toString(), preparation.plannedBytes(), bytes, keptBytes(plan), parameters);
        Optional<Report.Calibration> calibration = !request.recipe().needsText() ? Optional.empty()
                : preparation.statistics().map(header -> new Report.Calibration(header.files(), header.sequences(), header.length(),
                        String.join(" ", header.digests()))).or(() -> Optional.of(new Report.Calibration(names(request.recipe().calibration().files()), preparation.tokens().count(),
                        preparation.tokens().length(), preparation.tokens().digest())));
        Report.Memory memory = new Report.Memory(request.limits().memoryBytes(), job.budget().peak(), job.stages().residentPeak());
        return new Report(ToolVersion.text(), source, result, RecipeJson.write(request.recipe()), calibration, quality, verification,
                job.stages().spent(), memory, matrices(plan), List.copyOf(job.records().routers().values()), job.events());
    }

    static List<String> names(List<Path> files) {
        return files.stream().map(file -> file.getFileName().toString()).toList();
    }

    /** Every matrix in file order: quantized ones as journaled, the others as kept. */
    private List<MatrixResult> matrices(Plan plan) {
        List<MatrixResult> all = new ArrayList<>();
        for (PlannedMatrix matrix : plan.matrices()) {
            String name = matrix.id().name();
            if (matrix.scheme().isPresent()) {
                MatrixResult result = job.records().results().get(name);
                if (result == null) {
                    throw new IllegalStateException("no result for " + name);
                }
                all.add(result);
            } else {
                all.add(kept(plan, matrix));
            }
        }
        return all;
    }

    private static MatrixResult kept(Plan plan, PlannedMatrix matrix) {
        String tensor = plan.source().names().matrix(matrix.id()).tensor();
        return new MatrixResult(matrix.id().name(), matrix.shape().rows(), matrix.shape().columns(), MatrixResult.KEPT,
                plan.storedType(tensor).wireName().toLowerCase(Locale.ROOT), plan.storedBytes(tensor), 0, MatrixResult.Evidence.NONE, 0, List.of());
    }

    private static long keptBytes(Plan plan) {
        long bytes = 0;
        for (int layer = MatrixId.NONE; layer < plan.source().spec().layers().size(); layer++) {
            for (String name : plan.kept(layer)) {
                bytes += plan.storedBytes(name);
            }
        }
        return bytes;
    }

    /** Bytes of all files but journal and report. */
    private static long writtenBytes(Path folder) {
        Set<String> others = Set.of(Journal.NAME, ReportJson.NAME);
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> !others.contains(file.getFileName().toString())).mapToLong(file -> {
                try {
                    return Files.size(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }).sum();
        } catch (IOException e) {
            throw DurableFile.failed(folder, e);
        }
    }
}
