package org.mojave.engine.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;

/**
 * A quantized matrix in the native packed form, usually mapped from a checkpoint; nothing is copied or repacked.
 *
 * <p>Example: {@code PackedMatrix.of("layers.0.experts.3.up", new PackedLayout(scheme, rows, columns), tensor.bytes())}.
 *
 * @param layout scheme and shape
 * @param bytes exactly {@code layout.bytes()} bytes
 */
public record PackedMatrix(PackedLayout layout, MemorySegment bytes) implements Matrix {
    public PackedMatrix {
        if (bytes.byteSize() != layout.bytes()) {
            throw new IllegalArgumentException("expected " + layout.bytes() + " bytes, got " + bytes.byteSize());
        }
    }

    /**
     * The matrix of a checkpoint's tensor; a CheckpointException names {@code place} (file and tensor) if the tensor has
     * another size than its shape and scheme need.
     */
    public static PackedMatrix of(String place, PackedLayout layout, MemorySegment bytes) {
        if (bytes.byteSize() != layout.bytes()) {
            throw new CheckpointException(place, "holds " + bytes.byteSize() + " bytes, but a " + layout.rows() + " × "
                    + layout.columns() + " matrix of scheme " + layout.scheme().id() + " takes " + layout.bytes()
                    + "; the file is damaged or was written by another version");
        }
        return new PackedMatrix(layout, bytes);
    }

    /** A matrix that was just quantized, packed in memory of the heap. */
    public static PackedMatrix of(CodedMatrix coded) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(coded.layout().bytes())]);
        PackedCodec.pack(coded, bytes);
        return new PackedMatrix(coded.layout(), bytes);
    }

    /** Bits, group and symmetry. */
    public Scheme scheme() {
        return layout.scheme();
    }

    @Override
    public int rows() {
        return layout.rows();
    }

    @Override
    public int columns() {
        return layout.columns();
    }

    @Override
    public long storedBytes() {
        return layout.bytes();
    }

    @Override
    public int decodingBits() {
        return !scheme().trellis() && PackedDecoder.SUPPORTED ? PackedDecoder.BITS : 0;
    }

    @Override
    public String storage() {
        return scheme().id();
    }

    @Override
    public void decode(int firstRow, int rowCount, float[] target, int offset) {
        if (firstRow < 0 || rowCount < 0 || rowCount > rows() - firstRow) {
            throw new IndexOutOfBoundsException("rows " + firstRow + " + " + rowCount + " of " + rows());
        }
        Objects.checkFromIndexSize(offset, Math.multiplyExact(rowCount, columns()), target.length);
        for (int r = 0; r < rowCount; r++) {
            int at = offset + r * columns();
            if (scheme().trellis()) {
                TrellisDecoder.decodeRow(layout, bytes, firstRow + r, target, at);
            } else if (PackedDecoder.SUPPORTED) {
                PackedDecoder.decodeRow(layout, bytes, firstRow + r, target, at);
            } else {
                PackedCodec.decodeRow(layout, bytes, firstRow + r, target, at);
            }
        }
    }
}
