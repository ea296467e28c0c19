package org.mojave.cli.machine;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The C compiler with which the build makes the native kernels.
 *
 * @param program found on the PATH, if any
 */
public record CCompiler(Optional<Path> program) {
    private static final List<String> NAMES = List.of("cc", "gcc", "clang");

    /** The first one on that PATH. */
    public static CCompiler onPath(String path) {
        return new CCompiler(NAMES.stream()
                .flatMap(name -> Pattern.compile(File.pathSeparator, Pattern.LITERAL).splitAsStream(path)
                        .filter(folder -> !folder.isEmpty()).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable).findFirst());
    }

    /** Whether there is one. */
    public Finding finding() {
        return program.isPresent()
                ? Finding.good("C compiler", program.get().toString(), Map.of("program", program.get().toString()))
                : Finding.weak("C compiler", "none", "install gcc or clang, so that the build can make native kernels", Map.of());
    }
}
