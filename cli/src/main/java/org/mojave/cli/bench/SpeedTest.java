package org.mojave.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Generator;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.RouterListener;

/**
 * One thing to time, in llama-bench's notation: {@code pp512} computes a prompt of 512 tokens, {@code tg128} generates 128
 * tokens one by one from an empty context, {@code tg128x4} does so for four sequences that step together. Tokens are random;
 * what comes out is not looked at.
 *
 * <p>Example: {@code new SpeedTest(Kind.PROMPT, 512, 1).nanos(decoder, caches, vocabulary, random, RouterListener.NONE)}.
 *
 * @param kind what is timed
 * @param tokens of each sequence
 * @param sequences that step together
 */
public record SpeedTest(Kind kind, int tokens, int sequences) {
    /** What is timed. */
    public enum Kind {
        /** A prompt, in chunks as {@link Generator} feeds it. */
        PROMPT("pp"),
        /** Tokens one by one. */
        GENERATION("tg");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    public SpeedTest {
        if (tokens < 1 || sequences < 1) {
            throw new IllegalArgumentException("a test needs at least one token and sequence, not " + tokens + " and " + sequences);
        }
    }

    /** {@code pp512}, {@code tg128}, {@code tg128x4}. */
    public String name() {
        return kind.prefix + tokens + (sequences == 1 ? "" : "x" + sequences);
    }

    /** Whether weights are read for one token only, so that memory bounds the speed. */
    public boolean oneByOne() {
        return kind == Kind.GENERATION && sequences == 1;
    }

    /** Runs it once in these caches, one for each sequence, which are emptied first; returns the time it took. */
    public long nanos(Decoder decoder, List<KvCache> caches, int vocabulary, RandomGenerator random, RouterListener listener) {
        caches.forEach(cache -> cache.truncate(0));
        return switch (kind) {
            case PROMPT -> promptNanos(decoder, caches, vocabulary, random, listener);
            case GENERATION -> generationNanos(decoder, caches, vocabulary, random, listener);
        };
    }

    private long promptNanos(Decoder decoder, List<KvCache> caches, int vocabulary, RandomGenerator random, RouterListener listener) {
        List<List<Decoder.Chunk>> steps = new ArrayList<>();
        for (int first = 0; first < tokens; first += Generator.PROMPT_CHUNK) {
            int size = Math.min(Generator.PROMPT_CHUNK, tokens - first);
            steps.add(caches.stream().map(cache -> new Decoder.Chunk(cache, random.ints(size, 0, vocabulary).toArray())).toList());
        }
        long start = System.nanoTime();
        steps.forEach(chunks -> decoder.last(chunks, listener));
        return System.nanoTime() - start;
    }

    private long generationNanos(Decoder decoder, List<KvCache> caches, int vocabulary, RandomGenerator random, RouterListener listener) {
        float[] logits = new float[Math.multiplyExact(caches.size(), vocabulary)];
        List<Decoder.Step> steps = new ArrayList<>();
        for (int i = 0; i < tokens; i++) {
            steps.add(new Decoder.Step(caches, random.ints(caches.size(), 0, vocabulary).toArray()));
        }
        long start = System.nanoTime();
        steps.forEach(step -> decoder.step(step, listener, logits));
        return System.nanoTime() - start;
    }
}
