package org.mojave.engine.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * OpenBLAS through the foreign-function API, always on the calling thread. Short calls get the arrays of the Java heap
 * without a copy; as such a call holds up the garbage collector, long factorisations work on a copy outside the heap.
 *
 * <p>{@link #status()} loads the library once per process and tells what came of it; nothing is thrown where it cannot
 * be loaded. Reference: {@link ScalarReference}; benchmark: {@code KernelBench} in {@code bench}.
 */
public final class OpenBlas implements LinearAlgebra {
    private static final int ROW_MAJOR = 101;
    private static final int COLUMN_MAJOR = 102;
    private static final int PLAIN = 111;
    private static final int TRANSPOSED = 112;
    /** Rows of the left operand in one call: a few milliseconds at most. */
    private static final int ROWS_PER_CALL = 1024;
    /** Largest order of a matrix that is factorised on the heap. */
    private static final int LARGEST_ON_HEAP = 2048;
    /** The row-major lower triangle is the upper one to a column-major library. */
    private static final byte UPPER = 'U';

    /** What came of loading the library. */
    public sealed interface Status {
        /** Loaded and bound. */
        record Available(OpenBlas algebra) implements Status {}

        /** Not usable here; {@code reason} is one clause for people. */
        record Unavailable(String reason) implements Status {}
    }

    private static final class Holder {
        static final Status STATUS = OpenBlasLibrary.load();
    }

    private final boolean narrow;
    private final MethodHandle sgemm;
    private final Factorization potrf;
    private final Factorization potri;
    private final Factorization trtri;
    private final String description;

    /** A LAPACK routine bound twice: for heap arrays, and for long calls on memory outside the heap. */
    private record Factorization(MethodHandle onHeap, MethodHandle offHeap) {}

    /**
     * Binds the functions; throws IllegalArgumentException if one is missing. {@code narrow}: the library uses narrower
     * vectors than the Java products, which are then faster and take over.
     */
    OpenBlas(SymbolLookup library, String description, boolean narrow) {
        this.narrow = narrow;
        ValueLayout.OfInt integer = ValueLayout.JAVA_INT;
        sgemm = bind(library, "cblas_sgemm", FunctionDescriptor.ofVoid(integer, integer, integer, integer, integer, integer,
                ValueLayout.JAVA_FLOAT, ValueLayout.ADDRESS, integer, ValueLayout.ADDRESS, integer,
                ValueLayout.JAVA_FLOAT, ValueLayout.ADDRESS, integer), Linker.Option.critical(true));
        FunctionDescriptor symmetric =
                FunctionDescriptor.of(integer, integer, ValueLayout.JAVA_BYTE, integer, ValueLayout.ADDRESS, integer);
        FunctionDescriptor triangular = FunctionDescriptor.of(
                integer, integer, ValueLayout.JAVA_BYTE, ValueLayout.JAVA_BYTE, integer, ValueLayout.ADDRESS, integer);
        potrf = factorization(library, "LAPACKE_dpotrf", symmetric);
        potri = factorization(library, "LAPACKE_dpotri", symmetric);
        trtri = factorization(library, "LAPACKE_dtrtri", triangular);
        this.description = description;
    }

    private OpenBlas(OpenBlas other, boolean narrow) {
        this.narrow = narrow;
        sgemm = other.sgemm;
        potrf = other.potrf;
        potri = other.potri;
        trtri = other.trtri;
        description = other.description;
    }

    /** The same library, multiplying itself even where Java is faster. */
    OpenBlas withOwnProducts() {
        return new OpenBlas(this, false);
    }

    /** Loads the library at the first call; the answer never changes afterwards. */
    public static Status status() {
        return Holder.STATUS;
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public void multiplyTransposed(Block x, Block w, Block y, Extent extent) {
        if (narrow) {
            VectorGemm.multiplyTransposed(x, w, y, extent);
            return;
        }
        x.check(extent.rows(), extent.depth());
        w.check(extent.columns(), extent.depth());
        y.check(extent.rows(), extent.columns());
        for (int r = 0; r < extent.rows(); r += ROWS_PER_CALL) {
            Extent part = new Extent(Math.min(ROWS_PER_CALL, extent.rows() - r), extent.columns(), extent.depth());
            gemm(new Call(PLAIN, TRANSPOSED, 1, 0), x.at(r, 0), w, y.at(r, 0), part);
        }
    }

    @Override
    public void addTransposed(float alpha, Block a, Block b, Block c, Extent extent) {
        if (narrow) {
            VectorGemm.addTransposed(alpha, a, b, c, extent);
            return;
        }
        a.check(extent.depth(), extent.rows());
        b.check(extent.depth(), extent.columns());
        c.check(extent.rows(), extent.columns());
        for (int r = 0; r < extent.rows(); r += ROWS_PER_CALL) {
            Extent part = new Extent(Math.min(ROWS_PER_CALL, extent.rows() - r), extent.columns(), extent.depth());
            gemm(new Call(TRANSPOSED, PLAIN, alpha, 1), a.at(0, r), b, c.at(r, 0), part);
        }
    }

    private record Call(int left, int right, float alpha, float beta) {}

    private void gemm(Call call, Block a, Block b, Block c, Extent extent) {
        if (extent.rows() == 0 || extent.columns() == 0) {
            return;
        }
        try {
            sgemm.invokeExact(ROW_MAJOR, call.left(), call.right(), extent.rows(), extent.columns(), extent.depth(),
                    call.alpha(), segment(a), Math.max(1, a.stride()), segment(b), Math.max(1, b.stride()),
                    call.beta(), segment(c), Math.max(1, c.stride()));
        } catch (Throwable e) {
            throw new IllegalStateException("cblas_sgemm failed", e);
        }
    }

    private static MemorySegment segment(Block block) {
        return MemorySegment.ofArray(block.values()).asSlice(4L * block.offset());
    }

    @Override
    public boolean cholesky(double[] a, int n) {
        return symmetric(potrf, a, n);
    }

    @Override
    public boolean invert(double[] a, int n) {
        if (!symmetric(potrf, a, n) || !symmetric(potri, a, n)) {
            return false;
        }
        Factorizations.mirrorLower(a, n);
        return true;
    }

    private static boolean symmetric(Factorization routine, double[] a, int n) {
        return run(routine, a, n, (handle, memory) -> (int) handle.invokeExact(COLUMN_MAJOR, UPPER, n, memory, Math.max(1, n)));
    }

    @Override
    public boolean invertLower(double[] l, int n) {
        byte diagonal = 'N';
        return run(trtri, l, n,
                (handle, memory) -> (int) handle.invokeExact(COLUMN_MAJOR, UPPER, diagonal, n, memory, Math.max(1, n)));
    }

    @FunctionalInterface
    private interface Routine {
        int call(MethodHandle handle, MemorySegment matrix) throws Throwable;
    }

    private static boolean run(Factorization handles, double[] a, int n, Routine routine) {
        Factorizations.checkSquare(a, n);
        try {
            if (n <= LARGEST_ON_HEAP) {
                return routine.call(handles.onHeap(), MemorySegment.ofArray(a)) == 0;
            }
            try (Arena arena = Arena.ofConfined()) {
                int size = n * n;
                MemorySegment copy = arena.allocate(8L * size, 64);
                MemorySegment.copy(a, 0, copy, ValueLayout.JAVA_DOUBLE, 0, size);
                int info = routine.call(handles.offHeap(), copy);
                MemorySegment.copy(copy, ValueLayout.JAVA_DOUBLE, 0, a, 0, size);
                return info == 0;
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("LAPACK call failed", e);
        }
    }

    private static Factorization factorization(SymbolLookup library, String name, FunctionDescriptor type) {
        return new Factorization(bind(library, name, type, Linker.Option.critical(true)), bind(library, name, type));
    }

    private static MethodHandle bind(SymbolLookup library, String name, FunctionDescriptor type, Linker.Option... options) {
        MemorySegment address = library.find(name)
                .orElseThrow(() -> new IllegalArgumentException("OpenBLAS has no function " + name));
        return Linker.nativeLinker().downcallHandle(address, type, options);
    }
}
