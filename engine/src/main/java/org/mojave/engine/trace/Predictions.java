package org.mojave.engine.trace;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.mojave.engine.evict.EvictionPolicy;
import org.mojave.engine.predict.RoutePredictor;

/**
 * How often a predictor names the experts that a layer then takes: as many guesses as the layer chooses experts, on a trace of single
 * tokens. What is used often is in memory anyway, so what counts is how many of the missing ones it names.
 *
 * <p>Example: {@code Predictions.of(trace, new PathStatistics(trace.numbers().perLayer()), 400, policy).ofMissing()}.
 */
public final class Predictions {
    private final RouteTrace trace;
    private final RoutePredictor predictor;
    private final long[] rightByRank;
    private final long[] rightByLayer;
    private long needed;
    private long missing;
    private long missingNamed;
    private long absentGuesses;

    /**
     * The outcome.
     *
     * @param predictor its name
     * @param ofNeeded share of needed experts that were named
     * @param ofMissing share of those missing in the slab that were named; 1 where none was missing
     * @param right share of guesses about experts not in the slab that came true; what reading them would have been worth
     * @param byRank share of guesses of each rank that came true
     * @param byLayer share of needed experts of each layer that were named
     */
    public record Result(String predictor, double ofNeeded, double ofMissing, double right, List<Double> byRank, List<Double> byLayer) {
        public Result {
            byRank = List.copyOf(byRank);
            byLayer = List.copyOf(byLayer);
        }
    }

    private Predictions(RouteTrace trace, RoutePredictor predictor) {
        this.trace = trace;
        this.predictor = predictor;
        rightByRank = new long[trace.layers().stream().mapToInt(RouteTrace.Layer::chosen).max().orElseThrow()];
        rightByLayer = new long[trace.layers().size()];
    }

    /** Replays a trace whose steps are single tokens, with a slab of that size. */
    public static Result of(RouteTrace trace, RoutePredictor predictor, int slots, EvictionPolicy policy) {
        if (trace.steps() != trace.tokens() || trace.tokens() == 0) {
            throw new IllegalArgumentException("predictions need a trace of single tokens");
        }
        Predictions predictions = new Predictions(trace, predictor);
        Replay.watched(trace, slots, policy, predictions::demand);
        return predictions.result();
    }

    private void demand(int layer, int[] experts, Replay.Held held) {
        int[] guesses = predictor.next(layer, trace.layers().get(layer).chosen());
        for (int rank = 0; rank < guesses.length; rank++) {
            int guess = guesses[rank];
            boolean right = Arrays.stream(experts).anyMatch(expert -> expert == guess);
            rightByRank[rank] += right ? 1 : 0;
            rightByLayer[layer] += right ? 1 : 0;
            if (!held.holds(layer, guess)) {
                absentGuesses++;
                missingNamed += right ? 1 : 0;
            }
        }
        for (int expert : experts) {
            missing += held.holds(layer, expert) ? 0 : 1;
        }
        needed += experts.length;
        predictor.used(layer, experts);
    }

    private Result result() {
        long right = Arrays.stream(rightByLayer).sum();
        int tokens = trace.tokens();
        return new Result(predictor.name(), (double) right / needed, missing == 0 ? 1 : (double) missingNamed / missing,
                absentGuesses == 0 ? 1 : (double) missingNamed / absentGuesses,
                Arrays.stream(rightByRank).mapToObj(count -> (double) count / tokens / trace.layers().size()).toList(),
                IntStream.range(0, rightByLayer.length).mapToObj(l -> (double) rightByLayer[l] / tokens / trace.layers().get(l).chosen()).toList());
    }
}
