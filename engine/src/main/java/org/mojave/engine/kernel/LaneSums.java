package org.mojave.engine.kernel;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The sum of a vector's lanes as a tree of halves. {@code reduceLanes} leaves the order open, and the interpreter's differs
 * from the compiler's: a result would depend on how warm the program is.
 */
final class LaneSums {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;
    private static final VectorShuffle<Float> BY_8 = shuffle(FLOATS, 8);
    private static final VectorShuffle<Float> BY_4 = shuffle(FLOATS, 4);
    private static final VectorShuffle<Float> BY_2 = shuffle(FLOATS, 2);
    private static final VectorShuffle<Float> BY_1 = shuffle(FLOATS, 1);
    private static final VectorShuffle<Double> DOUBLES_BY_4 = shuffle(DOUBLES, 4);
    private static final VectorShuffle<Double> DOUBLES_BY_2 = shuffle(DOUBLES, 2);
    private static final VectorShuffle<Double> DOUBLES_BY_1 = shuffle(DOUBLES, 1);

    private LaneSums() {}

    private static <E> VectorShuffle<E> shuffle(VectorSpecies<E> species, int distance) {
        return VectorShuffle.iota(species, distance, 1, true);
    }

    /** Of a vector of the preferred width, at most 16 lanes. */
    static float sum(FloatVector v) {
        FloatVector half = v;
        if (FLOATS.length() > 8) {
            half = half.add(half.rearrange(BY_8));
        }
        if (FLOATS.length() > 4) {
            half = half.add(half.rearrange(BY_4));
        }
        if (FLOATS.length() > 2) {
            half = half.add(half.rearrange(BY_2));
        }
        return half.add(half.rearrange(BY_1)).lane(0);
    }

    /** Of a vector of the preferred width, at most 8 lanes. */
    static double sum(DoubleVector v) {
        DoubleVector half = v;
        if (DOUBLES.length() > 4) {
            half = half.add(half.rearrange(DOUBLES_BY_4));
        }
        if (DOUBLES.length() > 2) {
            half = half.add(half.rearrange(DOUBLES_BY_2));
        }
        return half.add(half.rearrange(DOUBLES_BY_1)).lane(0);
    }
}
