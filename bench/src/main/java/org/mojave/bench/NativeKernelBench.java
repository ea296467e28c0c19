package org.mojave.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.GgufMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.NativeVariant;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufType;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/**
 * Products of 2048 × 2048 matrices, streamed from memory: GB/s of weights (scales included) and their share of the read
 * bandwidth measured just before, for one token; GOP/s for 512 tokens.
 *
 * <p>One thread is timed by its CPU time, which other processes do not change (they do change the bandwidth left); two
 * threads by the clock, to be believed on a quiet machine only. Arguments: paths (of {@code avx512 avxvnni avx2 java};
 * default all that run here), then schemes, {@code bf16 f16 f32} or types of GGUF blocks ({@code q4_k}).
 */
public final class NativeKernelBench {
    private static final int SIZE = 2048;
    private static final long MEMORY = 384L << 20;
    private static final int TOKENS = 512;
    private static final int REPEATS = 7;
    private static final List<String> STORAGES = List.of("8g128s", "8g32s", "4g128s", "4g64a", "4g32s", "3g128s", "3g64a",
            "2g128s", "2g64a", "2g32s", "1g128s", "1g64a", "4rows", "bf16", "f16", "f32", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q2_k", "q3_k",
            "q4_k", "q5_k", "q6_k");
    private static final List<Long> SHAPE = List.of((long) SIZE, (long) SIZE);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final MemorySegment memory;
    private final Workers one = new Workers(1);
    private final Workers two = new Workers(2);
    @SuppressWarnings("unused") // written so that nothing measured is optimised away
    private volatile long consumed;

    private NativeKernelBench(MemorySegment memory) {
        this.memory = memory;
        SplittableRandom random = new SplittableRandom(1);
        for (long i = 0; i < memory.byteSize(); i += 8) {
            // Every 16 bits are a float16 between 2^-7 and 0.25, so that scales are ordinary numbers.
            memory.set(ValueLayout.JAVA_LONG, i, (random.nextLong() & 0x2fff2fff2fff2fffL) | 0x2000200020002000L);
        }
    }

    /** Prints the table. */
    public static void main(String[] arguments) {
        List<String> asked = List.of(arguments);
        List<String> storages = STORAGES.stream().filter(asked::contains).toList();
        List<String> all = List.of("avx512", "avxvnni", "avx2", "java");
        List<String> paths = all.stream().filter(asked::contains).toList();
        try (Arena arena = Arena.ofShared()) {
            NativeKernelBench bench = new NativeKernelBench(arena.allocate(MEMORY, 4096));
            for (String path : paths.isEmpty() ? all : paths) {
                bench.table(path, storages.isEmpty() ? STORAGES : storages);
            }
            bench.one.close();
            bench.two.close();
        }
    }

    private void table(String name, List<String> storages) {
        NativeSupport support = NativeSupport.load(switch (name) {
            case "avx512" -> new NativeChoice.Only(NativeVariant.AVX512);
            case "avxvnni" -> new NativeChoice.Only(NativeVariant.AVX_VNNI);
            case "avx2" -> new NativeChoice.Only(NativeVariant.AVX2);
            default -> new NativeChoice.None();
        });
        System.out.println(support.describe());
        if (support instanceof NativeSupport.Unavailable && !name.equals("java")) {
            return;
        }
        ProductPath path = ProductPath.of(support);
        System.out.println(path.describe());
        System.out.println("| storage | bits/weight | 1 token GB/s (of read bandwidth) | Gweights/s | 2 threads GB/s, clock"
                + " | 512 tokens GOP/s | 2 threads, clock |");
        System.out.println("|---|---|---|---|---|---|---|");
        for (String storage : storages) {
            row(path, storage);
        }
    }

    private void row(ProductPath path, String storage) {
        List<Matrix> matrices = matrices(storage);
        float[] x = new float[TOKENS * SIZE];
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextDouble(-1, 1);
        }
        float[] y = new float[TOKENS * SIZE];
        double bandwidth = MEMORY / seconds(NativeKernelBench::cpu, this::read) / 1e9;
        double bytes = matrices.stream().mapToLong(Matrix::storedBytes).sum();
        double weights = (double) matrices.size() * SIZE * SIZE;
        double decode = seconds(NativeKernelBench::cpu, () -> matrices.forEach(w -> path.multiply(w, x, 1, y, one)));
        double decodeTwo = seconds(System::nanoTime, () -> matrices.forEach(w -> path.multiply(w, x, 1, y, two)));
        double prompt = seconds(NativeKernelBench::cpu, () -> path.multiply(matrices.getFirst(), x, TOKENS, y, one));
        double promptTwo = seconds(System::nanoTime, () -> path.multiply(matrices.getFirst(), x, TOKENS, y, two));
        double operations = 2.0 * SIZE * SIZE * TOKENS / 1e9;
        consumed = Float.floatToRawIntBits(y[SIZE]);
        System.out.printf(Locale.ROOT, "| %s | %.2f | %.1f (%.0f %% of %.1f) | %.1f | %.1f | %.0f | %.0f |%n", storage,
                8 * bytes / weights, bytes / decode / 1e9, 100 * bytes / decode / 1e9 / bandwidth, bandwidth,
                weights / decode / 1e9, bytes / decodeTwo / 1e9, operations / prompt, operations / promptTwo);
    }

    private List<Matrix> matrices(String storage) {
        if (storage.startsWith("q")) {
            GgufType type = GgufType.valueOf(storage.toUpperCase(Locale.ROOT));
            return matrices((long) SIZE * SIZE / type.blockElements() * type.blockBytes(), part -> new GgufMatrix(new GgufTensor("w", type, SHAPE, part)));
        }
        if (storage.contains("f")) {
            ElementType type = ElementType.valueOf(storage.toUpperCase(Locale.ROOT));
            return matrices((long) type.bytes() * SIZE * SIZE, part -> new DenseMatrix(new TensorData("w", type, SHAPE, part)));
        }
        PackedLayout layout = new PackedLayout(Scheme.parse(storage), SIZE, SIZE);
        return matrices(layout.bytes(), part -> new PackedMatrix(layout, part));
    }

    /** As many of so many bytes as the memory holds. */
    private List<Matrix> matrices(long bytes, Function<MemorySegment, Matrix> matrix) {
        List<Matrix> matrices = new ArrayList<>();
        for (long at = 0; at + bytes <= MEMORY; at += bytes) {
            matrices.add(matrix.apply(memory.asSlice(at, bytes)));
        }
        return matrices;
    }

    private static long cpu() {
        return THREADS.getCurrentThreadCpuTime();
    }

    private static double seconds(LongSupplier clock, Runnable work) {
        double[] times = new double[REPEATS];
        work.run();
        for (int i = 0; i < REPEATS; i++) {
            long start = clock.getAsLong();
            work.run();
            times[i] = (clock.getAsLong() - start) / 1e9;
        }
        Arrays.sort(times);
        return times[REPEATS / 2];
    }

    private void read() {
        long sum = 0;
        for (long at = 0; at < MEMORY; at += 1 << 20) {
            sum += read(memory.asSlice(at, 1 << 20));
        }
        consumed = sum;
    }

    private static long read(MemorySegment part) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        for (int i = 0; i < 1 << 20; i += 32) {
            a += part.get(ValueLayout.JAVA_LONG, i);
            b += part.get(ValueLayout.JAVA_LONG, i + 8);
            c += part.get(ValueLayout.JAVA_LONG, i + 16);
            d += part.get(ValueLayout.JAVA_LONG, i + 24);
        }
        return a + b + c + d;
    }
}
