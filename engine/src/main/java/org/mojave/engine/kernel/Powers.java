package org.mojave.engine.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Powers of many numbers, which the Vector API hands to the vector mathematics library of the JDK. Reference: {@link
 * ScalarReference#addDistances}.
 */
public final class Powers {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

    private Powers() {}

    /** {@code sums[l] += |a[aOffset + l] − b[l]|^exponent} for every l of {@code sums}. */
    public static void addDistances(float[] a, int aOffset, float[] b, float exponent, float[] sums) {
        int l = 0;
        for (; l < FLOATS.loopBound(sums.length); l += FLOATS.length()) {
            FloatVector distance = FloatVector.fromArray(FLOATS, a, aOffset + l).sub(FloatVector.fromArray(FLOATS, b, l)).abs();
            distance.lanewise(VectorOperators.POW, exponent).add(FloatVector.fromArray(FLOATS, sums, l)).intoArray(sums, l);
        }
        for (; l < sums.length; l++) {
            sums[l] += (float) Math.pow(Math.abs(a[aOffset + l] - b[l]), exponent);
        }
    }
}
