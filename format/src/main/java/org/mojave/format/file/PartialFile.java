package org.mojave.format.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.mojave.format.tensor.CheckpointException;

/**
 * A file whose header and size are known before its data, called {@code NAME.partial} until {@link #finish}. Data may come
 * in any order, from several threads. Closing without finishing leaves the partial file, to be continued with
 * {@link #resume}. Start at {@link #create}.
 *
 * <p>Disk failures are {@link java.io.UncheckedIOException} with the file in the message.
 */
public final class PartialFile implements AutoCloseable {
    /** The first bytes of the header, not all zero, are written last: without them no data can have been written. */
    private static final int SEAL_BYTES = 8;

    private final Path target;
    private final Plan plan;
    private final FileChannel channel;
    private final ByteCoverage written = new ByteCoverage();
    private boolean finished;

    /**
     * What is known beforehand; the header array is not copied and must not change.
     *
     * @param header the first bytes of the file, at least 8
     * @param bytes size of the finished file
     */
    public record Plan(byte[] header, long bytes) {
        public Plan {
            if (header.length < SEAL_BYTES || bytes < header.length) {
                throw new IllegalArgumentException("a header of " + header.length + " bytes in a file of " + bytes);
            }
        }
    }

    private PartialFile(Path target, Plan plan, FileChannel channel) {
        this.target = target;
        this.plan = plan;
        this.channel = channel;
        written.add(0, plan.header.length);
    }

    /** Begins a file; an older partial file of that name is overwritten. */
    public static PartialFile create(Path target, Plan plan) {
        try {
            FileChannel channel = FileChannel.open(DurableFile.partial(target), StandardOpenOption.READ,
                    StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
            try {
                return begin(target, plan, channel);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }

    /**
     * Continues the partial file that {@link #create} left. Bytes written then are still there, but this object does not
     * know which: say so with {@link #keep}. Throws {@link CheckpointException} if there is no partial file or its header or
     * size differs from the plan.
     */
    public static PartialFile resume(Path target, Plan plan) {
        Path partial = DurableFile.partial(target);
        if (!Files.exists(partial)) {
            throw new CheckpointException(partial.toString(), "no such file; there is nothing to resume");
        }
        try {
            FileChannel channel = FileChannel.open(partial, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                ByteBuffer found = start(channel, plan.header.length);
                if (found.limit() < SEAL_BYTES || found.getLong(0) == 0) {
                    channel.truncate(0);
                    return begin(target, plan, channel);
                }
                if (!found.equals(ByteBuffer.wrap(plan.header)) || channel.size() != plan.bytes) {
                    throw new CheckpointException(partial.toString(),
                            "was begun for other tensors; delete it, or resume with the settings it was begun with");
                }
                return new PartialFile(target, plan, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }

    /** Whether the finished file stands there already with exactly this header and size. */
    public static boolean isFinished(Path target, Plan plan) {
        try (FileChannel channel = FileChannel.open(target, StandardOpenOption.READ)) {
            return channel.size() == plan.bytes && start(channel, plan.header.length).equals(ByteBuffer.wrap(plan.header));
        } catch (IOException e) {
            return false;
        }
    }

    private static PartialFile begin(Path target, Plan plan, FileChannel channel) throws IOException {
        MemorySegment header = MemorySegment.ofArray(plan.header);
        if (plan.bytes > header.byteSize()) {
            DurableFile.writeAt(channel, MemorySegment.ofArray(new byte[1]), plan.bytes - 1);
        }
        DurableFile.writeAt(channel, header.asSlice(SEAL_BYTES), SEAL_BYTES);
        channel.force(true);
        DurableFile.writeAt(channel, header.asSlice(0, SEAL_BYTES), 0);
        channel.force(true);
        return new PartialFile(target, plan, channel);
    }

    private static ByteBuffer start(FileChannel channel, int bytes) throws IOException {
        ByteBuffer start = ByteBuffer.allocate((int) Math.min(bytes, channel.size()));
        while (start.hasRemaining() && channel.read(start, start.position()) > 0) {
            continue;
        }
        return start.flip();
    }

    /** Writes data, native or on the heap, at {@code position} of the file. */
    public void write(long position, MemorySegment data) {
        if (position < plan.header.length || data.byteSize() > plan.bytes - position) {
            throw new IllegalArgumentException(data.byteSize() + " bytes at " + position + " of a file of " + plan.bytes);
        }
        try {
            DurableFile.writeAt(channel, data, position);
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
        keep(position, position + data.byteSize());
    }

    /** Declares that the bytes {@code begin} to {@code end}, exclusive, are right as they are (new files hold zeros). */
    public void keep(long begin, long end) {
        written.add(begin, end);
    }

    /** Position of the first byte that nobody wrote or kept; the file's size if there is none. */
    public long firstGap() {
        return written.firstGap(0);
    }

    /** Forces everything written so far to the disk, so that a journal may say so. */
    public void force() {
        try {
            channel.force(false);
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }

    /** Forces the data to the disk and gives the file its final name; IllegalStateException if {@link #firstGap} finds one. */
    public void finish() {
        if (firstGap() < plan.bytes) {
            throw new IllegalStateException(target + ": not written at file offset " + firstGap());
        }
        if (!finished) {
            force();
            close();
            DurableFile.publish(target);
            finished = true;
        }
    }

    /** Closes the file; without {@link #finish} it keeps its temporary name. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw DurableFile.failed(target, e);
        }
    }
}
