package org.mojave.engine.kernel;

import java.util.List;
import java.util.stream.IntStream;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums the lanes of a vector in a fixed order, halves onto halves. {@code reduceLanes(ADD)} leaves the order open, and
 * interpreted and compiled code do differ in it: the same product then has other last bits before and after it is compiled.
 */
final class LaneSum {
    private static final List<VectorShuffle<Float>> FLOAT_FOLDS = folds(FloatVector.SPECIES_PREFERRED);
    private static final List<VectorShuffle<Double>> DOUBLE_FOLDS = folds(DoubleVector.SPECIES_PREFERRED);

    private LaneSum() {}

    /** Sum of a vector of the preferred species. */
    static float of(FloatVector vector) {
        FloatVector sum = vector;
        for (int i = 0; i < FLOAT_FOLDS.size(); i++) {
            sum = sum.add(sum.rearrange(FLOAT_FOLDS.get(i)));
        }
        return sum.lane(0);
    }

    /** Sum of a vector of the preferred species. */
    static double of(DoubleVector vector) {
        DoubleVector sum = vector;
        for (int i = 0; i < DOUBLE_FOLDS.size(); i++) {
            sum = sum.add(sum.rearrange(DOUBLE_FOLDS.get(i)));
        }
        return sum.lane(0);
    }

    /** For each halving the shuffle that brings the upper half down. */
    private static <E> List<VectorShuffle<E>> folds(VectorSpecies<E> species) {
        return IntStream.iterate(species.length() / 2, half -> half > 0, half -> half / 2)
                .mapToObj(half -> species.iotaShuffle(half, 1, true))
                .toList();
    }
}
