package org.mojave.cli.machine;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.SplittableRandom;
import org.mojave.cli.terminal.Quantities;

/**
 * How fast a folder's disk writes and reads large files.
 *
 * @param folder that was measured
 * @param freeBytes left on that disk
 * @param writeBytesPerSecond including the wait for the disk
 * @param readBytesPerSecond past the page cache where {@code direct}
 * @param direct whether the file system let us read past the page cache
 */
public record DiskBandwidth(Path folder, long freeBytes, double writeBytesPerSecond, double readBytesPerSecond, boolean direct) {
    private static final int BLOCK_BYTES = 4 << 20;
    private static final int ALIGNMENT = 4096;
    private static final int BLOCKS = 48;
    private static final long WEAK_READ = 500_000_000L;
    private static final long WEAK_FREE = 10_000_000_000L;

    /** Writes a temporary file of 200 MB, reads it back and deletes it. */
    public static DiskBandwidth measure(Path folder) throws IOException {
        Path file = Files.createTempFile(folder, ".mojave-disk", ".tmp");
        file.toFile().deleteOnExit(); // an interrupted measurement leaves nothing behind either
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(BLOCK_BYTES, ALIGNMENT);
            SplittableRandom random = new SplittableRandom(0); // zeros would flatter a compressing disk
            for (long offset = 0; offset < BLOCK_BYTES; offset += Long.BYTES) {
                memory.setAtIndex(ValueLayout.JAVA_LONG, offset / Long.BYTES, random.nextLong());
            }
            ByteBuffer block = memory.asByteBuffer();
            double write = write(file, block);
            Optional<OpenOption> option = pastThePageCache();
            double direct = option.isPresent() ? read(file, block, Set.of(StandardOpenOption.READ, option.get())) : 0;
            double read = direct > 0 ? direct : read(file, block, Set.of(StandardOpenOption.READ));
            return new DiskBandwidth(folder.toAbsolutePath().normalize(), Files.getFileStore(folder).getUsableSpace(), write, read, direct > 0);
        } finally {
            Files.delete(file);
        }
    }

    /**
     * {@code ExtendedOpenOption.DIRECT}: documented, but javac warns about naming its class, a warning that cannot be
     * turned off and would break the build; hence the only look-up by name in this code base.
     */
    private static Optional<OpenOption> pastThePageCache() {
        try {
            return Stream.of(Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants())
                    .filter(constant -> constant.toString().equals("DIRECT"))
                    .map(OpenOption.class::cast).findFirst();
        } catch (ClassNotFoundException _) {
            return Optional.empty();
        }
    }

    private static double write(Path file, ByteBuffer block) throws IOException {
        long started = System.nanoTime();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int i = 0; i < BLOCKS; i++) {
                block.clear();
                while (block.hasRemaining()) {
                    channel.write(block);
                }
            }
            channel.force(true);
        }
        return rate(started);
    }

    /** Bytes per second, or 0 if the file cannot be opened so. */
    private static double read(Path file, ByteBuffer block, Set<OpenOption> options) throws IOException {
        long started = System.nanoTime();
        try (FileChannel channel = FileChannel.open(file, options)) {
            for (int i = 0; i < BLOCKS; i++) {
                block.clear();
                while (block.hasRemaining() && channel.read(block) >= 0) {
                    continue;
                }
            }
        } catch (UnsupportedOperationException | java.nio.file.FileSystemException _) {
            return 0;
        }
        return rate(started);
    }

    private static double rate(long started) {
        return (double) BLOCKS * BLOCK_BYTES / ((System.nanoTime() - started) / 1e9);
    }

    /** Whether checkpoints fit and stream well. */
    public Finding finding() {
        String value = Quantities.bytesPerSecond(writeBytesPerSecond) + " written, " + Quantities.bytesPerSecond(readBytesPerSecond)
                + " read" + (direct ? "" : " (from the page cache)") + ", " + Quantities.bytes(freeBytes) + " free in " + folder;
        Map<String, Object> facts = Map.of("folder", folder.toString(), "freeBytes", freeBytes,
                "writeBytesPerSecond", writeBytesPerSecond, "readBytesPerSecond", readBytesPerSecond, "direct", direct);
        if (freeBytes < WEAK_FREE) {
            return Finding.weak("disk", value, "little space is left; free some, or choose another folder with --folder", facts);
        }
        return readBytesPerSecond >= WEAK_READ
                ? Finding.good("disk", value, facts)
                : Finding.weak("disk", value, "too slow to stream experts; keep models on a local SSD", facts);
    }
}
