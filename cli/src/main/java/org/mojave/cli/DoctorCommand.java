package org.mojave.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.machine.CCompiler;
import org.mojave.cli.machine.DiskBandwidth;
import org.mojave.cli.machine.Finding;
import org.mojave.cli.machine.JavaRuntime;
import org.mojave.cli.machine.Memory;
import org.mojave.cli.machine.MemoryBandwidth;
import org.mojave.cli.machine.Processor;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.OpenBlas;
import org.mojave.engine.run.Model;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mojave doctor}: looks at the machine and says what to mend. */
@Command(
        name = "doctor",
        description = "Looks at this machine: Java, processor, memory, disk, libraries, each with a remedy. Takes a few seconds.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave doctor",
            "  mojave doctor --folder /mnt/models    measures the disk that will hold the models",
            "  mojave doctor --model wren-4          says which kernels multiply the matrices of that model",
            "  mojave doctor --json",
        })
final class DoctorCommand implements Callable<Integer> {
    private static final Duration BANDWIDTH_TIME = Duration.ofSeconds(1);

    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Option(names = "--folder", paramLabel = "DIR", description = "Folder whose disk is measured (default: the current one).", defaultValue = ".")
    private Path folder;

    @Option(names = "--model", paramLabel = "MODEL", description = "Folder of a model, or a .gguf file: say which kernels multiply its matrices.")
    private Optional<Path> model = Optional.empty();

    DoctorCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!Files.isDirectory(folder)) {
            throw new UsageException("--folder " + folder + ": no such folder");
        }
        Console console = common.console(streams);
        NativeSupport support = NativeSupport.load(new NativeChoice.Best());
        List<Finding> findings = new ArrayList<>();
        Finding kernels = kernels(support);
        findings.add(JavaRuntime.current().finding());
        findings.add(Processor.current().finding());
        findings.add(Memory.current().finding());
        console.note("Measuring memory and disk…");
        findings.add(MemoryBandwidth.measure(common.threads(), BANDWIDTH_TIME).finding());
        findings.add(DiskBandwidth.measure(folder).finding());
        findings.add(kernels);
        findings.add(linearAlgebra());
        findings.add(CCompiler.onPath(String.valueOf(System.getenv("PATH"))).finding());
        show(console, findings);
        return ExitCode.DONE.code();
    }

    /** Opens the model, if one was given, before anything is measured: a mistake should be said at once. */
    private Finding kernels(NativeSupport support) {
        KernelOption.Selected selected = KernelOption.Selected.automatic(support);
        String line;
        if (model.isPresent()) {
            try (Model opened = Model.open(model.get())) {
                line = selected.line(opened);
            }
        } else {
            line = selected.line();
        }
        Map<String, Object> facts = Map.of("path", line);
        return switch (support) {
            case NativeSupport.Available _ -> Finding.good("kernels", line, facts);
            case NativeSupport.Unavailable(NativeSupport.Cause cause, _) -> Finding.weak("kernels", line, switch (cause) {
                case DISABLED -> "generation is slower; switch native kernels on";
                case NOT_BUILT -> "generation is slower; install a C compiler (gcc) on Linux on x86-64 and build Mojave again";
                case PROCESSOR -> "generation is slower; a processor with AVX2 (x86-64, 2013 and later) runs the native kernels";
                case LOADING -> "generation is slower; the library needs a writable ~/.cache (or XDG_CACHE_HOME) without noexec";
            }, facts);
        };
    }

    private static Finding linearAlgebra() {
        Optional<String> forced = Optional.ofNullable(System.getenv("OPENBLAS_CORETYPE"));
        return switch (OpenBlas.status()) {
            case OpenBlas.Status.Available(OpenBlas algebra) when forced.isPresent() ->
                Finding.weak("matrix library", algebra.describe() + ", chosen by OPENBLAS_CORETYPE=" + forced.get(),
                        "compression may be slow; unset OPENBLAS_CORETYPE, so that Mojave chooses the code for this processor",
                        Map.of("library", algebra.describe(), "forced", forced.get()));
            case OpenBlas.Status.Available(OpenBlas algebra) ->
                Finding.good("matrix library", algebra.describe(), Map.of("library", algebra.describe()));
            case OpenBlas.Status.Unavailable(String reason) -> {
                String portable = LinearAlgebra.preferred().describe();
                yield Finding.weak("matrix library", portable + ", because " + reason,
                        "compression takes longer; OpenBLAS needs Linux on x86-64 and a writable ~/.cache (or XDG_CACHE_HOME)",
                        Map.of("library", portable, "reason", reason));
            }
        };
    }

    private static void show(Console console, List<Finding> findings) {
        if (console.json()) {
            console.json(Map.of("findings", findings));
            return;
        }
        Table table = new Table("", "", "");
        for (Finding finding : findings) {
            String mark = switch (finding.verdict()) {
                case GOOD -> "✓";
                case WEAK -> "!";
                case BAD -> "✗";
            };
            table.row(mark, finding.subject(), finding.value());
            if (!finding.remedy().isEmpty()) {
                table.row("", "", "→ " + finding.remedy());
            }
        }
        console.table(table);
    }
}
