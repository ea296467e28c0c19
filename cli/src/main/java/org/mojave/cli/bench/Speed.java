package org.mojave.cli.bench;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.mojave.engine.forecast.TokenForecast;

/**
 * What a test measured.
 *
 * @param test what was timed
 * @param samples tokens per second, of all sequences together, of each repetition, at least one
 * @param memory bytes per second that memory gave just before and after each repetition (their mean); empty where it bounds nothing
 * @param disk what streamed experts cost, if experts were streamed
 * @param forecast what the performance model says, if it applies
 * @param explanation what it would have said had it known the disk's speed while the test ran, where experts were read
 */
public record Speed(SpeedTest test, List<Double> samples, List<Double> memory, Optional<DiskUse> disk, Optional<TokenForecast> forecast,
        Optional<TokenForecast> explanation) {
    public Speed {
        samples = List.copyOf(samples);
        memory = List.copyOf(memory);
        if (samples.isEmpty()) {
            throw new IllegalArgumentException(test.name() + " was not run");
        }
        if (!memory.isEmpty() && memory.size() != samples.size()) {
            throw new IllegalArgumentException(memory.size() + " speeds of memory beside " + samples.size() + " of " + test.name());
        }
    }

    /** From the times of the repetitions, and what memory gave beside each or nothing. */
    public static Speed of(SpeedTest test, LongStream nanos, List<Double> memory, Optional<DiskUse> disk) {
        return new Speed(test, nanos.mapToObj(time -> (double) test.tokens() * test.sequences() * 1e9 / time).toList(), memory, disk,
                Optional.empty(), Optional.empty());
    }

    /** The same with forecasts. */
    public Speed with(Optional<TokenForecast> expected, Optional<TokenForecast> explained) {
        return new Speed(test, samples, memory, disk, expected, explained);
    }

    /** The same, knowing what the disk can do. */
    public Speed with(double diskBytesPerSecond) {
        return new Speed(test, samples, memory, disk.map(use -> use.of(diskBytesPerSecond)), forecast, explanation);
    }

    /** The middle one; of an even number the mean of the middle two. */
    public double median() {
        return median(samples);
    }

    /** The middle of what memory gave; empty if nobody looked. */
    public OptionalDouble memoryMedian() {
        return memory.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(median(memory));
    }

    /** The middle part of memory's speed that was used by tokens which read so many bytes, each repetition beside its own; empty if nobody looked. */
    public OptionalDouble memoryShare(long bytesPerToken) {
        return memory.isEmpty() ? OptionalDouble.empty()
                : OptionalDouble.of(median(IntStream.range(0, samples.size()).mapToObj(i -> samples.get(i) * bytesPerToken / memory.get(i)).toList()));
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    /** The slowest. */
    public double least() {
        return samples.stream().min(Double::compare).orElseThrow();
    }

    /** The fastest. */
    public double most() {
        return samples.stream().max(Double::compare).orElseThrow();
    }
}
