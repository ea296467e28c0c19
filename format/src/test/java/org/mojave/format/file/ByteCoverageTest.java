package org.mojave.format.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ByteCoverageTest {
    @Test
    void knowsTheSameGapsAsABitSet() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            ByteCoverage coverage = new ByteCoverage();
            BitSet bits = new BitSet();
            for (int i = 0; i < 40; i++) {
                int begin = random.nextInt(200);
                int end = begin + random.nextInt(20);
                coverage.add(begin, end);
                bits.set(begin, end);
                for (int from = 0; from < 220; from++) {
                    assertThat(coverage.firstGap(from)).as("seed " + seed).isEqualTo(bits.nextClearBit(from));
                }
            }
        }
    }
}
