package org.mojave.format.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Reads past the page cache (O_DIRECT), so that what is read once does not drive out what is needed often, and memory stays what it was
 * promised to be. Where the file system cannot, it reads in the ordinary way; {@link #direct} says which.
 *
 * <p>Example: {@code try (ReadableFile file = DirectFile.open(path)) { file.read(alignedBuffer, 4096); }}
 */
public final class DirectFile implements ReadableFile {
    /** What direct reads of the usual file systems need at most. */
    public static final int USUAL_ALIGNMENT = 4096;

    private final FileChannel channel;
    private final int alignment;
    private final boolean direct;

    private DirectFile(FileChannel channel, int alignment, boolean direct) {
        this.channel = channel;
        this.alignment = alignment;
        this.direct = direct;
    }

    /** Opens a file, for direct reads if its file system allows them. */
    public static ReadableFile open(Path file) throws IOException {
        long block = Files.getFileStore(file).getBlockSize();
        Optional<OpenOption> option = directOption();
        if (option.isPresent() && block > 0 && block <= USUAL_ALIGNMENT && USUAL_ALIGNMENT % block == 0) {
            FileChannel channel = null;
            try {
                channel = FileChannel.open(file, StandardOpenOption.READ, option.get());
                channel.read(ByteBuffer.allocateDirect(2 * USUAL_ALIGNMENT).alignedSlice(USUAL_ALIGNMENT).limit(USUAL_ALIGNMENT), 0);
                return new DirectFile(channel, USUAL_ALIGNMENT, true);
            } catch (IOException | UnsupportedOperationException _) {
                if (channel != null) {
                    channel.close();
                }
            }
        }
        return ordinary(file);
    }

    /**
     * The JDK's only way to ask for direct reads. It is found by its name because a compiler run by Maven cannot be told not to warn of the
     * class, which the module jdk.unsupported exports for such use.
     */
    private static Optional<OpenOption> directOption() {
        try {
            for (Object constant : Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
                if (constant instanceof OpenOption option && "DIRECT".equals(constant.toString())) {
                    return Optional.of(option);
                }
            }
        } catch (ClassNotFoundException _) {
            // Another JDK: no direct reads.
        }
        return Optional.empty();
    }

    /** Opens a file for reads through the page cache. */
    public static ReadableFile ordinary(Path file) throws IOException {
        return new DirectFile(FileChannel.open(file, StandardOpenOption.READ), USUAL_ALIGNMENT, false);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        return channel.read(target, position);
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public int alignment() {
        return alignment;
    }

    @Override
    public boolean direct() {
        return direct;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
