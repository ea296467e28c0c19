package org.mojave.engine.stream;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.store.ExpertPart;
import org.mojave.format.checkpoint.FileRange;
import org.mojave.format.file.AlignedReads;
import org.mojave.format.file.DirectFile;
import org.mojave.format.tensor.TensorData;

/**
 * Where the matrices of one expert lie in the files and in a slot. A slot holds the blocks of the file as they are. In a native
 * checkpoint gate, up and down follow each other and are two reads: up to the block in which down begins, and the rest.
 *
 * @param number its number for the eviction policy
 * @param layer transformer layer
 * @param expert expert of the layer
 * @param matrices gate, up, down
 * @param reads in the order in which they are wanted
 */
record ExpertRecord(int number, int layer, int expert, List<Placed> matrices, List<Read> reads) {
    private static final int BLOCK = DirectFile.USUAL_ALIGNMENT;

    ExpertRecord {
        matrices = List.copyOf(matrices);
        reads = List.copyOf(reads);
    }

    /** A matrix as the files hold it: {@code mapped} tells its kind, {@code range} where it is. */
    record Source(MatrixId id, Matrix mapped, FileRange range, OptionalInt checksum) {}

    /** A matrix in a slot: the bytes {@code offset … offset + range.bytes()}, there once all reads of {@code mask} are. */
    record Placed(Source source, long offset, int mask) {
        ExpertPart part() {
            return ExpertPart.of(source.id().role());
        }

        MemorySegment bytes(MemorySegment slot) {
            return slot.asSlice(offset, source.range().bytes());
        }

        /** The matrix over a slot's memory. */
        Matrix over(MemorySegment slot) {
            return switch (source.mapped()) {
                case PackedMatrix packed -> new PackedMatrix(packed.layout(), bytes(slot));
                case DenseMatrix dense -> new DenseMatrix(new TensorData(dense.tensor().name(), dense.tensor().type(), dense.tensor().shape(),
                        bytes(slot)));
                default -> throw new IllegalStateException(source.id().name() + " is stored as " + source.mapped().storage());
            };
        }
    }

    /** Blocks {@code offset … offset + bytes} of a file, to be put at {@code slotOffset}; {@code wanted} of the bytes must exist. */
    record Read(Path file, long offset, long slotOffset, long bytes, long wanted) {
        /** The blocks {@code from … from + length} of it. */
        Read piece(long from, long length) {
            return new Read(file, offset + from, slotOffset + from, length, Math.clamp(wanted - from, 0, length));
        }
    }

    /** The bytes of a matrix that can be streamed; throws UnsupportedModelException for another kind of storage. */
    static MemorySegment mapped(MatrixId id, Matrix matrix) {
        return switch (matrix) {
            case PackedMatrix packed -> packed.bytes();
            case DenseMatrix dense -> dense.tensor().bytes();
            default -> throw new UnsupportedModelException(id.name() + ": is stored as " + matrix.storage() + ", which can be mapped but not "
                    + "streamed; compress the model first, or use --store mapped");
        };
    }

    /** Lays out the matrices of one expert. */
    static ExpertRecord of(int number, List<Source> sources) {
        List<Source> sorted = sources.stream().sorted(Comparator.comparing((Source s) -> s.range().file().toString())
                .thenComparingLong(s -> s.range().offset())).toList();
        List<Placed> placed = new ArrayList<>();
        List<Read> reads = new ArrayList<>();
        long slot = 0;
        int first = 0;
        while (first < sorted.size()) {
            int end = first + 1;
            while (end < sorted.size() && follows(sorted.get(end - 1).range(), sorted.get(end).range())) {
                end++;
            }
            slot = addRun(sorted.subList(first, end), slot, placed, reads);
            first = end;
        }
        MatrixId id = sources.getFirst().id();
        return new ExpertRecord(number, id.layer(), id.expert(), placed, reads);
    }

    private static boolean follows(FileRange a, FileRange b) {
        return a.file().equals(b.file()) && b.offset() >= a.end() && b.offset() - a.end() < BLOCK;
    }

    /** Ranges that follow each other; returns the slot offset behind them. */
    private static long addRun(List<Source> run, long slot, List<Placed> placed, List<Read> reads) {
        long start = AlignedReads.floor(run.getFirst().range().offset(), BLOCK);
        long end = run.getLast().range().end();
        FileRange last = run.getLast().range();
        boolean downLast = run.size() > 1 && ExpertPart.of(run.getLast().id().role()) == ExpertPart.DOWN;
        long split = downLast ? AlignedReads.ceiling(last.offset(), BLOCK) : end;
        int firstRead = reads.size();
        if (split < end) {
            reads.add(read(last.file(), start, split, end, slot));
            reads.add(read(last.file(), split, end, end, slot + split - start));
        } else {
            reads.add(read(last.file(), start, end, end, slot));
        }
        for (Source source : run) {
            int mask = 0;
            for (int r = firstRead; r < reads.size(); r++) {
                Read read = reads.get(r);
                boolean meets = source.range().offset() < read.offset() + read.bytes() && source.range().end() > read.offset();
                mask |= meets ? 1 << r : 0;
            }
            placed.add(new Placed(source, slot + source.range().offset() - start, mask));
        }
        return slot + AlignedReads.ceiling(end, BLOCK) - start;
    }

    private static Read read(Path file, long from, long to, long end, long slotOffset) {
        return new Read(file, from, slotOffset, AlignedReads.ceiling(to, BLOCK) - from, Math.min(to, end) - from);
    }

    /** Bytes of a slot that can hold it. */
    long slotBytes() {
        return reads.stream().mapToLong(read -> read.slotOffset() + read.bytes()).max().orElseThrow();
    }

    /** The reads that a part needs. */
    int mask(ExpertPart part) {
        int mask = 0;
        for (Placed matrix : matrices) {
            mask |= matrix.part() == part ? matrix.mask() : 0;
        }
        return mask;
    }

    /** For messages. */
    String place() {
        return reads.getFirst().file() + ", layer " + layer + ", expert " + expert;
    }
}
