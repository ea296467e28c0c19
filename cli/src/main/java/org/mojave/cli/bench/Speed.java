package org.mojave.cli.bench;

import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.mojave.engine.forecast.TokenForecast;

/**
 * What a test measured.
 *
 * @param test what was timed
 * @param samples tokens per second, of all sequences together, of each repetition, at least one
 * @param disk what streamed experts cost, if experts were streamed
 * @param forecast what the performance model says, if it applies
 * @param explanation what it would have said had it known the disk's speed while the test ran, where experts were read
 */
public record Speed(SpeedTest test, List<Double> samples, Optional<DiskUse> disk, Optional<TokenForecast> forecast, Optional<TokenForecast> explanation) {
    public Speed {
        samples = List.copyOf(samples);
        if (samples.isEmpty()) {
            throw new IllegalArgumentException(test.name() + " was not run");
        }
    }

    /** From the times of the repetitions. */
    public static Speed of(SpeedTest test, LongStream nanos, Optional<DiskUse> disk) {
        return new Speed(test, nanos.mapToObj(time -> (double) test.tokens() * test.sequences() * 1e9 / time).toList(), disk, Optional.empty(),
                Optional.empty());
    }

    /** The same with forecasts. */
    public Speed with(Optional<TokenForecast> expected, Optional<TokenForecast> explained) {
        return new Speed(test, samples, disk, expected, explained);
    }

    /** The same, knowing what the disk can do. */
    public Speed with(double diskBytesPerSecond) {
        return new Speed(test, samples, disk.map(use -> use.of(diskBytesPerSecond)), forecast, explanation);
    }

    /** The middle one; of an even number the mean of the middle two. */
    public double median() {
        List<Double> sorted = samples.stream().sorted().toList();
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
