package org.mojave.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.bounded.Bounded;
import org.mojave.engine.bounded.BoundedNeurons;
import org.mojave.engine.bounded.BoundedRoutes;
import org.mojave.engine.bounded.DecisionLog;
import org.mojave.engine.bounded.Mode;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.NeuronChoice;
import org.mojave.engine.run.RouteChange;
import picocli.CommandLine.Option;

/** {@code --bounded}, {@code --decisions} and {@code --replay}: results that differ, by decisions that can be repeated. */
final class BoundedOption {
    @Option(names = "--bounded", paramLabel = "MODE",
            description = "Faster and less exact, in generation: skip-misses[:F] (leave out an expert that would have to be read where its weight is below "
                    + "F / k, default 0.75), experts:N (only the N first experts of a token), early (take the experts that the router picks before the "
                    + "layer's attention, and read them then), neurons[:P%%] (of each expert leave out the P %% of neurons with the smallest activation, "
                    + "e.g. neurons:50%%), wina[:P%%] (leave out the P %% of inputs of all its matrices with the smallest size times column norm, e.g. "
                    + "wina:30%%).")
    private String mode;

    @Option(names = "--decisions", paramLabel = "FILE", description = "With --bounded: write down what was left out or exchanged.")
    private Path decisions;

    @Option(names = "--replay", paramLabel = "FILE",
            description = "Decide as written in FILE: the same result to the bit, whatever is in memory. Needs the same model and tokens.")
    private Path replay;

    /**
     * A mode at work.
     *
     * @param bounded that decides; empty: computing is exact
     * @param log of the decisions, to be closed after the run
     */
    record Opened(Optional<Bounded> bounded, Optional<DecisionLog.Writer> log) implements AutoCloseable {
        Optional<RouteChange> change() {
            return bounded.flatMap(Bounded::change);
        }

        Optional<NeuronChoice> choice() {
            return bounded.flatMap(Bounded::choice);
        }

        /** One line for people, where anything was decided. */
        Optional<String> line() {
            return bounded.map(found -> "Bounded (" + found.mode().text() + "): " + found.routes().map(Opened::told).orElse("")
                    + found.neurons().map(Opened::told).orElse(""));
        }

        private static String told(BoundedRoutes routes) {
            return Quantities.percent(routes.changedShare()) + " of " + Quantities.count(routes.pairs())
                    + " pairs of token and chosen expert left out or exchanged";
        }

        private static String told(BoundedNeurons neurons) {
            return Quantities.percent(neurons.droppedShare()) + " of " + (neurons.way() == NeuronChoice.Way.GATE_FIRST ? "neurons" : "inputs")
                    + " left out; per token " + Quantities.bytes(neurons.readPerToken()) + " of the " + Quantities.bytes(neurons.bytesPerToken())
                    + " of its experts' weights were used";
        }

        /** The same for machines; empty where nothing was decided. */
        Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            bounded.ifPresent(found -> json.put("mode", found.mode().text()));
            bounded.flatMap(Bounded::routes).ifPresent(routes -> json.put("changedShare", routes.changedShare()));
            bounded.flatMap(Bounded::neurons).ifPresent(neurons -> {
                json.put("droppedShare", neurons.droppedShare());
                json.put("expertBytesPerToken", neurons.bytesPerToken());
                json.put("usedBytesPerToken", neurons.readPerToken());
            });
            return json;
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
            return Mode.parse(mode).orElseThrow(() -> new UsageException("--bounded '" + mode + "' is none of skip-misses, skip-misses:F, experts:N, early, "
                    + "neurons:P% and wina:P%; write for example skip-misses:0.75"));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--bounded " + mode + ": " + e.getMessage());
        }
    }

    /** Bytes that the mode takes beside buffers. */
    long bytes(Model model) {
        boolean norms = (mode != null && parsed() instanceof Mode.Wina) || (replay != null && DecisionLog.read(replay).mode() instanceof Mode.Wina);
        return norms ? LayerRunner.normBytes(model.spec()) : 0;
    }

    /** What was asked for, or {@code chosen} where nothing was; for a model whose experts are where they will be. */
    Opened open(Model model, Optional<Mode> chosen) {
        Optional<DecisionLog> earlier = Optional.ofNullable(replay).map(DecisionLog::read);
        Optional<Mode> wanted = earlier.map(DecisionLog::mode).or(() -> mode == null ? chosen : Optional.of(parsed()));
        if (wanted.isEmpty()) {
            return new Opened(Optional.empty(), Optional.empty());
        }
        Optional<DecisionLog.Writer> log = decisions == null ? Optional.empty() : Optional.of(DecisionLog.Writer.open(decisions, wanted.get()));
        try {
            return new Opened(Optional.of(earlier.isPresent() ? Bounded.replaying(model.spec(), earlier.get(), log)
                    : Bounded.deciding(model.spec(), wanted.get(), model.experts(), log)), log);
        } catch (IllegalArgumentException e) {
            log.ifPresent(DecisionLog.Writer::close);
            throw new UsageException("bounded mode " + wanted.get().text() + ": " + e.getMessage());
        }
    }
}
