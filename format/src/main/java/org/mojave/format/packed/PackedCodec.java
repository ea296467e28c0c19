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
            if (layout.scheme().sixBitScales()) {
                target.set(HALF, unitOffset(layout, row), toHalf(matrix.units()[row], row, 0));
            }
            for (int group = 0; group < layout.groups(); group++) {
                float scale = matrix.scales()[row * layout.groups() + group];
                if (layout.scheme().sixBitScales()) {
                    setMultiple(layout, target, row, group, multiple(matrix, row, group));
                } else {
                    target.set(HALF, scaleOffset(layout, row, group), toHalf(scale, row, group));
                }
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
        float[] units = new float[layout.scheme().sixBitScales() ? rows : 0];
        for (int row = 0; row < rows; row++) {
            if (units.length > 0) {
                units[row] = unit(layout, source, row);
            }
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
        return new CodedMatrix(layout.scheme(), rows, columns, codes, scales, zeros, units);
    }

    /** Decodes one row to float32, into {@code target[offset …]}. */
    public static void decodeRow(PackedLayout layout, MemorySegment source, int row, float[] target, int offset) {
        int groupColumns = layout.scheme().groupColumns(layout.columns());
        int state = 0;
        for (int group = 0; group < layout.groups(); group++) {
            float scale = scale(layout, source, row, group);
            int zero = zero(layout, source, row, group);
            int end = Math.min(layout.columns(), (group + 1) * groupColumns);
            for (int column = group * groupColumns; column < end; column++) {
                int code = code(layout, source, row, column);
                state = layout.scheme().trellis() ? Trellis.next(state, code, layout.scheme().bits()) : 0;
                target[offset + column] = scale * (layout.scheme().trellis() ? Trellis.value(state, layout.scheme().bits())
                        : layout.scheme().step() * code - zero);
            }
        }
    }

    /** The code of an element. */
    public static int code(PackedLayout layout, MemorySegment source, int row, int column) {
        check(layout, row, column, layout.columns());
        int lowBits = layout.lowBits();
        int highBits = layout.scheme().bits() - lowBits;
        int low = plane(source, lowBits, position(layout, row, column, 0));
        return highBits == 0 ? low : low | plane(source, highBits, position(layout, row, column, lowBits)) << lowBits;
    }

    /** The scale of a group of a row. */
    public static float scale(PackedLayout layout, MemorySegment source, int row, int group) {
        check(layout, row, group, layout.groups());
        if (layout.scheme().sixBitScales()) {
            return unit(layout, source, row) * multiple(layout, source, row, group);
        }
        return Float.float16ToFloat(source.get(HALF, scaleOffset(layout, row, group)));
    }

    private static float unit(PackedLayout layout, MemorySegment source, int row) {
        return Float.float16ToFloat(source.get(HALF, unitOffset(layout, row)));
    }

    private static int multiple(PackedLayout layout, MemorySegment source, int row, int group) {
        long at = multipleOffset(layout, row, group);
        int lane = row % TILE_ROWS;
        int low = source.get(ValueLayout.JAVA_BYTE, at + lane % 8) >>> zeroShift(row) & 15;
        int high = source.get(ValueLayout.JAVA_BYTE, at + 8 + lane % 4) >>> (2 * (lane / 4)) & 3;
        int value = low | high << 4;
        return layout.scheme().signedScales() && value > 31 ? value - 64 : value;
    }

    private static void setMultiple(PackedLayout layout, MemorySegment target, int row, int group, int value) {
        long at = multipleOffset(layout, row, group);
        int lane = row % TILE_ROWS;
        or(target, at + lane % 8, (value & 15) << zeroShift(row));
        or(target, at + 8 + lane % 4, (value >>> 4 & 3) << (2 * (lane / 4)));
    }

    private static void or(MemorySegment target, long offset, int bits) {
        target.set(ValueLayout.JAVA_BYTE, offset, (byte) (target.get(ValueLayout.JAVA_BYTE, offset) | bits));
    }

    /** The whole number of units that a scale is; throws IllegalArgumentException if it is none that six bits can hold. */
    private static int multiple(CodedMatrix matrix, int row, int group) {
        float scale = matrix.scales()[row * matrix.layout().groups() + group];
        float unit = matrix.units()[row];
        int multiple = unit == 0 ? 0 : Math.round(scale / unit);
        Scheme scheme = matrix.scheme();
        if (unit * multiple != scale || multiple > scheme.largestMultiple() || multiple < (scheme.signedScales() ? -32 : 0)) {
            throw new IllegalArgumentException("scale " + scale + " of row " + row + ", group " + group + " is not a six-bit multiple of "
                    + unit);
        }
        return multiple;
    }

    private static long unitOffset(PackedLayout layout, int row) {
        return tile(layout, row) + 2L * (row % TILE_ROWS);
    }

    private static long multipleOffset(PackedLayout layout, int row, int group) {
        return tile(layout, row) + 2L * TILE_ROWS + (long) group * PackedLayout.MULTIPLE_BYTES;
    }

    /** The zero of a group of a row. */
    public static int zero(PackedLayout layout, MemorySegment source, int row, int group) {
        check(layout, row, group, layout.groups());
        if (layout.scheme().symmetric()) {
            return layout.scheme().symmetricZero();
        }
        int value = source.get(ValueLayout.JAVA_BYTE, zeroOffset(layout, row, group)) & 0xff;
        return layout.scheme().bits() > 4 ? value : value >>> zeroShift(row) & 15;
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
        int lowBits = layout.lowBits();
        int highBits = layout.scheme().bits() - lowBits;
        orPlane(target, lowBits, position(layout, row, column, 0), code & (1 << lowBits) - 1);
        if (highBits > 0) {
            orPlane(target, highBits, position(layout, row, column, lowBits), code >>> lowBits);
        }
    }

    private static void orPlane(MemorySegment target, int bits, Position at, int value) {
        long offset = planeByte(bits, at);
        int old = target.get(ValueLayout.JAVA_BYTE, offset);
        target.set(ValueLayout.JAVA_BYTE, offset, (byte) (old | value << planeShift(bits, at)));
    }

    private static void setZero(PackedLayout layout, MemorySegment target, int row, int group, int zero) {
        long offset = zeroOffset(layout, row, group);
        int shift = layout.scheme().bits() > 4 ? 0 : zeroShift(row);
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
