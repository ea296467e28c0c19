package org.mojave.engine.kernel;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * The C kernels ({@code gguf.h}) of one instruction set for blocks of GGUF files, on the calling thread; as in {@link
 * NativeKernels}, bounds are checked here and calls on heap arrays are kept short. Few tokens go row by row; many share the
 * decoding of 16 rows, and their sums are then rounded in another order. All variants return the same bits; the reference is
 * the codec of the type ({@link ScalarReference}); benchmark: {@code NativeKernelBench} in {@code bench}.
 */
final class GgufKernels {
    /** From this many tokens on, decoding 16 rows for all tokens pays. */
    static final int MANY_TOKENS = 4;
    /** Rows decoded together. */
    static final int TILE_ROWS = 16;
    /** As many as the kernel has memory for; the same as in {@link NativeKernels}. */
    private static final int TOKENS_PER_CALL = 96;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final Linker.Option HEAP = Linker.Option.critical(true);
    private static final MethodHandle MULTIPLY = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(LONG, LONG,
            ValueLayout.ADDRESS, LONG, LONG, LONG, LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG, LONG,
            ValueLayout.ADDRESS), HEAP);
    private static final MethodHandle QUANTIZE = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
            ValueLayout.ADDRESS, LONG, LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS), HEAP);

    private final MemorySegment multiply;
    private final MemorySegment quantize;

    /** Binds the symbols; IllegalArgumentException if one is missing. */
    GgufKernels(NativeVariant variant, SymbolLookup library) {
        multiply = NativeKernels.find(library, variant.ggufSymbol());
        quantize = NativeKernels.find(library, "mojave_gguf_quantize");
    }

    /** Quantizes rows {@code first … first+count−1} of x [target.tokens, target.columns]; {@code target} has the shape already. */
    void quantize(Block x, int first, int count, GgufActivations target) {
        Objects.checkFromIndexSize(first, count, target.tokens());
        int columns = target.columns();
        NativeKernels.checkWhole(x, first + count, columns);
        try {
            QUANTIZE.invokeExact(quantize, NativeKernels.floats(x.values(), x.offset() + (long) first * columns), (long) count,
                    (long) columns, values(target, first), scales(target, first), sums(target, first));
        } catch (Throwable e) {
            throw NativeKernels.failure(e);
        }
    }

    /**
     * Rows {@code range} of {@code y = x · Wᵀ}: y [x.tokens, W.rows], other rows untouched. With {@code independent} many tokens are
     * computed as one would be.
     */
    void multiply(GgufMatrix w, GgufActivations x, NativeKernels.Rows range, Block y, boolean independent) {
        Objects.checkFromToIndex(range.first(), range.end(), w.rows());
        NativeKernels.checkWhole(y, x.tokens(), w.rows());
        if (x.columns() != w.columns() || !w.hasKernels()) {
            throw new IllegalArgumentException("no product of " + x.columns() + " columns with a matrix of " + w.columns()
                    + " columns in " + w.storage());
        }
        long byTile = independent || x.tokens() < MANY_TOKENS ? 0 : 1;
        for (int t = 0; t < x.tokens(); t += TOKENS_PER_CALL) {
            try {
                MULTIPLY.invokeExact(multiply, (long) w.tensor().type().wireId(), byTile, w.tensor().bytes(), (long) w.rows(),
                        w.rowBytes(), (long) range.first(), (long) range.end(), values(x, t), scales(x, t), sums(x, t),
                        (long) x.spans(), (long) Math.min(TOKENS_PER_CALL, x.tokens() - t),
                        NativeKernels.floats(y.values(), y.offset() + (long) t * w.rows()));
            } catch (Throwable e) {
                throw NativeKernels.failure(e);
            }
        }
    }

    private static MemorySegment values(GgufActivations x, int token) {
        return NativeKernels.bytes(x.values(), (long) token * x.spans() * GgufActivations.SPAN);
    }

    private static MemorySegment scales(GgufActivations x, int token) {
        return NativeKernels.floats(x.scales(), (long) token * x.spans() * (GgufActivations.SPAN / GgufActivations.RUN));
    }

    private static MemorySegment sums(GgufActivations x, int token) {
        return NativeKernels.floats(x.sums(), (long) token * x.spans() * (GgufActivations.SPAN / GgufActivations.HALF_RUN));
    }
}
