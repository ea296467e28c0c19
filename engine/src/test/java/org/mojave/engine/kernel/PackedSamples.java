package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/** Seeded packed matrices of every scheme, and all native variants that run here. */
final class PackedSamples {
    private PackedSamples() {}

    /** Every scheme, with shapes that have short tiles, runs and groups. */
    static List<PackedLayout> layouts() {
        List<PackedLayout> layouts = new ArrayList<>();
        for (int bits : new int[] {1, 2, 3, 4, 8}) {
            for (int group : new int[] {Scheme.WHOLE_ROW, 32, 64, 128}) {
                for (boolean symmetric : new boolean[] {true, false}) {
                    Scheme scheme = new Scheme(bits, group, symmetric);
                    layouts.add(new PackedLayout(scheme, 53, 317));
                    layouts.add(new PackedLayout(scheme, 32, 256));
                    layouts.add(new PackedLayout(scheme, 3, 20));
                }
            }
        }
        return layouts;
    }

    /** Codes and zeros reach both ends of their range. */
    static PackedMatrix random(PackedLayout layout, Random random) {
        int codes = layout.scheme().largestCode() + 1;
        byte[] code = new byte[layout.rows() * layout.columns()];
        float[] scales = new float[layout.rows() * layout.groups()];
        byte[] zeros = new byte[layout.scheme().symmetric() ? 0 : scales.length];
        for (int i = 0; i < code.length; i++) {
            code[i] = (byte) (i % 7 == 0 ? codes - 1 : random.nextInt(codes));
        }
        for (int i = 0; i < scales.length; i++) {
            scales[i] = Float.float16ToFloat(Float.floatToFloat16(0.01f + random.nextFloat() * 0.1f));
        }
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (byte) random.nextInt(codes);
        }
        MemorySegment memory = MemorySegment.ofArray(new byte[Math.toIntExact(layout.bytes())]);
        PackedCodec.pack(new CodedMatrix(layout.scheme(), layout.rows(), layout.columns(), code, scales, zeros), memory);
        return new PackedMatrix(layout, memory);
    }

    /** Every variant that this processor runs; empty where the library could not be built. */
    static List<NativeKernels> kernels() {
        List<NativeKernels> kernels = new ArrayList<>();
        for (NativeVariant variant : NativeVariant.values()) {
            if (NativeSupport.load(new NativeChoice.Only(variant)) instanceof NativeSupport.Available(NativeKernels found)) {
                kernels.add(found);
            }
        }
        return kernels;
    }
}
