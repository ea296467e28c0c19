package org.mojave.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.stream.StreamStatistics;
import org.mojave.engine.stream.StreamedExperts;
import org.mojave.engine.trace.Belady;
import org.mojave.engine.trace.Replay;
import org.mojave.engine.trace.RouteRecorder;
import org.mojave.engine.trace.RouteTrace;

/** What a run's experts cost: hits, waiting, bytes, and how far from the best possible. */
sealed interface StoreReport {
    /** For experts that are all at hand. */
    StoreReport SILENT = new Silent();

    /** Listens to the run, to compare with the best possible. */
    RouterListener listener();

    /** The run begins; what experts were read for before does not count. */
    void begins();

    /** Tokens count from here on: the prompt, or the warm-up, is done. */
    void generationBegins();

    /** One line for people, empty if there is nothing to say; {@code tokens} came since {@link #generationBegins}. */
    String line(int tokens);

    /** The same for machines. */
    Map<String, Object> json(int tokens);

    /** Experts that memory holds. */
    int slots();

    /** What the store did since {@link #generationBegins}; empty if nothing is streamed. */
    Optional<StreamStatistics> generation();

    /** What the routes since {@link #generationBegins} ask of the slab; empty if nothing is streamed or not all routes were kept. */
    Optional<Replay.Result> replay();

    /** Says nothing. */
    record Silent() implements StoreReport {
        @Override
        public RouterListener listener() {
            return RouterListener.NONE;
        }

        @Override
        public void begins() {}

        @Override
        public void generationBegins() {}

        @Override
        public String line(int tokens) {
            return "";
        }

        @Override
        public Map<String, Object> json(int tokens) {
            return Map.of();
        }

        @Override
        public int slots() {
            return Integer.MAX_VALUE;
        }

        @Override
        public Optional<StreamStatistics> generation() {
            return Optional.empty();
        }

        @Override
        public Optional<Replay.Result> replay() {
            return Optional.empty();
        }
    }

    /** Of experts that are streamed. */
    final class Streaming implements StoreReport {
        /** A trace of so many bytes is kept for the comparison: 65,000 tokens of a model with 128 choices per token. */
        private static final long TRACE_BYTES = 16L << 20;

        private final StreamedExperts experts;
        private final RouteRecorder recorder;
        private int firstStep;
        private StreamStatistics before = StreamStatistics.NONE;
        private StreamStatistics prompt = StreamStatistics.NONE;

        Streaming(ModelSpec spec, StreamedExperts experts) {
            this.experts = experts;
            recorder = new RouteRecorder(spec, RouteRecorder.Steps.AS_RUN, RouteRecorder.Experts.COMPUTED, TRACE_BYTES);
        }

        @Override
        public RouterListener listener() {
            return recorder;
        }

        @Override
        public void begins() {
            before = experts.statistics();
        }

        @Override
        public void generationBegins() {
            prompt = experts.statistics();
            firstStep = recorder.steps();
        }

        @Override
        public int slots() {
            return experts.slots();
        }

        @Override
        public Optional<StreamStatistics> generation() {
            return Optional.of(experts.statistics().since(prompt));
        }

        @Override
        public Optional<Replay.Result> replay() {
            if (!recorder.complete()) {
                return Optional.empty();
            }
            RouteTrace trace = recorder.trace();
            return Optional.of(Replay.of(trace, experts.slots(), new DecayedFrequency(trace.numbers(), DecayedFrequency.Settings.usual()), firstStep));
        }

        @Override
        public String line(int tokens) {
            StreamStatistics now = experts.statistics();
            StreamStatistics all = now.since(before);
            StreamStatistics generation = now.since(prompt);
            StringBuilder line = new StringBuilder("Experts in memory when needed: ").append(Quantities.percent(all.hitRate()));
            if (recorder.complete()) {
                line.append(" (the best possible with ").append(experts.slots()).append(" slots: ").append(Quantities.percent(best().hitRate())).append(")");
            }
            if (tokens > 0) {
                line.append("; per token ").append(Quantities.decimals(generation.stallNanos() / 1e6 / tokens, 1)).append(" ms of waiting and ")
                        .append(Quantities.bytes(generation.bytesRead() / tokens)).append(" read");
            }
            if (all.aheadReads() > 0) {
                line.append("; ").append(Quantities.percent((double) all.aheadReads() / all.reads())).append(" of reads on a guess, ")
                        .append(Quantities.percent((double) all.aheadUsed() / all.aheadReads())).append(" of those right");
            }
            return line.toString();
        }

        private Replay.Result best() {
            RouteTrace trace = recorder.trace();
            return Replay.of(trace, experts.slots(), new Belady(trace));
        }

        @Override
        public Map<String, Object> json(int tokens) {
            StreamStatistics now = experts.statistics();
            StreamStatistics all = now.since(before);
            StreamStatistics generation = now.since(prompt);
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("slots", experts.slots());
            json.put("directReads", experts.direct());
            json.put("requests", all.requests());
            json.put("hitRate", all.hitRate());
            if (recorder.complete()) {
                json.put("bestHitRate", best().hitRate());
            }
            json.put("readsAhead", all.aheadReads());
            json.put("readsAheadUsed", all.aheadUsed());
            json.put("bytesRead", all.bytesRead());
            json.put("stallSeconds", all.stallNanos() / 1e9);
            json.put("generation", Map.of("tokens", tokens, "requests", generation.requests(), "hitRate", generation.hitRate(),
                    "stallMilliseconds", tokens == 0 ? 0 : generation.stallNanos() / 1e6 / tokens,
                    "bytesPerToken", tokens == 0 ? 0 : generation.bytesRead() / tokens, "readSeconds", generation.readNanos() / 1e9));
            return json;
        }
    }
}
