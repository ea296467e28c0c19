package org.mojave.compress.job;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Stream;
import org.mojave.compress.calibrate.StatisticsHeader;
import org.mojave.compress.plan.SmallFiles;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.file.DurableFile;
import tools.jackson.databind.JsonNode;

/**
 * Where a job works: {@code OUT.partial} beside {@code OUT}, renamed when the result is whole and verified, so that a
 * folder called OUT is never half a model.
 *
 * @param output the folder that the user named
 * @param work the folder that the job writes
 */
record WorkFolder(Path output, Path work) {
    private static final String REPLACED_SUFFIX = ".replaced";

    /** The folders for an output; for a link, of what it leads to. */
    static WorkFolder of(Path output) {
        Path absolute = output.toAbsolutePath().normalize();
        if (Files.isSymbolicLink(absolute)) {
            absolute = target(absolute);
        }
        if (absolute.getFileName() == null) {
            throw new JobException(output + ": cannot be an output folder; name a folder inside it");
        }
        return new WorkFolder(absolute, DurableFile.partial(absolute));
    }

    private static Path target(Path link) {
        try {
            return link.toRealPath();
        } catch (NoSuchFileException e) {
            throw new JobException(link + ": is a link to nothing; remove it, or choose another --out", e);
        } catch (IOException e) {
            throw new JobException(link + ": cannot be looked at (" + e.getMessage() + ")", e);
        }
    }

    /** Checks the output against the source and what stands there. */
    void check(Path source, boolean overwrite) {
        refuseOverlap(source);
        if (!isAbsentOrEmpty(output)) {
            if (!overwrite) {
                throw new JobException(output + ": exists already; choose another --out, or replace it with --overwrite");
            }
            if (!isNativeCheckpoint(output)) {
                throw new JobException(output + ": is no result of mojave and is not replaced; choose another --out");
            }
        }
        if (Files.exists(work) && !Files.exists(work.resolve(Journal.NAME)) && !isAbsentOrEmpty(work)) {
            throw new JobException(work + ": exists and is not an unfinished result of mojave; move it away");
        }
    }

    /** Checks, and makes the work folder. Nothing that exists is touched. */
    void prepare(Path source, boolean overwrite) {
        check(source, overwrite);
        try {
            Files.createDirectories(work);
        } catch (IOException e) {
            throw new JobException(work + ": cannot be made (" + (e instanceof AccessDeniedException ? "permission denied" : e.getMessage())
                    + "); choose another --out", e);
        }
    }

    /** Checks, and finds out whether the work folder can be made, by making it; no folder that was not there stays. */
    void requirePossible(Path source, boolean overwrite) {
        Path kept = work;
        while (!Files.exists(kept)) {
            kept = kept.getParent();
        }
        prepare(source, overwrite);
        try {
            for (Path made = work; !made.equals(kept); made = made.getParent()) {
                Files.delete(made);
            }
        } catch (IOException e) {
            throw DurableFile.failed(work, e);
        }
    }

    private void refuseOverlap(Path source) {
        Path model = real(source);
        Path place = real(output);
        if (place.startsWith(model)) {
            throw new JobException(output + ": lies inside the model " + source + "; choose a folder outside it");
        }
        if (model.startsWith(place)) {
            throw new JobException(output + ": holds the model " + source + "; choose another folder");
        }
    }

    /** The path with links resolved as far as it exists. */
    private static Path real(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Path existing = absolute;
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        if (existing == null) {
            return absolute;
        }
        try {
            return existing.toRealPath().resolve(existing.relativize(absolute));
        } catch (IOException e) {
            throw new JobException(path + ": cannot be looked at (" + e.getMessage() + ")", e);
        }
    }

    private static boolean isAbsentOrEmpty(Path folder) {
        if (!Files.exists(folder)) {
            return true;
        }
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            throw new JobException(folder + ": cannot be listed (" + e.getMessage() + ")", e);
        }
    }

    /** Whether a folder holds a finished result. */
    static boolean isNativeCheckpoint(Path folder) {
        Path config = folder.resolve("config.json");
        if (!Files.exists(config)) {
            return false;
        }
        JsonNode json = Checkpoint.readJson(config);
        return json.has(StatisticsHeader.KEY)
                || json.path("quantization_config").path("quant_method").asString("").equals(SmallFiles.METHOD);
    }

    /** Whether there is an unfinished job. */
    boolean isUnfinished() {
        return Files.exists(work.resolve(Journal.NAME));
    }

    /** Throws the unfinished result away. */
    void clear() {
        delete(work);
        try {
            Files.createDirectories(work);
        } catch (IOException e) {
            throw DurableFile.failed(work, e);
        }
    }

    /** Puts the finished result in its place; an older one there goes only now. */
    void publish() {
        Path old = output.resolveSibling(output.getFileName() + REPLACED_SUFFIX);
        try {
            delete(old);
            if (Files.exists(output)) {
                Files.move(output, old, StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(work, output, StandardCopyOption.ATOMIC_MOVE);
            Files.deleteIfExists(output.resolve(Journal.NAME));
            delete(old);
        } catch (AtomicMoveNotSupportedException e) {
            throw new JobException(output + ": cannot be renamed from " + work + "; both must lie on one file system", e);
        } catch (IOException e) {
            throw DurableFile.failed(output, e);
        }
    }

    private static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                    Files.delete(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw DurableFile.failed(folder, e);
        }
    }
}
