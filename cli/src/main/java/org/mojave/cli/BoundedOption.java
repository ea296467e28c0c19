package org.mojave.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.bounded.BoundedRoutes;
import org.mojave.engine.bounded.DecisionLog;
import org.mojave.engine.bounded.Mode;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouteChange;
import picocli.CommandLine.Option;

/** {@code --bounded}, {@code --decisions} and {@code --replay}: results that differ, by decisions that can be repeated. */
final class BoundedOption {
    @Option(names = "--bounded", paramLabel = "MODE",
            description = "Faster and less exact, in generation: skip-misses[:F] (leave out an expert that would have to be read where its weight is below "
                    + "F / k, default 0.75), experts:N (only the N first experts of a token), early (take the experts that the router picks before the "
                    + "layer's attention, and read them then).")
    private String mode;

    @Option(names = "--decisions", paramLabel = "FILE", description = "With --bounded: write down which experts were left out or exchanged.")
    private Path decisions;

    @Option(names = "--replay", paramLabel = "FILE",
            description = "Decide as written in FILE: the same result to the bit, whatever is in memory. Needs the same model and tokens.")
    private Path replay;

    /**
     * A mode at work.
     *
     * @param routes that decide; empty: computing is exact
     * @param log of the decisions, to be closed after the run
     */
    record Bounded(Optional<BoundedRoutes> routes, Optional<DecisionLog.Writer> log) implements AutoCloseable {
        Optional<RouteChange> change() {
            return routes.map(RouteChange.class::cast);
        }

        /** One line for people, where anything was decided. */
        Optional<String> line() {
            return routes.map(found -> "Bounded (" + found.mode().text() + "): " + Quantities.percent(found.changedShare()) + " of "
                    + Quantities.count(found.pairs()) + " pairs of token and chosen expert left out or exchanged");
        }

        @Override
        public void close() {
            log.ifPresent(DecisionLog.Writer::close);
        }
    }

    /** Whether results may differ from exact ones. */
    boolean isAsked() {
        return mode != null || replay != null;
    }

    /** Checks the options without a model; throws {@link UsageException}. */
    void check() {
        if (mode != null && replay != null) {
            throw new UsageException("--bounded decides anew and --replay decides as before; give one of them");
        }
        if (replay != null && !Files.isRegularFile(replay)) {
            throw new UsageException("--replay " + replay + ": no such file; write one with --bounded MODE --decisions FILE");
        }
        if (replay != null && replay.equals(decisions)) {
            throw new UsageException("--decisions would overwrite the file that --replay reads; name another one");
        }
        if (mode != null) {
            parsed();
        }
    }

    private Mode parsed() {
        try {
            return Mode.parse(mode).orElseThrow(() -> new UsageException("--bounded '" + mode + "' is none of skip-misses, skip-misses:F, experts:N and early; "
                    + "write for example skip-misses:0.75"));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--bounded " + mode + ": " + e.getMessage());
        }
    }

    /** What was asked for, or {@code chosen} where nothing was; for a model whose experts are where they will be. */
    Bounded open(Model model, Optional<Mode> chosen) {
        Optional<DecisionLog> earlier = Optional.ofNullable(replay).map(DecisionLog::read);
        Optional<Mode> wanted = earlier.map(DecisionLog::mode).or(() -> mode == null ? chosen : Optional.of(parsed()));
        if (wanted.isEmpty()) {
            return new Bounded(Optional.empty(), Optional.empty());
        }
        Optional<DecisionLog.Writer> log = decisions == null ? Optional.empty() : Optional.of(DecisionLog.Writer.open(decisions, wanted.get()));
        try {
            return new Bounded(Optional.of(earlier.isPresent() ? BoundedRoutes.replaying(model.spec(), earlier.get(), log)
                    : BoundedRoutes.deciding(model.spec(), wanted.get(), model.experts(), log)), log);
        } catch (IllegalArgumentException e) {
            log.ifPresent(DecisionLog.Writer::close);
            throw new UsageException("bounded mode " + wanted.get().text() + ": " + e.getMessage());
        }
    }
}
