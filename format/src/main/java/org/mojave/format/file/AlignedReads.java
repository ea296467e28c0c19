package org.mojave.format.file;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Whole ranges of a {@link ReadableFile}, whatever their alignment. */
public final class AlignedReads {
    /** Bytes of one request; larger ones gain nothing. */
    private static final long PIECE_BYTES = 4L << 20;

    private AlignedReads() {}

    /** The start of the block that holds {@code position}. */
    public static long floor(long position, int alignment) {
        return position & -(long) alignment;
    }

    /** The end of the block that holds the byte before {@code position}. */
    public static long ceiling(long position, int alignment) {
        return (position + alignment - 1) & -(long) alignment;
    }

    /**
     * Fills the segment from {@code position} on; both are aligned. At least {@code wanted} bytes must be there, or an {@link
     * EOFException} says where they should be; what lies behind them need not exist.
     */
    public static void fill(ReadableFile file, long position, MemorySegment target, long wanted) throws IOException {
        long done = 0;
        while (done < wanted) {
            long piece = Math.min(PIECE_BYTES, target.byteSize() - done);
            ByteBuffer buffer = target.asSlice(done, piece).asByteBuffer();
            int count = file.read(buffer, position + done);
            boolean misaligned = count >= 0 && count < piece && count % file.alignment() != 0 && done + count < wanted;
            if (count <= 0 || misaligned) {
                throw new EOFException("the file ends before byte " + (position + wanted));
            }
            done += count;
        }
    }

    /** Reads {@code bytes} bytes from {@code position} into new memory of the arena, which may be up to two blocks larger. */
    public static MemorySegment read(ReadableFile file, long position, long bytes, Arena arena) throws IOException {
        long start = floor(position, file.alignment());
        MemorySegment target = arena.allocate(ceiling(position + bytes, file.alignment()) - start, file.alignment());
        fill(file, start, target, position + bytes - start);
        return target.asSlice(position - start, bytes);
    }
}
