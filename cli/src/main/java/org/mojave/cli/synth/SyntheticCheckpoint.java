package org.mojave.cli.synth;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.arch.Architectures;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.checkpoint.CheckpointWriter;
import org.mojave.format.file.DurableFile;
import org.mojave.format.tensor.FloatDecoder;
import org.mojave.format.tensor.TensorData;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A checkpoint of random bfloat16 weights in the shape that a config describes, with the tensor names of its family. It has
 * no tokenizer: commands that need text refuse it.
 *
 * <p>Example: {@code new SyntheticCheckpoint(Shapes.named("olmoe-1b-7b"), 0).write(folder, workers, bytes -> {})}. Memory: one
 * piece of {@value #PIECE_BYTES} bytes per thread.
 */
public final class SyntheticCheckpoint {
    static final int PIECE_BYTES = 4 << 20;
    private static final long SHARD_BYTES = 5_000_000_000L;
    private static final ValueLayout.OfShort ELEMENT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private record Piece(Inventory.Item item, long offset, long bytes) {}

    private final ObjectNode config;
    private final RandomWeights weights;
    private final List<Inventory.Item> items;
    private final CheckpointLayout layout;

    /** Plans it; throws UnsupportedModelException or CheckpointException for a config that Mojave cannot read. */
    public SyntheticCheckpoint(ObjectNode config, long seed) {
        this.config = Shapes.plain(config);
        weights = new RandomWeights(seed);
        items = Inventory.of(Architectures.recognise(new Config("the shape's config", this.config)));
        layout = CheckpointLayout.of(items.stream().map(item -> List.of(item.entry())).toList(), SHARD_BYTES, Map.of("format", "pt"));
    }

    /** Size of all weight files. */
    public long fileBytes() {
        return layout.fileBytes();
    }

    /** Bytes of all tensors, which {@link #write} counts. */
    public long tensorBytes() {
        return items.stream().mapToLong(item -> item.entry().bytes()).sum();
    }

    /** Number of weights. */
    public long parameters() {
        return items.stream().mapToLong(item -> TensorData.elements(item.entry().shape())).sum();
    }

    /** Number of tensors. */
    public int tensors() {
        return items.size();
    }

    /** Writes it, telling how many bytes are done after each piece (from any thread). */
    public void write(Path folder, Workers workers, LongConsumer written) {
        List<Piece> pieces = pieces();
        try (CheckpointWriter writer = CheckpointWriter.create(folder, layout); Arena arena = Arena.ofShared()) {
            MemorySegment[] buffers = new MemorySegment[workers.threads()];
            for (int i = 0; i < buffers.length; i++) {
                buffers[i] = arena.allocate(PIECE_BYTES, Long.BYTES);
            }
            workers.run(pieces.size(), (index, worker) -> {
                Piece piece = pieces.get(index);
                MemorySegment buffer = buffers[worker].asSlice(0, piece.bytes);
                fill(piece, buffer);
                writer.write(piece.item.entry().name(), piece.offset, buffer);
                written.accept(piece.bytes);
            });
            DurableFile.write(folder.resolve("config.json"), JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
            writer.finish();
        }
    }

    private List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        for (Inventory.Item item : items) {
            for (long offset = 0; offset < item.entry().bytes(); offset += PIECE_BYTES) {
                pieces.add(new Piece(item, offset, Math.min(PIECE_BYTES, item.entry().bytes() - offset)));
            }
        }
        return pieces;
    }

    private void fill(Piece piece, MemorySegment buffer) {
        switch (piece.item.fill()) {
            case NORMAL -> weights.fill(piece.item.entry().name(), piece.offset, buffer);
            case ONES -> fillWith(FloatDecoder.toBfloat16(1), buffer);
            case ZEROS -> fillWith(FloatDecoder.toBfloat16(0), buffer);
        }
    }

    private static void fillWith(short value, MemorySegment buffer) {
        for (long at = 0; at < buffer.byteSize(); at += Short.BYTES) {
            buffer.set(ELEMENT, at, value);
        }
    }
}
