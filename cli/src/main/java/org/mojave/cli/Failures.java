package org.mojave.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.mojave.compress.job.JobException;
import org.mojave.compress.job.VerificationException;
import org.mojave.compress.plan.ResourceException;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.engine.chat.ChatTemplateException;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.run.InvalidLogitsException;
import org.mojave.format.tensor.CheckpointException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The one place where an exception becomes a line for the user and an exit code. */
final class Failures {
    private Failures() {}

    /** Which kind of failure this is; {@link ExitCode#BUG} if it is not one that a user can mend. */
    static ExitCode codeOf(Throwable failure) {
        return switch (failure) {
            case CheckpointException _ -> ExitCode.CORRUPT;
            case UnsupportedModelException _ -> ExitCode.UNSUPPORTED;
            case InvalidLogitsException _ -> ExitCode.VERIFICATION;
            case VerificationException _ -> ExitCode.VERIFICATION;
            case RecipeException _ -> ExitCode.USAGE;
            case JobException _ -> ExitCode.USAGE;
            case ChatTemplateException _ -> ExitCode.USAGE;
            case UsageException _ -> ExitCode.USAGE;
            case ParameterException _ -> ExitCode.USAGE;
            case ResourceException _ -> ExitCode.RESOURCES;
            case OutOfMemoryError _ -> ExitCode.RESOURCES;
            case UncheckedIOException e when isDiskFull(e.getCause()) -> ExitCode.RESOURCES;
            case IOException e when isDiskFull(e) -> ExitCode.RESOURCES;
            case UncheckedIOException e when e.getCause() instanceof FileSystemException -> ExitCode.CORRUPT;
            case UncheckedIOException _ -> ExitCode.RESOURCES; // a disk that fails while it is written
            case FileSystemException _ -> ExitCode.CORRUPT;
            case InterruptedException _ -> ExitCode.INTERRUPTED;
            default -> ExitCode.BUG;
        };
    }

    /** Tells the user and returns the exit code. */
    static int report(Throwable failure, PrintStream err, boolean debug) {
        ExitCode code = codeOf(failure);
        if (debug) {
            failure.printStackTrace(err);
        }
        err.println("mojave: " + (code == ExitCode.BUG ? bug(failure) : line(failure)));
        return code.code();
    }

    /** A parameter mistake: the line, and where the help is. */
    static int reportUsage(ParameterException mistake, PrintStream err) {
        CommandLine command = mistake.getCommandLine();
        err.println("mojave: " + usage(mistake) + "; see " + command.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE.code();
    }

    private static String usage(ParameterException mistake) {
        if (mistake instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
            String argument = unmatched.getUnmatched().getFirst();
            boolean takesCommand = !mistake.getCommandLine().getSubcommands().isEmpty();
            String what = unmatched.isUnknownOption() ? "unknown option" : takesCommand ? "unknown command" : "unexpected argument";
            List<String> near = unmatched.getSuggestions();
            return what + " '" + argument + "'" + (near.isEmpty() ? "" : ", did you mean " + String.join(" or ", near) + "?");
        }
        String message = mistake.getMessage().lines().findFirst().orElse("wrong arguments");
        return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
    }

    private static String line(Throwable failure) {
        return switch (failure) {
            case OutOfMemoryError e -> "not enough memory (" + e.getMessage()
                    + "); give a smaller --memory, or a larger heap with MOJAVE_JAVA_OPTIONS=-Xmx8g";
            case UncheckedIOException e -> line(e.getCause());
            case FileSystemException e -> e.getFile() + ": " + reason(e);
            default -> String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        };
    }

    private static String reason(FileSystemException e) {
        return switch (e) {
            case java.nio.file.NoSuchFileException _ -> "no such file or folder";
            case java.nio.file.AccessDeniedException _ -> "permission denied";
            case java.nio.file.FileAlreadyExistsException _ -> "exists already";
            default -> e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
        };
    }

    private static boolean isDiskFull(IOException e) {
        return e.getMessage() != null && e.getMessage().contains("No space left on device");
    }

    private static String bug(Throwable failure) {
        String what = failure.getClass().getSimpleName() + (failure.getMessage() == null ? "" : ": " + failure.getMessage().lines().findFirst().orElse(""));
        try {
            Path log = Files.createTempFile("mojave-error-", ".log");
            try (PrintWriter writer = new PrintWriter(Files.newBufferedWriter(log))) {
                failure.printStackTrace(writer);
            }
            return "this is a mistake in Mojave, not yours (" + what + "); please report it with " + log;
        } catch (IOException _) {
            return "this is a mistake in Mojave, not yours (" + what + "); please report it with the output of --debug";
        }
    }
}
