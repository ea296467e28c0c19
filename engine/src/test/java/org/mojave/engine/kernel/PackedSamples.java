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
        for (Scheme scheme : schemes()) {
            layouts.add(new PackedLayout(scheme, 53, 317));
            layouts.add(new PackedLayout(scheme, 32, 256));
            layouts.add(new PackedLayout(scheme, 3, 20));
        }
        return layouts;
    }

    private static List<Scheme> schemes() {
        List<Scheme> schemes = new ArrayList<>();
        for (int bits : new int[] {1, 2, 3, 4, 5, 6, 8}) {
            for (int group : new int[] {Scheme.WHOLE_ROW, 32, 64, 128}) {
                if (bits == 1) {
                    schemes.add(new Scheme(1, group, true, false, false, true));
                }
                for (boolean sixBitScales : group == Scheme.WHOLE_ROW ? new boolean[] {false} : new boolean[] {false, true}) {
                    schemes.add(new Scheme(bits, group, true, sixBitScales));
                    schemes.add(new Scheme(bits, group, false, sixBitScales));
                    if (bits <= 4) {
                        schemes.add(new Scheme(bits, group, true, sixBitScales, true));
                    }
                }
            }
        }
        return schemes;
    }

    /** Codes and zeros reach both ends of their range. */
    static PackedMatrix random(PackedLayout layout, Random random) {
        int codes = layout.scheme().largestCode() + 1;
        byte[] code = new byte[layout.rows() * layout.columns()];
        float[] scales = new float[layout.rows() * layout.groups()];
        byte[] zeros = new byte[layout.scheme().symmetric() ? 0 : scales.length];
        float[] units = new float[layout.scheme().sixBitScales() ? layout.rows() : 0];
        for (int i = 0; i < code.length; i++) {
            code[i] = (byte) (i % 7 == 0 ? codes - 1 : random.nextInt(codes));
        }
        for (int row = 0; row < units.length; row++) {
            units[row] = half(0.001f + random.nextFloat() * 0.01f);
        }
        for (int i = 0; i < scales.length; i++) {
            int smallest = layout.scheme().signedScales() ? -32 : 0;
            scales[i] = units.length == 0 ? half(0.01f + random.nextFloat() * 0.1f)
                    : units[i / layout.groups()] * (smallest + random.nextInt(layout.scheme().largestMultiple() - smallest + 1));
        }
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (byte) random.nextInt(codes);
        }
        MemorySegment memory = MemorySegment.ofArray(new byte[Math.toIntExact(layout.bytes())]);
        PackedCodec.pack(new CodedMatrix(layout.scheme(), layout.rows(), layout.columns(), code, scales, zeros, units), memory);
        return new PackedMatrix(layout, memory);
    }

    private static float half(float value) {
        return Float.float16ToFloat(Float.floatToFloat16(value));
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
