package org.mojave.compress.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.mojave.compress.GoldenFolder;
import tools.jackson.databind.JsonNode;

/** Compares the program with a file of recorded allocations. */
final class PmqGoldens {
    private PmqGoldens() {}

    /**
     * By hand, for recorded files that the repository cannot carry: {@code PmqGoldens FOLDER NAME…} prints how many
     * allocations agree.
     */
    public static void main(String[] arguments) {
        GoldenFolder folder = new GoldenFolder(Path.of(arguments[0]));
        for (String name : List.of(arguments).subList(1, arguments.length)) {
            System.out.println(name + ": " + compare(folder.json(name)) + " allocations equal");
        }
    }

    /** Asserts equal bits for every block and budget; returns how many there were. */
    static int compare(JsonNode golden) {
        PmqProgram program = new PmqProgram(ints(golden.get("bit_choices")), Set.of(2, 3), golden.get("alpha").doubleValue(),
                golden.get("beta").doubleValue(), golden.get("normalised").booleanValue());
        int compared = 0;
        for (JsonNode block : golden.get("blocks")) {
            JsonNode loss = block.get("quant_loss");
            double[][] error = IntStream.range(0, loss.size()).mapToObj(e -> GoldenFolder.doubles(loss.get(e))).toArray(double[][]::new);
            PmqLayer layer = new PmqLayer(GoldenFolder.doubles(block.get("frequency")), GoldenFolder.doubles(block.get("weight")), error);
            for (JsonNode solution : block.get("solutions")) {
                int budget = solution.get("budget").intValue();
                PmqProgram.Answer answer = program.solve(layer, budget);
                assertThat(answer.bits()).as("block %s budget %d", block.get("block"), budget).isEqualTo(ints(solution.get("bits")));
                assertThat(answer.cost()).isCloseTo(solution.get("objective").doubleValue(), withinPercentage(1e-3));
                compared++;
            }
        }
        return compared;
    }

    private static List<Integer> ints(JsonNode list) {
        return IntStream.range(0, list.size()).map(i -> list.get(i).intValue()).boxed().toList();
    }
}
