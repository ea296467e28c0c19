package org.mojave.bench;

import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.PortableAlgebra;

/** What the ladders have in common: parameter texts and what they stand for. */
final class Ladder {
    static final String PREFERRED = "preferred";
    static final String PORTABLE = "java";

    private Ladder() {}

    static LinearAlgebra algebra(String name) {
        return switch (name) {
            case PREFERRED -> LinearAlgebra.preferred();
            case PORTABLE -> new PortableAlgebra();
            default -> throw new IllegalArgumentException("no arithmetic named " + name);
        };
    }

    /** The best native kernels; an IllegalStateException says why there are none. */
    static NativeKernels natives() {
        return switch (support()) {
            case NativeSupport.Available(NativeKernels kernels) -> kernels;
            case NativeSupport.Unavailable unavailable -> throw new IllegalStateException(unavailable.describe());
        };
    }

    /** What {@link #natives} come from. */
    static NativeSupport support() {
        return NativeSupport.load(new NativeChoice.Best());
    }

    /** Numbers separated by ×. */
    static int[] shape(String text) {
        String[] parts = text.split("x", -1);
        int[] shape = new int[parts.length];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Integer.parseInt(parts[i]);
        }
        return shape;
    }
}
