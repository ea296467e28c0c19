package org.mojave.compress.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.GroupScales;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.RecipeJson;
import org.mojave.compress.recipe.Rule;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;
import tools.jackson.databind.json.JsonMapper;

class GroupScalesTest {
    private static final Scheme SCHEME = Scheme.parse("3g32a");
    private static final String QUERY = "model.layers.0.self_attn.q_proj.weight";

    @TempDir
    Path folder;

    private static Recipe recipe(Method method, Fitting fitting) {
        return new Recipe(method, SCHEME, Recipe.KEEP, CalibrationWish.DEFAULT, fitting, 0);
    }

    /** Scales of the first group of the first layer's queries; nothing is compensated before it. */
    private float[] firstScales(String name, Recipe recipe) {
        GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");
        JobRequest request = GoldenJobs.request(golden, folder.resolve(name), recipe);
        CompressionJob.run(request, JobListener.NONE);
        try (Checkpoint original = Checkpoint.open(golden.folder()); Checkpoint written = Checkpoint.open(request.output())) {
            int rows = Math.toIntExact(original.tensor(QUERY).shape().get(0));
            PackedLayout layout = new PackedLayout(SCHEME, rows, Math.toIntExact(original.tensor(QUERY).shape().get(1)));
            float[] scales = new float[rows];
            for (int row = 0; row < rows; row++) {
                scales[row] = PackedCodec.scale(layout, written.tensor("layers.0.query").bytes(), row, 0);
            }
            return scales;
        }
    }

    @Test
    void theFirstGroupsScalesSpanMinimumToMaximumAsRoundingDoes() {
        float[] rounded = firstScales("rtn", recipe(Method.RTN, Fitting.PLAIN));
        assertThat(firstScales("compensated", recipe(Method.GPTQ, Fitting.PLAIN.with(GroupScales.COMPENSATED)))).isEqualTo(rounded);
        assertThat(firstScales("original", recipe(Method.GPTQ, Fitting.PLAIN))).isNotEqualTo(rounded);
    }

    @Test
    void aTrellisKeepsToTheOriginalWeights() {
        Recipe rule = recipe(Method.GPTQ, Fitting.PLAIN.with(GroupScales.COMPENSATED));
        Recipe trellis = rule.with(List.of(Rule.parse("expert=2rowt")));
        GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");
        assertThat(CompressionJob.run(GoldenJobs.request(golden, folder.resolve("trellis"), trellis), JobListener.NONE).matrices())
                .filteredOn(m -> m.matrix().contains(".experts.")).isNotEmpty().allMatch(m -> m.storage().equals("2rowt"));
    }

    @Test
    void journalsKeepTheChoice() {
        Recipe recipe = recipe(Method.GPTQ, Fitting.PLAIN.with(GroupScales.COMPENSATED));
        assertThat(RecipeJson.read(RecipeJson.write(recipe), JsonMapper.shared().createArrayNode()).fitting().groupScales())
                .isEqualTo(GroupScales.COMPENSATED);
    }

    @Test
    void whatContradictsIsRefused() {
        assertThatThrownBy(() -> Fitting.DEFAULT.with(GroupScales.COMPENSATED)).isInstanceOf(RecipeException.class).hasMessageContaining("--sweeps 0");
        assertThatThrownBy(() -> recipe(Method.RTN, Fitting.PLAIN.with(GroupScales.COMPENSATED))).isInstanceOf(RecipeException.class)
                .hasMessageContaining("leave out --method rtn");
        assertThatThrownBy(() -> GroupScales.parse("none")).isInstanceOf(RecipeException.class).hasMessageContaining("original or compensated");
    }
}
