package org.mojave.engine.kernel;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.packed.Trellis;
import org.mojave.format.tensor.ElementType;

/**
 * The C kernels ({@code engine/src/main/native}) of one instruction set, on the calling thread. Bounds are checked here,
 * not in C. Java arrays are passed without a copy; since such a call holds up the garbage collector, it gets at most
 * {@value #TOKENS_PER_CALL} tokens, and callers give it few tiles. Reference: {@link PackedOracle}, equal in every bit;
 * benchmark: {@code NativeKernelBench} in {@code bench}.
 */
public final class NativeKernels {
    /** With a few tiles they stay in the second-level cache. A multiple of the six tokens of the register block. */
    private static final int TOKENS_PER_CALL = 96;

    /** Fields of {@code attention} in attention.h before the queries' first keys. */
    private static final int ATTENTION_FIELDS = 11;
    /** Keys of a block in attention.h. */
    private static final int ATTENTION_KEYS = 64;

    /** Fields of {@code packed_matrix} in mojave.h before the tables of a trellis. */
    private static final int SHAPE_FIELDS = 11;
    private static final long[][] TRELLIS_FIELDS = {null, trellisFields(1), trellisFields(2), trellisFields(3), trellisFields(4)};

    /** Bound to no address, so that they are constants whatever library was loaded. */
    private static final class Calls {
        private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
        private static final Linker.Option HEAP = Linker.Option.critical(true);
        static final MethodHandle PACKED = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG, LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                ValueLayout.ADDRESS, LONG, LONG, ValueLayout.ADDRESS), HEAP);
        static final MethodHandle SPARSE = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG, ValueLayout.ADDRESS), HEAP);
        static final MethodHandle DENSE = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                LONG, ValueLayout.ADDRESS, LONG, LONG, LONG, LONG, ValueLayout.ADDRESS, LONG, ValueLayout.ADDRESS), HEAP);
        static final MethodHandle QUANTIZE = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS, LONG, LONG, LONG, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS), HEAP);
        static final MethodHandle ATTEND = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS, ValueLayout.JAVA_FLOAT, ValueLayout.JAVA_FLOAT, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS), HEAP);
        static final MethodHandle SEARCH = Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_FLOAT,
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG), HEAP);
        static final MethodHandle SILU = Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS, ValueLayout.ADDRESS, LONG), HEAP);
    }

    private final NativeVariant variant;
    private final String trellisLabel;
    private final MemorySegment packed;
    private final MemorySegment sparse;
    private final MemorySegment trellis;
    private final MemorySegment trellisSearch;
    private final MemorySegment dense;
    private final MemorySegment quantize;
    private final MemorySegment attention;
    private final MemorySegment silu;
    private final GgufKernels gguf;

    /** Binds the symbols; IllegalArgumentException if one is missing. */
    NativeKernels(NativeVariant variant, int capabilities, SymbolLookup library) {
        this.variant = variant;
        trellisLabel = variant.trellisLabel(capabilities);
        trellis = find(library, variant.trellisSymbol(capabilities));
        trellisSearch = find(library, variant.trellisSearchSymbol());
        packed = find(library, variant.packedSymbol());
        sparse = find(library, variant.sparseSymbol());
        dense = find(library, variant.denseSymbol());
        quantize = find(library, "mojave_quantize");
        attention = find(library, variant.attentionSymbol());
        silu = find(library, variant.siluSymbol());
        gguf = new GgufKernels(variant, library);
    }

    static MemorySegment find(SymbolLookup library, String symbol) {
        return library.find(symbol).orElseThrow(() -> new IllegalArgumentException("it lacks " + symbol));
    }

    /** Instruction set of these kernels. */
    public NativeVariant variant() {
        return variant;
    }

    /** What the products with trellis schemes use of the processor. */
    String trellisLabel() {
        return trellisLabel;
    }

    /** What multiplies a matrix that these kernels know. */
    Means means(Matrix w) {
        return switch (w) {
            case DenseMatrix _ -> new Means.Native(variant.floatLabel(), false);
            case PackedMatrix packed when packed.scheme().trellis() -> new Means.Native(trellisLabel, true);
            default -> new Means.Native(variant.label(), true);
        };
    }

    /** Those for blocks of GGUF files. */
    GgufKernels gguf() {
        return gguf;
    }

    /** Whether {@link #multiplyDense} can read that type. */
    public static boolean supports(ElementType type) {
        return type == ElementType.F32 || type == ElementType.BF16 || type == ElementType.F16;
    }

    /** Quantizes rows {@code first … first+count−1} of x [target.tokens, target.columns]; {@code target} has the shape already. */
    public void quantize(Block x, int first, int count, QuantizedActivations target) {
        Objects.checkFromIndexSize(first, count, target.tokens());
        int columns = target.columns();
        checkWhole(x, first + count, columns);
        int group = first * target.groups();
        try {
            Calls.QUANTIZE.invokeExact(quantize, floats(x.values(), x.offset() + (long) first * columns), (long) count,
                    (long) columns, (long) target.groupColumns(), bytes(target.values(), (long) first * target.paddedColumns()),
                    floats(target.scales(), group), ints(target.sums(), group));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /**
     * Rows of tiles {@code tiles} of {@code y = x · Wᵀ}: y [x.tokens, W.rows], other rows untouched. The activations' group
     * must divide the weights'.
     */
    public void multiply(PackedMatrix w, QuantizedActivations x, Rows tiles, Block y) {
        PackedLayout layout = w.layout();
        Objects.checkFromToIndex(tiles.first(), tiles.end(), layout.tiles());
        checkWhole(y, x.tokens(), w.rows());
        checkFits(w, x);
        MemorySegment shape = MemorySegment.ofArray(shape(layout, x));
        MemorySegment product = layout.scheme().trellis() ? trellis : packed;
        for (int t = 0; t < x.tokens(); t += TOKENS_PER_CALL) {
            int group = t * x.groups();
            try {
                Calls.PACKED.invokeExact(product, shape, w.bytes(), (long) tiles.first(), (long) tiles.end(),
                        bytes(x.values(), (long) t * x.paddedColumns()), floats(x.scales(), group), ints(x.sums(), group),
                        (long) x.groups(), (long) Math.min(TOKENS_PER_CALL, x.tokens() - t),
                        floats(y.values(), y.offset() + (long) t * w.rows()));
            } catch (Throwable e) {
                throw failure(e);
            }
        }
    }

    /**
     * Rows of the tiles {@code list[range.first()] … list[range.end()−1]} of {@code y = x · Wᵀ} for one token, other rows untouched; of the
     * columns only {@code units} are read. Not for schemes with a trellis.
     */
    void multiplySparse(PackedMatrix w, QuantizedActivations x, SparseUnits units, TileRange range, Block y) {
        PackedLayout layout = w.layout();
        Objects.checkFromToIndex(range.first(), range.end(), range.list().length);
        for (int i = range.first(); i < range.end(); i++) {
            Objects.checkIndex(range.list()[i], layout.tiles());
        }
        checkWhole(y, 1, w.rows());
        checkFits(w, x);
        units.check(layout, x);
        try {
            Calls.SPARSE.invokeExact(sparse, MemorySegment.ofArray(shape(layout, x)), w.bytes(), ints(range.list(), range.first()),
                    (long) range.end() - range.first(), MemorySegment.ofArray(units.units()), MemorySegment.ofArray(units.starts()),
                    MemorySegment.ofArray(x.values()), MemorySegment.ofArray(x.scales()), MemorySegment.ofArray(x.sums()), (long) x.groups(),
                    floats(y.values(), y.offset()));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /** Entries {@code first … end−1} of a list of tiles. */
    record TileRange(int[] list, int first, int end) {}

    private static void checkFits(PackedMatrix w, QuantizedActivations x) {
        if (x.columns() != w.columns() || !divides(x.groupColumns(), w.scheme())) {
            throw new IllegalArgumentException("activations of " + x.columns() + " columns in groups of " + x.groupColumns()
                    + " do not fit a matrix of " + w.columns() + " columns, scheme " + w.scheme().id());
        }
    }

    /** Rows {@code range} of {@code y = x · Wᵀ} with a float matrix: x [tokens, W.columns], y [tokens, W.rows]. */
    public void multiplyDense(DenseMatrix w, Rows range, Block x, int tokens, Block y) {
        Objects.checkFromToIndex(range.first(), range.end(), w.rows());
        checkWhole(x, tokens, w.columns());
        checkWhole(y, tokens, w.rows());
        long type = typeCode(w.tensor().type());
        MemorySegment weights = w.tensor().bytes();
        Objects.checkFromIndexSize(0, (long) w.rows() * w.columns() * w.tensor().type().bytes(), weights.byteSize());
        for (int t = 0; t < tokens; t += TOKENS_PER_CALL) {
            try {
                Calls.DENSE.invokeExact(dense, type, weights, (long) w.rows(), (long) w.columns(), (long) range.first(),
                        (long) range.end(), floats(x.values(), x.offset() + (long) t * w.columns()),
                        (long) Math.min(TOKENS_PER_CALL, tokens - t), floats(y.values(), y.offset() + (long) t * w.rows()));
            } catch (Throwable e) {
                throw failure(e);
            }
        }
    }

    /** Floats of memory that attention needs for a block of stored keys and one of values. */
    public static int attentionFloats(AttentionTile.Shape shape) {
        return Math.multiplyExact(ATTENTION_KEYS, Math.addExact(shape.keyDimension(), shape.valueDimension()));
    }

    /** Softmax attention over floats; the oracle is {@link ScalarReference#attend}. */
    public void attend(AttentionTile tile) {
        attend(tile, new float[tile.keys().type() == KeyValueType.F32 ? 0 : attentionFloats(tile.shape())]);
    }

    /** The same over rows stored in any way; {@code memory}: {@link #attentionFloats}, for rows that are no floats. */
    public void attend(AttentionTile tile, float[] memory) {
        int queries = tile.first().length;
        AttentionTile.Shape form = tile.shape();
        Stored keys = Stored.of(tile.keys());
        Stored values = Stored.of(tile.values());
        KeyValueType type = tile.keys().type();
        Objects.checkFromIndexSize(0, type == KeyValueType.F32 ? 0 : attentionFloats(form), memory.length);
        long[] fields = new long[ATTENTION_FIELDS + queries];
        fields[0] = queries;
        fields[1] = form.keyDimension();
        fields[2] = form.valueDimension();
        fields[3] = tile.queries().stride();
        fields[4] = keys.stride();
        fields[5] = values.stride();
        fields[6] = tile.contexts().stride();
        fields[7] = tile.last();
        fields[8] = storageCode(type);
        fields[9] = keys.scaleStride();
        fields[10] = values.scaleStride();
        for (int i = 0; i < queries; i++) {
            fields[ATTENTION_FIELDS + i] = tile.first()[i];
        }
        try {
            Calls.ATTEND.invokeExact(attention, MemorySegment.ofArray(fields), form.scale(), form.sink(), start(tile.queries()),
                    keys.components(), keys.scales(), values.components(), values.scales(), MemorySegment.ofArray(memory),
                    start(tile.contexts()));
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /** Rows of a head as C sees them; strides in components and scales. */
    private record Stored(MemorySegment components, long stride, MemorySegment scales, long scaleStride) {
        static Stored of(HeadRows rows) {
            return switch (rows) {
                case HeadRows.Floats(Block block) -> new Stored(start(block), block.stride(), MemorySegment.NULL, 0);
                case HeadRows.Stored(StoredRows stored, int head, int first) -> new Stored(stored.components(first, head), stored.width(),
                        stored.scales(first, head), (long) stored.heads() * stored.runs());
            };
        }
    }

    private static long storageCode(KeyValueType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8 -> 2;
        };
    }

    /**
     * {@code gate[i] = gate[i] / (1 + e^−gate[i]) · up[i]} for {@code first ≤ i < end}, within a few ulp; the oracle is
     * {@link ScalarReference#silu}.
     */
    public void silu(float[] gate, float[] up, int first, int end) {
        Objects.checkFromToIndex(first, end, Math.min(gate.length, up.length));
        try {
            Calls.SILU.invokeExact(silu, floats(gate, first), floats(up, first), (long) end - first);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /** Codes of one row [columns] with scales by column; the search has checked their lengths. Returns the loss. */
    float searchTrellis(NativeTrellisSearch search, float[] row, float[] scales, byte[] found) {
        TrellisSearch.Shape shape = search.shape();
        try {
            return (float) Calls.SEARCH.invokeExact(trellisSearch,
                    MemorySegment.ofArray(new long[] {shape.columns(), shape.bits(), shape.width()}),
                    MemorySegment.ofArray(search.upper()), MemorySegment.ofArray(search.values()), MemorySegment.ofArray(row),
                    MemorySegment.ofArray(scales), MemorySegment.ofArray(found), MemorySegment.ofArray(search.memory()),
                    (long) search.memory().length);
        } catch (Throwable e) {
            throw failure(e);
        }
    }

    /** The kernels know no gaps between rows. */
    static void checkWhole(Block block, int rows, int columns) {
        if (block.stride() != columns) {
            throw new IllegalArgumentException("rows of " + columns + " floats must follow each other, not be " + block.stride()
                    + " apart");
        }
        Objects.checkFromIndexSize(block.offset(), (long) rows * columns, block.values().length);
    }

    /** Rows, or tiles, {@code first … end−1} of a matrix. */
    public record Rows(int first, int end) {}

    /** What a call can throw is unchecked: a closed arena, another thread's memory. */
    static RuntimeException failure(Throwable thrown) {
        return thrown instanceof RuntimeException known ? known : new IllegalStateException(thrown);
    }

    private static long typeCode(ElementType type) {
        if (!supports(type)) {
            throw new IllegalArgumentException("no native product with " + type);
        }
        return type == ElementType.F32 ? 0 : type == ElementType.BF16 ? 1 : 2;
    }

    private static boolean divides(int group, Scheme scheme) {
        return scheme.groupSize() == Scheme.WHOLE_ROW || scheme.groupSize() % group == 0;
    }

    /** The fields of {@code packed_matrix} in mojave.h. */
    private static long[] shape(PackedLayout layout, QuantizedActivations x) {
        int run = PackedLayout.RUN_COLUMNS;
        Scheme scheme = layout.scheme();
        long[] fields = scheme.trellis() ? TRELLIS_FIELDS[scheme.bits()].clone() : new long[SHAPE_FIELDS];
        long[] shape = {
            layout.scheme().bits(),
            scheme.binary() ? 2 : scheme.symmetric() ? 1 : 0,
            layout.rows(),
            layout.runs(),
            Math.ceilDiv(layout.scheme().groupColumns(layout.columns()), run),
            x.groupColumns() / run,
            layout.tileBytes(),
            layout.zerosOffset(),
            layout.codesOffset(),
            scheme.trellis() ? 1 : 0,
            scheme.sixBitScales() ? 1 : 0
        };
        System.arraycopy(shape, 0, fields, 0, SHAPE_FIELDS);
        return fields;
    }

    /** The fields of {@code packed_matrix} for a trellis of so many bits, with its tables, eight bytes to a field. */
    private static long[] trellisFields(int bits) {
        ByteBuffer tables = ByteBuffer.allocate(2 * Trellis.LEVELS).order(ByteOrder.LITTLE_ENDIAN);
        for (int half = 0; half < Trellis.LEVELS; half++) {
            tables.put(half, (byte) Trellis.level(half, bits));
            tables.put(Trellis.LEVELS + half, (byte) Trellis.mixture(half));
        }
        long[] fields = new long[SHAPE_FIELDS + 2 * Trellis.LEVELS / Long.BYTES];
        tables.asLongBuffer().get(fields, SHAPE_FIELDS, fields.length - SHAPE_FIELDS);
        return fields;
    }

    static MemorySegment bytes(byte[] array, long index) {
        return MemorySegment.ofArray(array).asSlice(index);
    }

    private static MemorySegment start(Block block) {
        return floats(block.values(), block.offset());
    }

    static MemorySegment floats(float[] array, long index) {
        return MemorySegment.ofArray(array).asSlice(Float.BYTES * index);
    }

    private static MemorySegment ints(int[] array, long index) {
        return MemorySegment.ofArray(array).asSlice(Integer.BYTES * index);
    }
}
