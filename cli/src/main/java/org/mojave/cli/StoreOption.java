package org.mojave.cli;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.mojave.cli.machine.Memory;
import org.mojave.cli.terminal.ByteCount;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.compress.plan.ByteSizes;
import org.mojave.compress.plan.ResourceException;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.predict.PathStatistics;
import org.mojave.engine.run.Model;
import org.mojave.engine.store.ExpertStore;
import org.mojave.engine.stream.MemoryShares;
import org.mojave.engine.stream.PathGuesses;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.format.file.DirectFile;
import picocli.CommandLine.Option;

/** {@code --memory} and {@code --store}: where a running model's weights are kept. */
final class StoreOption {
    /** What can be asked for. */
    enum Store {
        /** In memory where they fit, else streamed; mapped where there is no limit. */
        AUTO,
        /** All in memory. */
        RESIDENT,
        /** In the system's page cache. */
        MAPPED,
        /** Experts in a slab of fixed size, read when needed. */
        STREAMED;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--memory", paramLabel = "SIZE",
            description = "Memory for everything: weights, cache, buffers, the program (default: the container's limit, if there is one).")
    private ByteCount memory;

    @Option(names = "--store", paramLabel = "KIND", defaultValue = "auto",
            description = "Where weights are: resident (all in memory), mapped (the system reads them as needed), streamed (experts are read "
                    + "into a slab of fixed size), auto (resident or streamed under a limit, else mapped). Never changes a result.")
    private Store store;

    @Option(names = "--look-ahead",
            description = "With streamed experts: guess the next layer's experts and read them while the disk is idle, as long as tokens come "
                    + "clearly faster so. Never changes a result.")
    private boolean lookAhead;

    /** Who guesses. */
    enum Guesser {
        /** The next layer's router, asked before that layer's attention. */
        ROUTER,
        /** Statistics of the paths through the layers before. */
        PATHS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--look-ahead-by", paramLabel = "KIND", defaultValue = "router",
            description = "Who guesses for --look-ahead: router (the next layer's router, asked early), paths (statistics of experts that follow each "
                    + "other) (default: ${DEFAULT-VALUE}).")
    private Guesser guesser;

    /**
     * A model whose weights are where they shall be.
     *
     * @param model to be closed instead of the one it was made from
     * @param report what its experts did; silent unless they are streamed
     * @param plan where experts are read from, if they are streamed
     */
    record Placed(Model model, StoreReport report, Optional<StreamPlan> plan) {}

    /** Puts a mapped model's weights where they shall be; throws {@link ResourceException} with the floor where the limit is too low. */
    Placed place(Model model, MemoryShares.Working working, Console console) {
        Memory machine = Memory.current();
        OptionalLong limit = memory == null ? machine.limit() : OptionalLong.of(memory.bytes());
        return switch (store) {
            case MAPPED -> mapped(model);
            case RESIDENT -> resident(model, working, limit);
            case STREAMED -> streamed(model, working, limit.orElse(machine.usable()), console);
            case AUTO -> {
                if (limit.isEmpty() || !model.isFolder()) {
                    if (memory != null) {
                        console.note("--memory does not apply: a GGUF file is mapped, and the system decides what stays in memory.");
                    }
                    yield mapped(model);
                }
                yield MemoryShares.resident(model.weightBytes(), working) <= limit.getAsLong() ? resident(model, working, limit)
                        : streamed(model, working, limit.getAsLong(), console);
            }
        };
    }

    private static Placed mapped(Model model) {
        return new Placed(model, StoreReport.SILENT, Optional.empty());
    }

    private static Placed resident(Model model, MemoryShares.Working working, OptionalLong limit) {
        long needed = MemoryShares.resident(model.weightBytes(), working);
        if (limit.isPresent() && needed > limit.getAsLong()) {
            throw new ResourceException("--store resident: " + Quantities.bytes(needed) + " are needed and " + Quantities.bytes(limit.getAsLong())
                    + " are allowed; use --store streamed");
        }
        return new Placed(model.resident(DirectFile::open), StoreReport.SILENT, Optional.empty());
    }

    private Placed streamed(Model model, MemoryShares.Working working, long limit, Console console) {
        StreamPlan plan = StreamPlan.of(model.spec(), model.weights(), model.checkpoint());
        MemoryShares shares = MemoryShares.of(limit, model.residentBytes(), working, plan);
        if (shares.slots() < plan.fewestSlots()) {
            throw new ResourceException("this model needs at least --memory " + ByteSizes.roundedUp(shares.floor()) + " here ("
                    + Quantities.bytes(shares.dense()) + " of weights that every token uses, " + Quantities.bytes(working.cacheBytes())
                    + " of cache, " + Quantities.bytes(working.bufferBytes()) + " of buffers, " + Quantities.bytes(MemoryShares.PROGRAM_BYTES)
                    + " for the program, " + plan.fewestSlots() + " experts); allowed are " + Quantities.bytes(limit));
        }
        if (shares.slots() < plan.cycle()) {
            console.note("Memory holds " + shares.slots() + " experts, but a token uses " + plan.cycle() + ": hardly any is kept until the next token. "
                    + "Give at least " + ByteSizes.roundedUp(shares.forSlots(plan.cycle() + 1)) + " if you can.");
        }
        StreamedExperts.Reading usual = StreamedExperts.Reading.usual();
        StreamedExperts experts = StreamedExperts.open(plan, shares.slots(), new DecayedFrequency(plan.numbers(), DecayedFrequency.Settings.usual()),
                usual.lookingAhead(lookAhead));
        if (!console.json()) {
            console.note("Experts: " + experts.slots() + " of " + plan.numbers().total() + " in memory, the others read from disk"
                    + (experts.direct() ? "" : " through the page cache, because the file system allows no direct reads")
                    + (plan.checkedExperts() == 0 ? ", unchecked (no checksums in this checkpoint)" : "") + ".");
        }
        ExpertStore store = lookAhead && guesser == Guesser.PATHS ? new PathGuesses(plan, experts, new PathStatistics(plan.numbers().perLayer())) : experts;
        return new Placed(model.withExperts(store, DirectFile::open), new StoreReport.Streaming(model.spec(), experts), Optional.of(plan));
    }
}
