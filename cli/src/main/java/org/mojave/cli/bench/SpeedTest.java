package org.mojave.cli.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Generator;
import org.mojave.engine.run.KvCache;

/**
 * One thing to time, in llama-bench's notation: {@code pp512} computes a prompt of 512 tokens, {@code tg128} generates 128
 * tokens one by one from an empty context. Tokens are random; what comes out is not looked at.
 *
 * <p>Example: {@code new SpeedTest(Kind.PROMPT, 512).nanos(decoder, vocabulary, random)}.
 */
public record SpeedTest(Kind kind, int tokens) {
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
        if (tokens < 1) {
            throw new IllegalArgumentException("a test needs at least one token, not " + tokens);
        }
    }

    /** {@code pp512}, {@code tg128}. */
    public String name() {
        return kind.prefix + tokens;
    }

    /** Runs it once and returns the time it took. */
    public long nanos(Decoder decoder, int vocabulary, RandomGenerator random) {
        int[] ids = random.ints(tokens, 0, vocabulary).toArray();
        int step = kind == Kind.PROMPT ? Generator.PROMPT_CHUNK : 1;
        List<int[]> steps = new ArrayList<>();
        for (int first = 0; first < tokens; first += step) {
            steps.add(Arrays.copyOfRange(ids, first, Math.min(tokens, first + step)));
        }
        KvCache cache = decoder.newCache(tokens);
        long start = System.nanoTime();
        for (int[] part : steps) {
            decoder.last(List.of(new Decoder.Chunk(cache, part)));
        }
        return System.nanoTime() - start;
    }
}
