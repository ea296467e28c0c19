package org.mojave.engine.stream;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.mojave.format.file.ReadableFile;

/** A file whose reads go wrong from a position on, in the way asked for. */
final class FaultyFile implements WrappedFile {
    /** What goes wrong. */
    enum Fault {
        /** The disk says so. */
        READ_ERROR,
        /** The file ends there. */
        TRUNCATED,
        /** One bit is another. */
        FLIPPED_BIT,
        /** Reads come back in pieces of one block. */
        SHORT_READS,
        /** Each read takes 100 times as long as it should. */
        SLOW
    }

    private final ReadableFile file;
    private final Fault fault;
    private final long from;

    FaultyFile(ReadableFile file, Fault fault, long from) {
        this.file = file;
        this.fault = fault;
        this.from = from;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        int start = target.position();
        boolean hit = position + target.remaining() > from;
        switch (fault) {
            case READ_ERROR -> {
                if (hit) {
                    throw new IOException("Input/output error");
                }
            }
            case TRUNCATED -> {
                if (hit) {
                    int count = (int) Math.max(0, from - position);
                    target.position(start + count);
                    return count == 0 ? -1 : count;
                }
            }
            case SHORT_READS -> target.limit(start + Math.min(target.remaining(), alignment()));
            case SLOW -> pause();
            case FLIPPED_BIT -> { }
        }
        int count = file.read(target, position);
        if (fault == Fault.FLIPPED_BIT && hit && count > from - position) {
            int at = start + (int) Math.max(0, from - position);
            target.put(at, (byte) (target.get(at) ^ 4));
        }
        return count;
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public ReadableFile file() {
        return file;
    }
}
