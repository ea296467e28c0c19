package org.mojave.compress.calibrate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.mojave.compress.plan.MemoryBudget;

/**
 * The activations of all calibration tokens between two half layers, [tokens, width] float32: in memory where the budget
 * allows, else in a file that vanishes when closed. Both hold the same bits. Used by one thread.
 */
public final class HiddenStates implements AutoCloseable {
    private final int width;
    private final float[][] rows;
    private final FileChannel file;
    private final ByteBuffer buffer;
    private final MemoryBudget.Share share;

    private HiddenStates(int width, float[][] rows, FileChannel file, ByteBuffer buffer, MemoryBudget.Share share) {
        this.width = width;
        this.rows = rows;
        this.file = file;
        this.buffer = buffer;
        this.share = share;
    }

    /** Bytes that {@code tokens} states take in memory. */
    public static long bytes(long tokens, int width) {
        return tokens * width * Float.BYTES;
    }

    /** States in memory if they take {@code most} bytes at most, else in a file in {@code folder}. */
    public static HiddenStates of(int tokens, int width, MemoryBudget budget, long most, Path folder) {
        return bytes(tokens, width) <= most ? inMemory(tokens, width, budget) : inFile(tokens, width, folder);
    }

    /** States in memory, taken from the budget. */
    public static HiddenStates inMemory(int tokens, int width, MemoryBudget budget) {
        MemoryBudget.Share share = budget.take("hidden states", bytes(tokens, width));
        return new HiddenStates(width, new float[tokens][width], null, null, share);
    }

    /** States in a new file in {@code folder}; only one row is buffered. */
    public static HiddenStates inFile(int tokens, int width, Path folder) {
        try {
            Path path = Files.createTempFile(folder, "hidden", ".tmp");
            FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
            ByteBuffer buffer = ByteBuffer.allocateDirect(width * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            return new HiddenStates(width, null, file, buffer, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Floats of one state. */
    public int width() {
        return width;
    }

    /** Whether the states lie in a file. */
    public boolean onDisk() {
        return file != null;
    }

    /** Copies {@code count} states from {@code first} to the start of {@code target}. */
    public void read(int first, int count, float[] target) {
        for (int t = 0; t < count; t++) {
            if (rows != null) {
                System.arraycopy(rows[first + t], 0, target, t * width, width);
            } else {
                transfer(first + t, true);
                MemorySegment.copy(MemorySegment.ofBuffer(buffer), ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN), 0,
                        target, t * width, width);
            }
        }
    }

    /** Stores {@code count} states from the start of {@code source} at {@code first}. */
    public void write(int first, int count, float[] source) {
        for (int t = 0; t < count; t++) {
            if (rows != null) {
                System.arraycopy(source, t * width, rows[first + t], 0, width);
            } else {
                buffer.clear();
                MemorySegment.copy(source, t * width, MemorySegment.ofBuffer(buffer),
                        ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN), 0, width);
                transfer(first + t, false);
            }
        }
    }

    private void transfer(int row, boolean reading) {
        try {
            buffer.clear();
            long position = (long) row * buffer.capacity();
            while (buffer.hasRemaining()) {
                int moved = reading ? file.read(buffer, position + buffer.position()) : file.write(buffer, position + buffer.position());
                if (moved < 0) {
                    throw new IOException("hidden state " + row + " was never written");
                }
            }
            buffer.clear();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (file == null) {
            share.close();
            return;
        }
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
