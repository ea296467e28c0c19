package org.mojave.format.packed;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Writes and reads the packed form of a matrix, one element at a time: the definition of {@link PackedLayout} in code,
 * and the oracle of the faster decoders in {@code engine.kernel}. All values are little-endian.
 *
 * <p>Example: {@code PackedCodec.pack(matrix, arena.allocate(matrix.layout().bytes(), 64))}.
 */
public final class PackedCodec {
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int TILE_ROWS = PackedLayout.TILE_ROWS;
    private static final int RUN_COLUMNS = PackedLayout.RUN_COLUMNS;
    private static final int VECTOR_BYTES = 64;

    private PackedCodec() {}

    /**
     * Packs a matrix into {@code target}, which holds exactly {@code matrix.layout().bytes()} bytes. Scales must be
     * float16 values already (codes chosen for other scales would not fit them): else IllegalArgumentException.
     */
    public static void pack(CodedMatrix matrix, MemorySegment target) {
        PackedLayout layout = matrix.layout();
        checkSize(layout, target);
        target.fill((byte) 0);
        for (int row = 0; row < matrix.rows(); row++) {
            for (int group = 0; group < layout.groups(); group++) {
                float scale = matrix.scales()[row * layout.groups() + group];
                target.set(HALF, scaleOffset(layout, row, group), toHalf(scale, row, group));
                if (!layout.scheme().symmetric()) {
                    setZero(layout, target, row, group, matrix.zero(row, group));
                }
            }
            for (int column = 0; column < matrix.columns(); column++) {
                setCode(layout, target, row, column, matrix.codes()[row * matrix.columns() + column] & 0xff);
            }
        }
    }

    /** Reads back what {@link #pack} wrote. */
    public static CodedMatrix unpack(PackedLayout layout, MemorySegment source) {
        checkSize(layout, source);
        int rows = layout.rows();
        int columns = layout.columns();
        int groups = layout.groups();
        byte[] codes = new byte[Math.multiplyExact(rows, columns)];
        float[] scales = new float[rows * groups];
        byte[] zeros = new byte[layout.scheme().symmetric() ? 0 : rows * groups];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                codes[row * columns + column] = (byte) code(layout, source, row, column);
            }
            for (int group = 0; group < groups; group++) {
                scales[row * groups + group] = scale(layout, source, row, group);
                if (zeros.length > 0) {
                    zeros[row * groups + group] = (byte) zero(layout, source, row, group);
                }
            }
        }
        return new CodedMatrix(layout.scheme(), rows, columns, codes, scales, zeros);
    }

    /** Decodes one row to float32, into {@code target[offset …]}. */
    public static void decodeRow(PackedLayout layout, MemorySegment source, int row, float[] target, int offset) {
        int groupColumns = layout.scheme().groupColumns(layout.columns());
        for (int group = 0; group < layout.groups(); group++) {
            float scale = scale(layout, source, row, group);
            int zero = zero(layout, source, row, group);
            int end = Math.min(layout.columns(), (group + 1) * groupColumns);
            for (int column = group * groupColumns; column < end; column++) {
                target[offset + column] = scale * (code(layout, source, row, column) - zero);
            }
        }
    }

    /** The code of an element. */
    public static int code(PackedLayout layout, MemorySegment source, int row, int column) {
        check(layout, row, column, layout.columns());
        if (layout.scheme().bits() != 3) {
            return plane(source, layout.scheme().bits(), position(layout, row, column, 0));
        }
        int low = plane(source, 2, position(layout, row, column, 0));
        int high = plane(source, 1, position(layout, row, column, 2));
        return low | high << 2;
    }

    /** The scale of a group of a row. */
    public static float scale(PackedLayout layout, MemorySegment source, int row, int group) {
        check(layout, row, group, layout.groups());
        return Float.float16ToFloat(source.get(HALF, scaleOffset(layout, row, group)));
    }

    /** The zero of a group of a row. */
    public static int zero(PackedLayout layout, MemorySegment source, int row, int group) {
        check(layout, row, group, layout.groups());
        if (layout.scheme().symmetric()) {
            return layout.scheme().symmetricZero();
        }
        int value = source.get(ValueLayout.JAVA_BYTE, zeroOffset(layout, row, group)) & 0xff;
        return layout.scheme().bits() == 8 ? value : value >>> zeroShift(row) & 15;
    }

    /** Where an element lies: its run of 32 columns (byte offset, planes before its own included), row and column in it. */
    private record Position(long run, int lane, int column) {}

    private static Position position(PackedLayout layout, int row, int column, int bitsBefore) {
        long run = tile(layout, row) + layout.codesOffset() + (long) (column / RUN_COLUMNS) * layout.runBytes();
        return new Position(run + (long) bitsBefore * VECTOR_BYTES, row % TILE_ROWS, column % RUN_COLUMNS);
    }

    /** Byte of a position in a plane of that many bits. */
    private static long planeByte(int bits, Position at) {
        int vectorColumns = RUN_COLUMNS / bits;
        return at.run() + (long) (at.column() / vectorColumns) * VECTOR_BYTES + 4L * at.lane() + at.column() % 4;
    }

    private static int planeShift(int bits, Position at) {
        return at.column() % (RUN_COLUMNS / bits) / 4 * bits;
    }

    private static int plane(MemorySegment source, int bits, Position at) {
        int value = source.get(ValueLayout.JAVA_BYTE, planeByte(bits, at)) & 0xff;
        return value >>> planeShift(bits, at) & (1 << bits) - 1;
    }

    private static void setCode(PackedLayout layout, MemorySegment target, int row, int column, int code) {
        if (layout.scheme().bits() == 3) {
            orPlane(target, 2, position(layout, row, column, 0), code & 3);
            orPlane(target, 1, position(layout, row, column, 2), code >>> 2);
        } else {
            orPlane(target, layout.scheme().bits(), position(layout, row, column, 0), code);
        }
    }

    private static void orPlane(MemorySegment target, int bits, Position at, int value) {
        long offset = planeByte(bits, at);
        int old = target.get(ValueLayout.JAVA_BYTE, offset);
        target.set(ValueLayout.JAVA_BYTE, offset, (byte) (old | value << planeShift(bits, at)));
    }

    private static void setZero(PackedLayout layout, MemorySegment target, int row, int group, int zero) {
        long offset = zeroOffset(layout, row, group);
        int shift = layout.scheme().bits() == 8 ? 0 : zeroShift(row);
        int old = target.get(ValueLayout.JAVA_BYTE, offset);
        target.set(ValueLayout.JAVA_BYTE, offset, (byte) (old | zero << shift));
    }

    private static long tile(PackedLayout layout, int row) {
        return row / TILE_ROWS * layout.tileBytes();
    }

    private static long scaleOffset(PackedLayout layout, int row, int group) {
        return tile(layout, row) + 2L * ((long) group * TILE_ROWS + row % TILE_ROWS);
    }

    private static long zeroOffset(PackedLayout layout, int row, int group) {
        return tile(layout, row) + layout.zerosOffset() + (long) group * layout.zeroBytes() + row % layout.zeroBytes();
    }

    private static int zeroShift(int row) {
        return row % TILE_ROWS < TILE_ROWS / 2 ? 0 : 4;
    }

    private static short toHalf(float scale, int row, int group) {
        short bits = Float.floatToFloat16(scale);
        if (!Float.isFinite(scale) || Float.float16ToFloat(bits) != scale) {
            throw new IllegalArgumentException("scale " + scale + " of row " + row + ", group " + group + " is not a float16 value");
        }
        return bits;
    }

    private static void check(PackedLayout layout, int row, int index, int limit) {
        if (row < 0 || row >= layout.rows() || index < 0 || index >= limit) {
            throw new IndexOutOfBoundsException("row " + row + ", index " + index + " of " + layout);
        }
    }

    private static void checkSize(PackedLayout layout, MemorySegment memory) {
        if (memory.byteSize() != layout.bytes()) {
            throw new IllegalArgumentException("a " + layout.rows() + " × " + layout.columns() + " matrix of scheme "
                    + layout.scheme().id() + " takes " + layout.bytes() + " bytes, not " + memory.byteSize());
        }
    }
}
