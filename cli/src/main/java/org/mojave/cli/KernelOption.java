package org.mojave.cli;

import java.util.Locale;
import org.mojave.cli.terminal.Console;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.run.MeansInUse;
import org.mojave.engine.run.Model;
import picocli.CommandLine.Option;

/** {@code --kernels}: how a model's matrices are multiplied. */
final class KernelOption {
    /** What can be asked for. */
    enum Kernels {
        /** Native ones where they can be used, else Java's. */
        AUTO,
        /** Native ones or none. */
        NATIVE,
        /** Vectors in Java. */
        JAVA,
        /** Weights decoded, activations not rounded. */
        EXACT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--kernels", paramLabel = "KIND",
            description = "How to multiply: native (activations rounded to 8 bits), java (the same where fewer than 8 tokens meet a "
                    + "packed matrix, else floats), auto (native where possible, else java), exact (slow; nothing is rounded) (default: ${DEFAULT-VALUE}).")
    private Kernels kernels;

    KernelOption(Kernels initial) {
        kernels = initial;
    }

    /**
     * The way to multiply, and why it was taken.
     *
     * @param path how
     * @param why a clause for people; empty where native kernels are used because they can be
     */
    record Selected(ProductPath path, String why) {
        /** Says what multiplies the matrices of that model, unless the result is for machines. */
        void note(Console console, Model model) {
            if (!console.json()) {
                console.note("Kernels: " + line(model));
            }
        }

        /** What multiplies the matrices of that model, in one line. */
        String line(Model model) {
            return withReason(MeansInUse.of(model, path).describe());
        }

        /** What multiplies the matrices of any model, in one line. */
        String line() {
            return withReason(path.describe());
        }

        private String withReason(String what) {
            return why.isEmpty() ? what : what + " (" + why + ")";
        }

        /** As AUTO does with that support. */
        static Selected automatic(NativeSupport support) {
            ProductPath path = ProductPath.of(support);
            return switch (support) {
                case NativeSupport.Available _ -> new Selected(path, "");
                case NativeSupport.Unavailable(_, String detail) -> new Selected(path, "no native kernels, because " + detail);
            };
        }
    }

    /** Throws {@link UsageException} where native kernels are wanted and cannot be used. */
    Selected select() {
        return switch (kernels) {
            case AUTO -> Selected.automatic(NativeSupport.load(new NativeChoice.Best()));
            case NATIVE -> switch (NativeSupport.load(new NativeChoice.Best())) {
                case NativeSupport.Available available -> Selected.automatic(available);
                case NativeSupport.Unavailable(_, String detail) -> throw new UsageException(
                        "--kernels native: there are none to use, because " + detail + "; use --kernels auto");
            };
            case JAVA -> asked(ProductPath.vectors());
            case EXACT -> asked(new ExactProducts());
        };
    }

    private Selected asked(ProductPath path) {
        return new Selected(path, "--kernels " + kernels);
    }
}
