package org.mojave.format.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.EncodedRows;
import org.mojave.format.tensor.TensorData;

class EncodedRowsTest {
    private static final byte ONE_E4M3 = 0x38;

    @Test
    void scalesEveryBlockAlsoThePartialOnesAtTheEdges() {
        byte[] ones = new byte[5 * 7];
        Arrays.fill(ones, ONE_E4M3);
        BlockScaledRows rows = new BlockScaledRows(tensor(ElementType.F8_E4M3, MemorySegment.ofArray(ones), 5, 7),
                tensor(ElementType.F32, MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5, 6}), 2, 3), 3, 3);
        float[] decoded = decoded(rows);
        for (int r = 0; r < 5; r++) {
            for (int c = 0; c < 7; c++) {
                assertThat(decoded[r * 7 + c]).isEqualTo(1 + r / 3 * 3 + c / 3);
            }
        }
        assertThat(rows.storedBytes()).isEqualTo(35 + 24);
    }

    @Test
    void decodesDeepseekGoldenAsTheFormulaSays() {
        try (Checkpoint checkpoint = golden("deepseek_v3_fp8")) {
            TensorData codes = checkpoint.tensor("model.layers.0.self_attn.q_a_proj.weight");
            TensorData scales = checkpoint.tensor("model.layers.0.self_attn.q_a_proj.weight_scale_inv");
            float[] decoded = decoded(new BlockScaledRows(codes, scales, 32, 32));
            for (int r = 0; r < codes.dimension(0); r++) {
                for (int c = 0; c < codes.dimension(1); c++) {
                    float expected = codes.toFloats()[r * codes.dimension(1) + c] * scales.toFloats()[r / 32 * 2 + c / 32];
                    assertThat(decoded[r * codes.dimension(1) + c]).isEqualTo(expected);
                }
            }
            assertThatThrownBy(() -> new BlockScaledRows(codes, scales, 16, 32)).isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("need float scales of shape [2, 2]");
        }
    }

    @Test
    void decodesEveryMxfp4CodeLowNibbleFirst() {
        byte[] blocks = new byte[16];
        for (int i = 0; i < 8; i++) {
            blocks[i] = (byte) (2 * i | (2 * i + 1) << 4);
        }
        Mxfp4Rows rows = new Mxfp4Rows(tensor(ElementType.U8, MemorySegment.ofArray(blocks), 1, 1, 16),
                tensor(ElementType.U8, MemorySegment.ofArray(new byte[] {(byte) 128}), 1, 1));
        assertThat(decoded(rows)).startsWith(0, 1, 2, 3, 4, 6, 8, 12, -0f, -1, -2, -3, -4, -6, -8, -12).hasSize(32);
    }

    @Test
    void mxfp4ScalesReachFromSubnormalToNaN() {
        byte[] blocks = new byte[3 * 16];
        blocks[0] = blocks[16] = blocks[32] = 2;
        Mxfp4Rows rows = new Mxfp4Rows(tensor(ElementType.U8, MemorySegment.ofArray(blocks), 3, 1, 16),
                tensor(ElementType.U8, MemorySegment.ofArray(new byte[] {0, (byte) 254, (byte) 255}), 3, 1));
        float[] decoded = decoded(rows);
        assertThat(decoded[0]).isEqualTo(0x1p-127f);
        assertThat(decoded[32]).isEqualTo(0x1p127f);
        assertThat(decoded[64]).isNaN();
    }

    @Test
    void decodesAnyRunOfRows() {
        try (Checkpoint checkpoint = golden("gpt_oss_mxfp4")) {
            Mxfp4Rows rows = new Mxfp4Rows(checkpoint.tensor("model.layers.1.mlp.experts.gate_up_proj_blocks").part(3),
                    checkpoint.tensor("model.layers.1.mlp.experts.gate_up_proj_scales").part(3));
            assertThat(rows.rows()).isEqualTo(128);
            assertThat(rows.columns()).isEqualTo(64);
            runsEqualTheWhole(rows);
            assertThatThrownBy(() -> new Mxfp4Rows(rows.scales(), rows.blocks())).isInstanceOf(CheckpointException.class);
            assertThatThrownBy(() -> new Mxfp4Rows(rows.blocks(), rows.blocks())).isInstanceOf(CheckpointException.class);
        }
        try (Checkpoint checkpoint = golden("deepseek_v3_fp8")) {
            runsEqualTheWhole(new BlockScaledRows(checkpoint.tensor("model.layers.0.mlp.gate_proj.weight"),
                    checkpoint.tensor("model.layers.0.mlp.gate_proj.weight_scale_inv"), 32, 32));
        }
    }

    private static void runsEqualTheWhole(EncodedRows rows) {
        float[] whole = decoded(rows);
        Random random = new Random(1);
        for (int i = 0; i < 50; i++) {
            int first = random.nextInt(rows.rows());
            int count = random.nextInt(rows.rows() - first) + 1;
            float[] run = new float[count * rows.columns() + 3];
            rows.decode(first, count, run, 3);
            assertThat(Arrays.equals(run, 3, run.length, whole, first * rows.columns(), (first + count) * rows.columns()))
                    .as("rows " + first + " + " + count).isTrue();
        }
    }

    private static float[] decoded(EncodedRows rows) {
        float[] all = new float[rows.rows() * rows.columns()];
        rows.decode(0, rows.rows(), all, 0);
        return all;
    }

    private static Checkpoint golden(String name) {
        return Checkpoint.open(Path.of(System.getProperty("mojave.root"), "testkit", "goldens", name));
    }

    private static TensorData tensor(ElementType type, MemorySegment bytes, long... shape) {
        return new TensorData("t", type, Arrays.stream(shape).boxed().toList(), bytes);
    }
}
