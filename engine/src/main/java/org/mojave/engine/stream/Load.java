package org.mojave.engine.stream;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.store.ExpertPart;
import org.mojave.format.checkpoint.TensorChecksums;
import org.mojave.format.tensor.CheckpointException;

/** A record on its way into a slot, or there. Reading threads report to it; the store's owner asks. */
final class Load {
    private final ExpertRecord record;
    private final int slot;
    private final MemorySegment memory;
    private final boolean[] verified;
    private final AtomicInteger arrived = new AtomicInteger();
    /** Bytes that have not come yet: of each read, and of all. */
    private final AtomicLongArray left;
    private final AtomicLong pending;
    /** Read on a guess that has not come true yet. For the owner. */
    private boolean ahead;
    private volatile boolean gateUpReady;
    private volatile boolean downReady;
    private volatile CheckpointException failure;

    /** {@code verified}: per record and part, whether its checksum was compared before; shared by all loads. */
    Load(ExpertRecord record, int slot, MemorySegment memory, boolean[] verified) {
        this.record = record;
        this.slot = slot;
        this.memory = memory;
        this.verified = verified;
        left = new AtomicLongArray(record.reads().stream().mapToLong(ExpertRecord.Read::bytes).toArray());
        pending = new AtomicLong(record.reads().stream().mapToLong(ExpertRecord.Read::bytes).sum());
    }

    void setAhead(boolean guess) {
        ahead = guess;
    }

    boolean isAhead() {
        return ahead;
    }

    ExpertRecord record() {
        return record;
    }

    int slot() {
        return slot;
    }

    /** The memory that a read or a piece of one fills. */
    MemorySegment target(ExpertRecord.Read read) {
        return memory.asSlice(read.slotOffset(), read.bytes());
    }

    /**
     * Bytes of a read are there; the thread whose bytes complete a part compares the part's checksums. Whether the owner can do more
     * than before.
     */
    boolean arrived(int read, long bytes) {
        boolean whole = left.addAndGet(read, -bytes) == 0;
        if (whole) {
            arrivedWhole(read);
        }
        return pending.addAndGet(-bytes) == 0 || whole;
    }

    private void arrivedWhole(int read) {
        int before = arrived.getAndUpdate(mask -> mask | (1 << read));
        int after = before | (1 << read);
        for (ExpertPart part : ExpertPart.values()) {
            int mask = record.mask(part);
            if ((before & mask) != mask && (after & mask) == mask) {
                complete(part);
            }
        }
    }

    private void complete(ExpertPart part) {
        int index = 2 * record.number() + (part == ExpertPart.DOWN ? 1 : 0);
        if (!verified[index]) {
            for (ExpertRecord.Placed matrix : record.matrices()) {
                if (matrix.part() == part && !verify(matrix)) {
                    failure = new CheckpointException(record.place(), "the bytes of " + matrix.source().id().name()
                            + " do not match their checksum; the file is damaged, make or download it again");
                    return;
                }
            }
            verified[index] = true;
        }
        switch (part) {
            case GATE_UP -> gateUpReady = true;
            case DOWN -> downReady = true;
        }
    }

    private boolean verify(ExpertRecord.Placed matrix) {
        return matrix.source().checksum().isEmpty()
                || matrix.source().checksum().getAsInt() == TensorChecksums.checksum(matrix.bytes(memory));
    }

    /** Bytes of a read cannot be had. */
    void failed(long bytes, Exception cause) {
        failure = new CheckpointException(record.place(), "cannot be read (" + cause.getMessage() + "); is the file complete and the disk sound?",
                cause);
        pending.addAndGet(-bytes);
    }

    /** Whether no thread reads into the slot any more. */
    boolean idle() {
        return pending.get() == 0;
    }

    boolean hasFailed() {
        return failure != null;
    }

    /** Throws what went wrong, if anything did. */
    void requireRead() {
        CheckpointException found = failure;
        if (found != null) {
            throw found;
        }
    }

    /** Whether a part can be used; throws what went wrong. */
    boolean ready(ExpertPart part) {
        requireRead();
        return switch (part) {
            case GATE_UP -> gateUpReady;
            case DOWN -> downReady;
        };
    }

    /** The matrix over the slot. */
    Matrix matrix(MatrixId id) {
        for (ExpertRecord.Placed matrix : record.matrices()) {
            if (matrix.source().id().role() == id.role()) {
                return matrix.over(memory);
            }
        }
        throw new IllegalArgumentException("no expert has a matrix " + id.name());
    }
}
