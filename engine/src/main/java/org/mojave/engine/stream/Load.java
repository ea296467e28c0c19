package org.mojave.engine.stream;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
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
    private final AtomicInteger pending;
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
        pending = new AtomicInteger(record.reads().size());
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

    /** The memory that a read fills. */
    MemorySegment target(ExpertRecord.Read read) {
        return memory.asSlice(read.slotOffset(), read.bytes());
    }

    /** A read is done; the thread whose read completes a part compares the part's checksums. */
    void arrived(int read) {
        int before = arrived.getAndUpdate(mask -> mask | (1 << read));
        int after = before | (1 << read);
        for (ExpertPart part : ExpertPart.values()) {
            int mask = record.mask(part);
            if ((before & mask) != mask && (after & mask) == mask) {
                complete(part);
            }
        }
        pending.decrementAndGet();
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

    /** A read failed. */
    void failed(Exception cause) {
        failure = new CheckpointException(record.place(), "cannot be read (" + cause.getMessage() + "); is the file complete and the disk sound?",
                cause);
        pending.decrementAndGet();
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
