package org.mojave.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mojave.engine.evict.DecayedFrequency;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouteChange;
import org.mojave.engine.trace.ForcedRoutes;
import org.mojave.engine.trace.Replay;
import org.mojave.engine.trace.RouteRecorder;
import org.mojave.engine.trace.RouteTrace;
import org.mojave.engine.trace.SyntheticRoutes;
import org.mojave.engine.trace.TraceFile;
import picocli.CommandLine.Option;

/** {@code --routes}: experts chosen by a law or a trace, not by the model's routers. */
final class RoutesOption {
    private static final Pattern LAW = Pattern.compile("uniform|zipf(?::(\\d{1,3}(?:\\.\\d{1,6})?)(?::(0(?:\\.\\d{1,6})?|1(?:\\.0{1,6})?))?)?");
    private static final int SYNTHETIC_TOKENS = 4096;
    /** Of the forecast's trace so much passes before it counts: the slab is empty at first. */
    private static final double WARM_SHARE = 1.0 / 3;

    @Option(names = "--routes", paramLabel = "ROUTES",
            description = "Experts that tokens take, whatever the routers say: uniform (all alike, the worst case for a slab), zipf[:S[:R]] (Zipf's "
                    + "law with exponent S, default 1, a share R of a token's experts repeated by the next), or a FILE of mojave trace record. "
                    + "The forecast then replays other routes of the same kind.")
    private String text;

    /**
     * Routes to take.
     *
     * @param taken along which the model runs
     * @param expected for the forecast: routes of the same kind; for a recorded trace the same ones
     */
    record Routes(RouteTrace taken, RouteTrace expected) {
        /** What makes a decoder take them. */
        RouteChange change() {
            return new ForcedRoutes(taken);
        }

        /** What they will ask of so many slots, once those are warm. */
        Replay.Result forecast(int slots) {
            return Replay.of(expected, slots, new DecayedFrequency(expected.numbers(), DecayedFrequency.Settings.usual()),
                    (int) (expected.steps() * WARM_SHARE));
        }
    }

    /** What was asked for. Throws {@link UsageException} for a law unknown here, a file that is not there, or a trace of another model. */
    Optional<Routes> routes(Model model, long seed) {
        if (text == null) {
            return Optional.empty();
        }
        List<RouteTrace.Layer> layers = RouteRecorder.layers(model.spec());
        if (layers.isEmpty()) {
            throw new UsageException("--routes: this model has no layer with experts");
        }
        Matcher matcher = LAW.matcher(text.strip());
        return Optional.of(matcher.matches() ? synthetic(layers, matcher, seed) : recorded(layers));
    }

    private static Routes synthetic(List<RouteTrace.Layer> layers, Matcher matcher, long seed) {
        double usual = matcher.group().equals("uniform") ? 0 : 1;
        SyntheticRoutes.Law law = new SyntheticRoutes.Law(matcher.group(1) == null ? usual : Double.parseDouble(matcher.group(1)),
                matcher.group(2) == null ? 0 : Double.parseDouble(matcher.group(2)));
        return new Routes(SyntheticRoutes.zipf(layers, law, SYNTHETIC_TOKENS, new SplittableRandom(seed)),
                SyntheticRoutes.zipf(layers, law, SYNTHETIC_TOKENS, new SplittableRandom(~seed)));
    }

    private Routes recorded(List<RouteTrace.Layer> layers) {
        Path file = Path.of(text);
        if (!Files.exists(file)) {
            throw new UsageException("--routes '" + text + "' is neither uniform, zipf, zipf:S, zipf:S:R nor a file; write for example zipf:1");
        }
        RouteTrace trace = TraceFile.read(file);
        if (!trace.layers().equals(layers) || trace.tokens() == 0) {
            throw new UsageException("--routes " + text + ": was recorded from a model with other layers or experts, or holds no token; record "
                    + "one of this model with mojave trace record");
        }
        return new Routes(trace, trace);
    }
}
