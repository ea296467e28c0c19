package org.mojave.engine.bounded;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.mojave.engine.run.NeuronChoice;
import org.mojave.format.tensor.CheckpointException;

/**
 * The decisions of a bounded run: for each token of each layer whose experts were changed, the experts it took, or of each expert that a
 * token took, the blocks that were kept. A file of big-endian integers: magic, version, length and text of the mode; per decision step
 * (call of the decoder), layer, row, then number of experts, experts (2 bytes, −1 for none), or expert, part (0 inputs, 1 neurons), number
 * of blocks and a bit for each (first block lowest, whole bytes); −1 as the last step; CRC-32C of all before.
 */
public final class DecisionLog {
    private static final byte[] MAGIC = "MOJDECID".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int LONGEST_MODE = 100;
    private static final long MOST_BYTES = 1L << 30;

    private final Path file;
    private final Mode mode;
    private final ByteBuffer decisions;

    private DecisionLog(Path file, Mode mode, ByteBuffer decisions) {
        this.file = file;
        this.mode = mode;
        this.decisions = decisions;
    }

    /** Which of so many blocks are kept. */
    record Blocks(int count, BitSet kept) {}

    private static int partCode(NeuronChoice.Part part) {
        return switch (part) {
            case INPUTS -> 0;
            case NEURONS -> 1;
        };
    }

    /** Writes a log as a run goes on. */
    public static final class Writer implements AutoCloseable {
        private final Path file;
        private final CheckedOutputStream checked;
        private final DataOutputStream out;

        private Writer(Path file, CheckedOutputStream checked) {
            this.file = file;
            this.checked = checked;
            out = new DataOutputStream(checked);
        }

        /** Begins a file in place of an older one. */
        public static Writer open(Path file, Mode mode) {
            try {
                Writer writer = new Writer(file, new CheckedOutputStream(new BufferedOutputStream(Files.newOutputStream(file)), new CRC32C()));
                writer.out.write(MAGIC);
                writer.out.writeInt(VERSION);
                byte[] text = mode.text().getBytes(StandardCharsets.US_ASCII);
                writer.out.writeInt(text.length);
                writer.out.write(text);
                return writer;
            } catch (IOException e) {
                throw new UncheckedIOException(file + ": cannot be written (" + e.getMessage() + ")", e);
            }
        }

        void add(int step, int layer, int row, int[] experts) {
            try {
                out.writeInt(step);
                out.writeInt(layer);
                out.writeInt(row);
                out.writeInt(experts.length);
                for (int expert : experts) {
                    out.writeShort(expert);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(file + ": cannot be written (" + e.getMessage() + ")", e);
            }
        }

        void add(int step, NeuronChoice.Question question, Blocks kept) {
            try {
                out.writeInt(step);
                out.writeInt(question.layer());
                out.writeInt(question.token());
                out.writeInt(question.expert());
                out.writeInt(partCode(question.part()));
                out.writeInt(kept.count());
                out.write(Arrays.copyOf(kept.kept().toByteArray(), Math.ceilDiv(kept.count(), Byte.SIZE)));
            } catch (IOException e) {
                throw new UncheckedIOException(file + ": cannot be written (" + e.getMessage() + ")", e);
            }
        }

        @Override
        public void close() {
            try {
                out.writeInt(-1);
                out.flush();
                out.writeInt((int) checked.getChecksum().getValue());
                out.close();
            } catch (IOException e) {
                throw new UncheckedIOException(file + ": cannot be written (" + e.getMessage() + ")", e);
            }
        }
    }

    /** Reads a log; throws CheckpointException for a file that is none or is damaged. */
    public static DecisionLog read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new CheckpointException(file.toString(), "has " + Files.size(file) + " bytes, too many for a log of decisions");
            }
            return parse(file, ByteBuffer.wrap(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new CheckpointException(file.toString(), "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static DecisionLog parse(Path file, ByteBuffer bytes) {
        if (bytes.remaining() < 24 || !bytes.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            throw new CheckpointException(file.toString(), "is not a log of decisions; write one with --decisions");
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(0, bytes.limit() - 4));
        bytes.position(MAGIC.length);
        int version = bytes.getInt();
        int length = bytes.getInt();
        if (version != VERSION || (int) crc.getValue() != bytes.getInt(bytes.limit() - 4) || length < 0 || length > Math.min(LONGEST_MODE, bytes.remaining())) {
            throw new CheckpointException(file.toString(), "is damaged or incomplete, or of another version; record it again");
        }
        byte[] text = new byte[length];
        bytes.get(text);
        Mode mode = Mode.parse(new String(text, StandardCharsets.US_ASCII))
                .orElseThrow(() -> new CheckpointException(file.toString(), "is of a mode unknown here; record it again"));
        return new DecisionLog(file, mode, bytes.slice(bytes.position(), bytes.limit() - 4 - bytes.position()));
    }

    /** The mode that decided. */
    public Mode mode() {
        return mode;
    }

    Replay replay() {
        return new Replay(decisions.duplicate());
    }

    /** Hands out the decisions in their order. */
    final class Replay {
        private final ByteBuffer left;

        Replay(ByteBuffer left) {
            this.left = left;
        }

        /** What was kept of a layer's experts in a step, for each question; throws CheckpointException for a log that is damaged. */
        Map<NeuronChoice.Question, Blocks> blocks(int step, int layer) {
            Map<NeuronChoice.Question, Blocks> found = new HashMap<>();
            while (left.remaining() >= 24 && left.getInt(left.position()) == step && left.getInt(left.position() + 4) == layer) {
                left.position(left.position() + 8);
                int row = left.getInt();
                int expert = left.getInt();
                NeuronChoice.Part part = left.getInt() == 0 ? NeuronChoice.Part.INPUTS : NeuronChoice.Part.NEURONS;
                int count = left.getInt();
                if (count < 1 || Math.ceilDiv(count, Byte.SIZE) > left.remaining()) {
                    throw new CheckpointException(file.toString(), "step " + step + ", layer " + layer + " has " + count + " blocks; record it again");
                }
                byte[] kept = new byte[Math.ceilDiv(count, Byte.SIZE)];
                left.get(kept);
                found.put(new NeuronChoice.Question(layer, row, expert, part), new Blocks(count, BitSet.valueOf(kept)));
            }
            return found;
        }

        /** Where the log says nothing of what is asked, or of another number of blocks. */
        CheckpointException foreign(int step, NeuronChoice.Question question) {
            return new CheckpointException(file.toString(), "step " + step + ", layer " + question.layer() + ": says nothing that fits expert "
                    + question.expert() + "; replay needs the same model, prompt and options");
        }

        /** Changes a token's experts to what they were; nothing where nothing was changed. Throws CheckpointException where the log does not fit the run. */
        void experts(int step, int layer, int row, int[] experts) {
            left.mark();
            int logged = left.remaining() < 4 ? -1 : left.getInt();
            if (logged != step || left.getInt() != layer || left.getInt() != row) {
                left.reset();
                return;
            }
            int count = left.getInt();
            if (count != experts.length || left.remaining() < 2 * count) {
                throw new CheckpointException(file.toString(), "tells of " + count + " experts in layer " + layer + ", the model has " + experts.length
                        + " per token; it belongs to another model");
            }
            int[] router = experts.clone();
            Arrays.setAll(experts, _ -> left.getShort());
            if (mode instanceof Mode.EarlyRoutes) {
                return;
            }
            for (int k = 0; k < count; k++) {
                if (experts[k] != -1 && experts[k] != router[k]) {
                    throw new CheckpointException(file.toString(), "step " + step + ", layer " + layer + ": the router chose other experts than when it was "
                            + "recorded; replay needs the same model, prompt and options");
                }
            }
        }
    }
}
