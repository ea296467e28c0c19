package org.mojave.engine.forecast;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RunParts;

/**
 * What computing one token takes when no expert is missing, near the start of a text: measured with a few experts of each layer that
 * stand in for all, so that a model need not fit into memory.
 *
 * @param nanosPerToken the median of the measured tokens
 */
public record DecodeSpeed(double nanosPerToken) {
    private static final int POSITIONS = 48;

    public DecodeSpeed {
        if (!(nanosPerToken > 0)) {
            throw new IllegalArgumentException("a token takes time, not " + nanosPerToken + " ns");
        }
    }

    /**
     * Generates random tokens for {@code warmUp}, then for {@code length}.
     *
     * @param model mapped, or in memory
     * @param slots experts that may be touched, and take memory, in all layers together
     */
    public static DecodeSpeed measure(Model model, Workers workers, ProductPath path, int slots, Timing timing) {
        int layers = 0;
        int chosen = 1;
        for (var layer : model.spec().layers()) {
            if (layer.feedForward() instanceof FeedForward.Mixture mixture) {
                layers++;
                chosen = Math.max(chosen, mixture.router().chosen());
            }
        }
        int perLayer = layers == 0 ? 1 : Math.clamp(slots / layers, 1, chosen);
        StandInExperts experts = new StandInExperts(model.weights(), perLayer);
        Decoder decoder = new Decoder(model, workers, RunParts.of(path).with(Optional.of(experts)));
        KvCache cache = decoder.newCache(Math.min(POSITIONS, model.contextLength()));
        SplittableRandom random = new SplittableRandom(0);
        tokens(decoder, cache, model.vocabularySize(), random, timing.warmUp());
        List<Long> nanos = tokens(decoder, cache, model.vocabularySize(), random, timing.length());
        nanos.sort(null);
        return new DecodeSpeed(nanos.get(nanos.size() / 2));
    }

    /** How long to run before it counts, and then. */
    public record Timing(Duration warmUp, Duration length) {}

    /** At least one token; its time, and that of those that follow within {@code length}. */
    private static List<Long> tokens(Decoder decoder, KvCache cache, int vocabulary, SplittableRandom random, Duration length) {
        List<Long> nanos = new ArrayList<>();
        long started = System.nanoTime();
        do {
            if (cache.length() == cache.capacity()) {
                cache.truncate(0);
            }
            long start = System.nanoTime();
            decoder.last(List.of(new Decoder.Chunk(cache, new int[] {random.nextInt(vocabulary)})));
            nanos.add(System.nanoTime() - start);
        } while (System.nanoTime() - started < length.toNanos());
        return nanos;
    }
}
