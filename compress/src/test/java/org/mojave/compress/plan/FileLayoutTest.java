package org.mojave.compress.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.safetensors.SafetensorsLayout;
import org.mojave.testkit.Goldens;

class FileLayoutTest {
    @Test
    void aLargeExpertIsOnePageAlignedRecord() {
        try (SourceModel source = SourceModel.open(Path.of(System.getProperty("mojave.root"), "examples", "wren-moe"))) {
            Plan plan = Plan.of(source, new Recipe(Method.RTN, Scheme.parse("8g64s"), 8, CalibrationWish.DEFAULT, 0));
            checkRecords(plan, FileLayout.of(plan), FileLayout.RECORD_ALIGNMENT);
        }
    }

    @Test
    void anExpertIsOneRecord() {
        for (String name : List.of("qwen3_moe", "granitemoe", "deepseek_v3_fp8")) {
            try (SourceModel source = SourceModel.open(Goldens.ofRepository().model(name).folder())) {
                Plan plan = Plan.of(source, new Recipe(Method.RTN, Scheme.parse("3g32a"), 8, CalibrationWish.DEFAULT, 0));
                for (long shardBytes : new long[] {1L << 40, 40_000}) {
                    CheckpointLayout layout = FileLayout.of(plan, shardBytes);
                    assertThat(layout.shards().size() > 1).isEqualTo(shardBytes < 1 << 20);
                    checkRecords(plan, layout, PackedLayout.ALIGNMENT);
                }
            }
        }
    }

    private static void checkRecords(Plan plan, CheckpointLayout layout, int alignment) {
        int records = 0;
        for (PlannedMatrix matrix : plan.matrices()) {
            if (matrix.id().expert() == MatrixId.NONE || matrix.id().role() != MatrixRole.GATE) {
                continue;
            }
            SafetensorsLayout.Placed gate = placed(layout, matrix.id());
            SafetensorsLayout.Placed up = placed(layout, new MatrixId(MatrixRole.UP, matrix.id().layer(), matrix.id().expert()));
            SafetensorsLayout.Placed down = placed(layout, new MatrixId(MatrixRole.DOWN, matrix.id().layer(), matrix.id().expert()));
            assertThat(gate.begin() % alignment).isZero();
            assertThat(up.begin()).isEqualTo(gate.end());
            assertThat(down.begin()).isEqualTo(up.end());
            assertThat(layout.shardOf(up.entry().name())).isEqualTo(layout.shardOf(gate.entry().name()));
            assertThat(layout.shardOf(down.entry().name())).isEqualTo(layout.shardOf(gate.entry().name()));
            records++;
        }
        assertThat(records).isPositive();
    }

    private static SafetensorsLayout.Placed placed(CheckpointLayout layout, MatrixId id) {
        return layout.shards().get(layout.shardOf(id.name())).tensor(id.name());
    }

    @Test
    void routersAndWhatIsNoMatrixKeepTheirNames() {
        try (SourceModel source = SourceModel.open(Goldens.ofRepository().model("gpt_oss").folder())) {
            Plan plan = Plan.of(source, new Recipe(Method.RTN, Scheme.parse("4g64s"), 8, CalibrationWish.DEFAULT, 0));
            assertThat(plan.kept(0)).contains("model.layers.0.mlp.router.weight", "model.layers.0.mlp.router.bias",
                    "model.layers.0.self_attn.sinks", "model.layers.0.mlp.experts.gate_up_proj_bias",
                    "model.layers.0.input_layernorm.weight").doesNotHaveDuplicates();
            assertThat(plan.kept(MatrixId.NONE)).containsExactly("model.norm.weight");
            assertThat(plan.schemes()).doesNotContainKey("layers.0.router").containsEntry("layers.0.experts.3.up", "4g64s")
                    .containsEntry("embedding", "8g64s");
        }
    }

    @Test
    void parametersAreCountedOnce() {
        try (SourceModel source = SourceModel.open(Path.of(System.getProperty("mojave.root"), "examples", "wren-moe"))) {
            assertThat(source.parameters()).isEqualTo(21_130_880);
        }
    }
}
