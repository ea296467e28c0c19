package org.mojave.engine.trace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.mojave.format.file.DurableFile;
import org.mojave.format.tensor.CheckpointException;

/**
 * A route trace as a file, little-endian:
 * <ol>
 *   <li>8 bytes {@code MOJROUTE}, int version (1), int number of layers;
 *   <li>per layer three ints: transformer layer, experts, experts per token;
 *   <li>int number of runs of steps, per run two ints: tokens of a step, number of such steps;
 *   <li>per layer the experts [tokens, chosen], one byte each if the layer has at most 256, else two;
 *   <li>int CRC-32C of all bytes before.
 * </ol>
 */
public final class TraceFile {
    /** Two bytes hold a number. */
    static final int MOST_EXPERTS = (1 << 16) - 1;

    private static final byte[] MAGIC = "MOJROUTE".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int ONE_BYTE = 256;
    /** The largest file read whole: about a million tokens of a large model. */
    private static final long MOST_BYTES = 1L << 30;

    private TraceFile() {}

    /** Writes a trace, durably. No expert of it may have been left out. */
    public static void write(Path file, RouteTrace trace) {
        if (!trace.whole()) {
            throw new IllegalArgumentException("a trace that lacks experts that were chosen cannot be written");
        }
        List<int[]> runs = runs(trace.stepTokens());
        long size = 8 + 4 + 4 + 12L * trace.layers().size() + 4 + 8L * runs.size() + choiceBytes(trace.layers(), trace.tokens()) + 4;
        if (size > MOST_BYTES) {
            throw new IllegalArgumentException("a trace of " + trace.tokens() + " tokens takes " + size + " bytes, more than a file may have");
        }
        ByteBuffer out = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).putInt(VERSION).putInt(trace.layers().size());
        trace.layers().forEach(layer -> out.putInt(layer.layer()).putInt(layer.experts()).putInt(layer.chosen()));
        out.putInt(runs.size());
        runs.forEach(run -> out.putInt(run[0]).putInt(run[1]));
        for (int l = 0; l < trace.layers().size(); l++) {
            boolean one = trace.layers().get(l).experts() <= ONE_BYTE;
            for (char expert : trace.choices(l)) {
                if (one) {
                    out.put((byte) expert);
                } else {
                    out.putChar(expert);
                }
            }
        }
        out.putInt(checksum(out.array(), out.position()));
        DurableFile.write(file, out.array());
    }

    /** Reads a trace; throws {@link CheckpointException} that names the file and what is wrong with it. */
    public static RouteTrace read(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new CheckpointException(file.toString(), Files.exists(file) ? "is not a file" : "no such file");
            }
            if (Files.size(file) > MOST_BYTES) {
                throw new CheckpointException(file.toString(), "has " + Files.size(file) + " bytes, too many for a route trace");
            }
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new CheckpointException(file.toString(), "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static RouteTrace parse(String place, byte[] bytes) {
        if (bytes.length < 20 || !ByteBuffer.wrap(bytes, 0, 8).equals(ByteBuffer.wrap(MAGIC))) {
            throw new CheckpointException(place, "is not a route trace; write one with mojave trace record");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, 8, bytes.length - 12).order(ByteOrder.LITTLE_ENDIAN);
        int version = in.getInt();
        if (version != VERSION) {
            throw new CheckpointException(place, "is a route trace of version " + version + "; this program reads version " + VERSION);
        }
        int stored = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(bytes.length - 4);
        if (stored != checksum(bytes, bytes.length - 4)) {
            throw new CheckpointException(place, "has a wrong checksum; the file is damaged or incomplete, record it again");
        }
        try {
            return content(place, in);
        } catch (IllegalArgumentException | java.nio.BufferUnderflowException e) {
            throw new CheckpointException(place, "contradicts itself (" + e.getMessage() + ")", e);
        }
    }

    private static RouteTrace content(String place, ByteBuffer in) {
        List<RouteTrace.Layer> layers = new ArrayList<>();
        int layerCount = in.getInt();
        for (int l = 0; l < layerCount; l++) {
            layers.add(new RouteTrace.Layer(in.getInt(), in.getInt(), in.getInt()));
        }
        int runCount = in.getInt();
        long steps = 0;
        long tokens = 0;
        List<int[]> runs = new ArrayList<>();
        for (int r = 0; r < runCount; r++) {
            int[] run = {in.getInt(), in.getInt()};
            if (run[0] < 1 || run[1] < 1) {
                throw new CheckpointException(place, "holds " + run[1] + " steps of " + run[0] + " tokens");
            }
            steps += run[1];
            tokens += (long) run[0] * run[1];
            runs.add(run);
        }
        if (tokens > MOST_BYTES || choiceBytes(layers, tokens) != in.remaining()) {
            throw new CheckpointException(place, "holds " + in.remaining() + " bytes of choices, but its head tells of " + tokens + " tokens");
        }
        int[] stepTokens = new int[(int) steps];
        int step = 0;
        for (int[] run : runs) {
            java.util.Arrays.fill(stepTokens, step, step + run[1], run[0]);
            step += run[1];
        }
        return new RouteTrace(layers, stepTokens, choices(layers, (int) tokens, in));
    }

    private static char[][] choices(List<RouteTrace.Layer> layers, int tokens, ByteBuffer in) {
        char[][] choices = new char[layers.size()][];
        for (int l = 0; l < choices.length; l++) {
            choices[l] = new char[tokens * layers.get(l).chosen()];
            boolean one = layers.get(l).experts() <= ONE_BYTE;
            for (int i = 0; i < choices[l].length; i++) {
                choices[l][i] = one ? (char) Byte.toUnsignedInt(in.get()) : in.getChar();
            }
        }
        return choices;
    }

    private static long choiceBytes(List<RouteTrace.Layer> layers, long tokens) {
        return tokens * layers.stream().mapToLong(layer -> layer.chosen() * (layer.experts() <= ONE_BYTE ? 1L : 2L)).sum();
    }

    private static List<int[]> runs(int[] stepTokens) {
        List<int[]> runs = new ArrayList<>();
        for (int tokens : stepTokens) {
            if (!runs.isEmpty() && runs.getLast()[0] == tokens) {
                runs.getLast()[1]++;
            } else {
                runs.add(new int[] {tokens, 1});
            }
        }
        return runs;
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }
}
