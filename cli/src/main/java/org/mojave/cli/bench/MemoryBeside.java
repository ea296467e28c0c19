package org.mojave.cli.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.mojave.cli.machine.MemoryReader;

/**
 * What memory gives between the repetitions of a test. On a machine that is shared it may change twofold within seconds, so that a look
 * after the tests says little of what bounded them.
 */
public final class MemoryBeside implements AutoCloseable {
    private static final Duration LOOK = Duration.ofMillis(60);

    private final Optional<MemoryReader> reader;

    private MemoryBeside(Optional<MemoryReader> reader) {
        this.reader = reader;
    }

    /** Looks with so many threads; takes memory for it. */
    public static MemoryBeside with(int threads) {
        return new MemoryBeside(Optional.of(new MemoryReader(threads)));
    }

    /** Never looks: for tests that memory does not bound, or that leave no memory for it. */
    public static MemoryBeside never() {
        return new MemoryBeside(Optional.empty());
    }

    /** Bytes of memory that it keeps resident. */
    public long bytes() {
        return reader.map(MemoryReader::bytes).orElse(0L);
    }

    /** Looks at one moment of a test: before its first repetition, then after each. */
    public Looks begin(SpeedTest test) throws InterruptedException {
        Looks looks = new Looks(test.oneByOne() ? reader : Optional.empty());
        looks.look();
        return looks;
    }

    /** Those of one test. */
    public static final class Looks {
        private final Optional<MemoryReader> reader;
        private final List<Double> seen = new ArrayList<>();

        private Looks(Optional<MemoryReader> reader) {
            this.reader = reader;
        }

        /** One more look. */
        public void look() throws InterruptedException {
            if (reader.isPresent()) {
                seen.add(reader.get().look(LOOK));
            }
        }

        /** For each repetition the mean of the looks before and after it; empty if nobody looked. */
        public List<Double> besideEach() {
            return IntStream.range(1, seen.size()).mapToObj(i -> (seen.get(i - 1) + seen.get(i)) / 2).toList();
        }
    }

    @Override
    public void close() {
        reader.ifPresent(MemoryReader::close);
    }
}
