package org.mojave.compress.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mojave.compress.allocate.PmqLayer;
import org.mojave.compress.allocate.PmqProgram;
import org.mojave.compress.recipe.AllocationMode;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;
import org.mojave.format.packed.Scheme;

/**
 * Plans in which only the bits of routed experts are chosen, as Mixture Compressor does it: 1, 2 or 3 (or as the recipe says) for the three matrices of an expert, layer
 * by layer within a budget of bits, which is the same share for every layer. The largest budget whose whole files are not above the
 * recipe's target is taken; bits that do not make a whole one for every layer go to the first layers.
 *
 * <p>An expert of 2 bits or more is stored in the groups of the recipe. One bit is a trellis of a whole row ({@code 1rowt}), which is better
 * than what was published, or, on request, that: plus or minus the mean magnitude of a group ({@code 1g128b}).
 */
public final class ExpertPlan {
    private static final Scheme TRELLIS = Scheme.parse("1rowt");

    private final SourceModel source;
    private final Recipe recipe;
    /** Bits that an expert may have. */
    private final List<Integer> bits;
    private final Map<Integer, PmqLayer> layers;
    /** What all matrices get that are not experts', and those of experts that a rule names. */
    private final Map<String, Scheme> others = new LinkedHashMap<>();
    private final Set<String> ruled;
    private final List<Integer> experts = new ArrayList<>();
    private final List<Integer> numbers = new ArrayList<>();

    private ExpertPlan(SourceModel source, Recipe recipe, Map<Integer, PmqLayer> layers) {
        this.source = source;
        this.recipe = recipe;
        bits = recipe.sharing().expertBits();
        this.layers = layers;
        ModelSpec spec = source.spec();
        for (int layer = 0; layer < spec.layers().size(); layer++) {
            if (spec.layer(layer).feedForward() instanceof FeedForward.Mixture mixture) {
                numbers.add(layer);
                experts.add(mixture.router().experts());
            }
        }
        if (experts.isEmpty() || Collections.min(experts) < 2) {
            throw new RecipeException("--allocation " + recipe.allocation().wireName() + " shares out bits among routed experts, which this model has "
                    + "not; leave it out");
        }
        Plan.of(source, withoutTarget()).matrices().forEach(matrix -> matrix.scheme().ifPresent(scheme -> others.put(matrix.id().name(), scheme)));
        ruled = RuledMatrices.of(source, recipe).schemes().keySet();
    }

    /**
     * The plan for a recipe with a target; {@code layers}: what was measured of the experts, by layer (not looked at for uniform bits). Throws as
     * {@link #requireReachable}.
     */
    public static Plan of(SourceModel source, Recipe recipe, Map<Integer, PmqLayer> layers) {
        requireReachable(source, recipe);
        ExpertPlan plan = new ExpertPlan(source, recipe, layers);
        long target = plan.target();
        int low = plan.least();
        int high = plan.bits.getLast() * plan.experts.stream().mapToInt(Integer::intValue).sum();
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (plan.bytes(plan.schemes(middle)) <= target) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        // Bytes grow with the budget but for the scales, of which two experts of two bits have more than one of one bit and one of three.
        while (low > plan.least() && plan.bytes(plan.schemes(low)) > target) {
            low--;
        }
        return Plan.of(source, plan.schemes(low), recipe);
    }

    /** Throws {@link RecipeException} with the floor where not even the fewest bits for every expert fit the recipe's target. */
    static void requireReachable(SourceModel source, Recipe recipe) {
        Map<Integer, PmqLayer> unknown = new LinkedHashMap<>();
        ExpertPlan shape = new ExpertPlan(source, recipe, unknown);
        for (int i = 0; i < shape.experts.size(); i++) {
            double[] even = new double[shape.experts.get(i)];
            Arrays.fill(even, 1);
            double[][] errors = new double[even.length][shape.bits.size()];
            unknown.put(shape.numbers.get(i), new PmqLayer(even, even, errors));
        }
        long floor = shape.bytes(shape.schemes(shape.least()));
        if (floor > shape.target()) {
            throw new RecipeException(TargetPlan.tooSmall(recipe.target().orElseThrow(), floor, source.parameters()));
        }
    }

    private long target() {
        return recipe.target().orElseThrow().bytes(source.parameters());
    }

    /** Fewest bits of all experts together, one for each matrix of an expert counted once; PMQ has an expert of two bits and one of three. */
    private int least() {
        int first = bits.getFirst();
        int required = recipe.allocation() == AllocationMode.PMQ ? 2 - first + 3 - first : 0;
        return experts.stream().mapToInt(count -> count * first + required).sum();
    }

    private long bytes(Map<String, Scheme> schemes) {
        return TargetPlan.fileBytes(Plan.of(source, schemes, recipe), recipe);
    }

    /** Schemes of all matrices where the experts together have so many bits. */
    private Map<String, Scheme> schemes(int together) {
        Map<String, Scheme> schemes = new LinkedHashMap<>(others);
        int[] budgets = budgets(together);
        for (int i = 0; i < budgets.length; i++) {
            List<Integer> widths = widths(numbers.get(i), experts.get(i), budgets[i]);
            for (MatrixId id : source.spec().matrices(numbers.get(i))) {
                if (id.expert() != MatrixId.NONE && !ruled.contains(id.name())) {
                    schemes.put(id.name(), scheme(widths.get(id.expert())));
                }
            }
        }
        return schemes;
    }

    private Recipe withoutTarget() {
        return new Recipe(recipe.method(), recipe.scheme(), recipe.vocabularyBits(), recipe.calibration(), recipe.fitting(), recipe.seed())
                .with(recipe.transformation()).with(recipe.rules());
    }

    private Scheme scheme(int width) {
        if (width == 1) {
            return switch (recipe.sharing().oneBit()) {
                case TRELLIS -> TRELLIS;
                case MEAN -> new Scheme(1, recipe.scheme().groupSize(), true, false, false, true);
            };
        }
        return new Scheme(width, recipe.scheme().groupSize(), recipe.scheme().symmetric());
    }

    /** A layer's share of the bits. */
    private int[] budgets(int together) {
        int all = experts.stream().mapToInt(Integer::intValue).sum();
        int[] budgets = experts.stream().mapToInt(count -> (int) ((long) together * count / all)).toArray();
        int left = together - Arrays.stream(budgets).sum();
        for (int i = 0; i < left; i++) {
            budgets[i]++;
        }
        return budgets;
    }

    private List<Integer> widths(int layer, int count, int budget) {
        return switch (recipe.allocation()) {
            case PMQ -> PmqProgram.reference(bits).solve(layers.get(layer), budget).bits();
            case FREQUENCY -> new PmqProgram(bits, Set.of(), 1, 0, true).solve(alike(layers.get(layer)), budget).bits();
            case UNIFORM -> uniform(count, budget);
            case GLOBAL -> throw new IllegalArgumentException("experts are not all that a global allocation chooses for");
        };
    }

    /** As if a bit did the same to all experts: it halves what rounding adds. */
    private PmqLayer alike(PmqLayer layer) {
        double[][] errors = new double[layer.experts()][bits.size()];
        for (double[] error : errors) {
            Arrays.setAll(error, w -> Math.pow(2, -bits.get(w)));
        }
        return new PmqLayer(layer.frequency(), layer.weight(), errors);
    }

    private List<Integer> uniform(int count, int budget) {
        Integer[] widths = new Integer[count];
        Arrays.setAll(widths, expert -> Math.min(bits.getLast(), budget / count + (expert < budget % count ? 1 : 0)));
        return List.of(widths);
    }
}
