package org.mojave.format.packed;

/**
 * Where the parts of a packed matrix lie. The matrix is cut into tiles of 16 rows, stored one after the other, so that
 * each thread reads one sequential stream; a tile's 16 rows are interleaved, so that one 32-bit lane of a 512-bit vector
 * holds one row and no horizontal sum is ever needed. Missing rows and columns (to multiples of 16 and 32) have code 0
 * and scale 0.
 *
 * <p>A tile, each part padded to 64 bytes, or 16 with six-bit scales or a trellis:
 * <ol>
 *   <li>scales: {@code [groups][16]} float16; six-bit ones: {@code [16]} float16 units, then for each group 12 bytes: byte i of the first
 *       8 holds the low four bits of row i in its low and of row i+8 in its high nibble, byte i of the last 4 the high two
 *       bits of rows i, i+4, i+8, i+12 from its lowest bits up;
 *   <li>zeros, unless symmetric: {@code [groups][16]} bytes above 4 bits, else {@code [groups][8]} bytes where byte i holds
 *       row i in its low and row i+8 in its high nibble;
 *   <li>codes in planes of {@code planeBits} bits (1, 2, 4 or 8; 3, 5 and 6 bits are a plane of the low 2, 4, 4 followed
 *       by one of the high 1, 1, 2 bits, per run of 32 columns). A 64-byte vector of a plane holds {@code 4·8/planeBits} columns of all 16
 *       rows: bits {@code planeBits·j …} of byte {@code 4·row + c} hold the vector's column {@code 4·j + c}. Vector v of a
 *       plane starts at column {@code v·32/planeBits} of the run.
 * </ol>
 *
 * @param scheme bits, group and symmetry
 * @param rows rows of the matrix (output features)
 * @param columns columns of the matrix (input features)
 */
public record PackedLayout(Scheme scheme, int rows, int columns) {
    /** Rows interleaved in one tile. */
    public static final int TILE_ROWS = 16;
    /** Columns are padded to a multiple of this. */
    public static final int RUN_COLUMNS = 32;
    /** Where a matrix starts, and each part of its tiles unless that is 16. */
    public static final int ALIGNMENT = 64;
    private static final int SMALL_ALIGNMENT = 16;
    /** Bytes of the six-bit scales of 16 rows for one group. */
    static final int MULTIPLE_BYTES = 12;

    public PackedLayout {
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException("a matrix needs at least one row and column, got " + rows + " × " + columns);
        }
    }

    /** Number of tiles. */
    public int tiles() {
        return (rows + TILE_ROWS - 1) / TILE_ROWS;
    }

    /** Groups in a row. */
    public int groups() {
        return scheme.groups(columns);
    }

    /** Runs of 32 columns in a row, the last one padded. */
    public int runs() {
        return (columns + RUN_COLUMNS - 1) / RUN_COLUMNS;
    }

    /** Bytes of one run of 32 columns of 16 rows. */
    public int runBytes() {
        return scheme.bits() * TILE_ROWS * RUN_COLUMNS / 8;
    }

    /** Bytes of a tile's zeros for one group; 0 if symmetric. */
    public int zeroBytes() {
        return scheme.symmetric() ? 0 : scheme.bits() > 4 ? TILE_ROWS : TILE_ROWS / 2;
    }

    /** Offset of the zeros in a tile. */
    public long zerosOffset() {
        return aligned(scheme.sixBitScales() ? 2L * TILE_ROWS + (long) MULTIPLE_BYTES * groups() : 2L * TILE_ROWS * groups());
    }

    /** Offset of the codes in a tile. */
    public long codesOffset() {
        return zerosOffset() + aligned((long) zeroBytes() * groups());
    }

    /** Bytes of a tile. */
    public long tileBytes() {
        return codesOffset() + (long) runs() * runBytes();
    }

    /** Bytes that are read of a tile if only a share of its codes is. */
    public long tileBytes(double share) {
        return codesOffset() + (long) (share * runs() * runBytes());
    }

    /** Bytes of the whole matrix. */
    public long bytes() {
        return tiles() * tileBytes();
    }

    /** Bits of the plane that holds the low bits of a code; its high bits, if there are more, have a plane of their own. */
    int lowBits() {
        return switch (scheme.bits()) {
            case 3 -> 2;
            case 5, 6 -> 4;
            default -> scheme.bits();
        };
    }

    private long aligned(long bytes) {
        int alignment = scheme.sixBitScales() || scheme.trellis() ? SMALL_ALIGNMENT : ALIGNMENT;
        return (bytes + alignment - 1) / alignment * alignment;
    }
}
