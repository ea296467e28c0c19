package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.mojave.cli.terminal.ByteCount;
import org.mojave.compress.calibrate.StoredMoments;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.AllocationMode;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Costs;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.GroupScales;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.OneBit;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.Rule;
import org.mojave.compress.recipe.Sharing;
import org.mojave.compress.recipe.Target;
import org.mojave.compress.recipe.Tie;
import org.mojave.format.packed.Scheme;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What shall become of a model: the options that {@code compress} and {@code plan} share. */
final class RecipeOptions {
    @Option(names = "--preset", paramLabel = "NAME",
            description = "A recipe that comes with the program, e.g. mixed-2.5bit; mojave recipes lists them. Other options count more.")
    @SuppressWarnings("unused") // RecipeArguments puts what it says into the arguments
    private String preset;

    @Option(names = "--recipe", paramLabel = "FILE",
            description = "A YAML file whose keys are the long names of options, e.g. bits: 3, with rules; mojave recipes NAME shows one.")
    @SuppressWarnings("unused")
    private Path recipe;

    @Option(names = "--rule", paramLabel = "RULE",
            description = "Treat some matrices otherwise: ROLE=WHAT, @NAME=WHAT or ROLE@NAME=WHAT with keep, bits or a scheme, e.g. attention=8 or "
                    + "expert@layers.0.*=keep. Can be repeated; the last that matches counts.")
    private List<String> rules = List.of();

    @Option(names = "--target-bits", paramLabel = "B",
            description = "Bits of the whole result for each weight, e.g. 2.8: every matrix gets the scheme that pays best.")
    private Double targetBits;

    @Option(names = "--target-size", paramLabel = "SIZE", description = "The same by size of all files, e.g. 9GB. Never exceeded.")
    private ByteCount targetSize;

    @Option(names = "--allocation", paramLabel = "MODE", defaultValue = "global",
            description = "How a target's bits are shared out (default: ${DEFAULT-VALUE}): global, over all matrices; or only among experts of 1, 2 and "
                    + "3 bits, all else being as --bits and so on say: pmq (Mixture Compressor), frequency, uniform.")
    private String allocation;

    @Option(names = "--expert-bits", paramLabel = "B", split = ",", defaultValue = "1,2,3",
            description = "Bits that an expert may have with --allocation pmq, frequency or uniform (default: ${DEFAULT-VALUE}), e.g. 1,2,3,4 or 2,3.")
    private List<Integer> expertBits;

    @Option(names = "--one-bit", paramLabel = "KIND", defaultValue = "trellis",
            description = "What experts of one bit are stored as (default: ${DEFAULT-VALUE}): trellis, or mean, plus or minus the mean magnitude of a group "
                    + "as Mixture Compressor has it, e.g. --allocation pmq --one-bit mean.")
    private String oneBit;

    @Option(names = "--costs", paramLabel = "COSTS", defaultValue = "output",
            description = "By what a plan over all matrices compares the errors that schemes make (default: ${DEFAULT-VALUE}): output, as they are, each half "
                    + "layer by its measured divergence; or gradient, times the loss gradient (GEMQ), e.g. --target-bits 2.5 --costs gradient.")
    private String costs;

    @Option(names = "--tie", paramLabel = "KIND", defaultValue = "none",
            description = "What must share one scheme in a plan over all matrices, for programs that keep it together (default: ${DEFAULT-VALUE}): none; "
                    + "experts, each projection of all experts of a layer, as GGUF stores them; or fused, gate and up, and query, key and value alike "
                    + "besides, as vLLM multiplies them, e.g. --target-bits 3 --tie experts.")
    private String tie;

    @Option(names = "--bits", paramLabel = "B", description = "Bits of a weight: 8, 4, 3 or 2 (default: 4).")
    private Integer bits;

    @Option(names = "--group-size", paramLabel = "G", description = "Weights that share a scale: 32, 64, 128 or row (default: 64).")
    private String groupSize;

    @Option(names = "--method", paramLabel = "M", defaultValue = "gptq", description = {"How codes are chosen (default: ${DEFAULT-VALUE}): gptq; awq, scales folded into norms, then rounding; without text hqq,",
                "fitted scales and zeros, or rtn, rounding."})
    private String method;

    @Option(names = "--symmetric", description = "No zero points: a little smaller, a little less exact.")
    private boolean symmetric;

    @Option(names = "--vocabulary-bits", paramLabel = "B",
            description = "Bits of embedding and output head: 8, or 16 to keep them (default: 8).")
    private Integer vocabularyBits;

    @Mixin
    private CalibrationOptions calibration = new CalibrationOptions();

    @Mixin
    private TransformationOptions transformation = new TransformationOptions();

    @Option(names = "--statistics", paramLabel = "DIR",
            description = "Statistics of mojave calibrate instead of text; fast, but no matrix is fitted to the quantized ones before it.")
    private Path statistics;

    @Option(names = "--affinity-from", paramLabel = "MODEL", defaultValue = "original",
            description = "Whose routing weights --affinity-power takes: original, or quantized as far as it is (default: ${DEFAULT-VALUE}).")
    private String affinityFrom;

    @Option(names = "--no-matching", description = "Fit each matrix to its own outputs, not to those of the original model (less exact).")
    private boolean noMatching;

    @Option(names = "--shrinkage", paramLabel = "S", defaultValue = "0.25",
            description = "How far the statistics of an expert with few tokens lean on the layer's; 0: not at all (default: ${DEFAULT-VALUE}).")
    private double shrinkage;

    @Option(names = "--router-damping", paramLabel = "D", defaultValue = "0",
            description = "Fit the routers to the original's choices, so stiffly (try 0.01); 0: they stay as they are (default: ${DEFAULT-VALUE}).")
    private double routerDamping;

    @Option(names = "--sweeps", paramLabel = "N", defaultValue = "4",
            description = "Times that codes and scales are adjusted after the first choice (default: ${DEFAULT-VALUE}).")
    private int sweeps;

    @Option(names = "--group-scales", paramLabel = "WEIGHTS", defaultValue = "original",
            description = "From which weights GPTQ chooses scales (default: ${DEFAULT-VALUE}): original; or compensated, which carry the errors of earlier "
                    + "columns, as published, e.g. --group-scales compensated --sweeps 0.")
    private String groupScales;

    /**
     * The recipe; throws {@link UsageException} for options that contradict each other. {@code sizesOnly}: with a fixed scheme the text
     * makes no difference, so that none need be chosen for balance, which takes a walk through the model.
     */
    Recipe recipe(long seed, boolean sizesOnly) {
        return quantization(seed, sizesOnly).with(transformation.transformation()).with(rules.stream().map(Rule::parse).toList());
    }

    private Recipe quantization(long seed, boolean sizesOnly) {
        boolean target = targetBits != null || targetSize != null;
        if (statistics != null && (target || calibration.isGiven() || routerDamping != 0)) {
            throw new UsageException("--statistics stands for the text: leave out --calibration, --sample, --balance, --affinity-power, "
                    + "--router-damping and targets");
        }
        Fitting fitting = statistics == null ? new Fitting(!noMatching, calibration.affinity(Affinity.Source.parse(affinityFrom)), shrinkage, routerDamping, sweeps)
                : new Fitting(false, Affinity.power(StoredMoments.header(statistics).affinityPower()), shrinkage, 0, sweeps);
        fitting = fitting.with(GroupScales.parse(groupScales));
        CalibrationWish wish = calibration.wish(target || !sizesOnly);
        AllocationMode mode = AllocationMode.parse(allocation);
        if (!target || mode.expertsOnly()) {
            Recipe fixed = new Recipe(Method.parse(method), scheme(), vocabularyBits == null ? 8 : vocabularyBits, wish, fitting, seed);
            return target ? fixed.with(target(), sharing(mode)) : fixed.with(sharing(mode));
        }
        refuseSchemes();
        return Recipe.of(Method.parse(method), target(), wish, fitting, seed).with(sharing(mode));
    }

    private Sharing sharing(AllocationMode mode) {
        return new Sharing(mode, Costs.parse(costs), expertBits, OneBit.parse(oneBit), Tie.parse(tie));
    }

    private Target target() {
        if (targetBits != null && targetSize != null) {
            throw new UsageException("--target-bits and --target-size say the same in two ways; give one of them");
        }
        return targetBits == null ? new Target.Bytes(targetSize.bytes()) : new Target.Bits(targetBits);
    }

    /** Whether the model shall write its calibration text itself. */
    boolean samples() {
        return calibration.samples();
    }

    /** The folder of statistics that stand for the text. */
    Optional<Path> statistics() {
        return Optional.ofNullable(statistics);
    }

    private void refuseSchemes() {
        String target = targetBits == null ? "--target-size" : "--target-bits";
        Stream.of(given("--bits", bits), given("--group-size", groupSize), given("--vocabulary-bits", vocabularyBits),
                given("--symmetric", symmetric ? true : null)).filter(option -> !option.isEmpty()).findFirst().ifPresent(option -> {
                    throw new UsageException(target + " chooses the scheme of every matrix; leave out " + option);
                });
    }

    private static String given(String option, Object value) {
        return value == null ? "" : option;
    }

    private Scheme scheme() {
        int group = switch (groupSize == null ? "64" : groupSize) {
            case "32" -> 32;
            case "64" -> 64;
            case "128" -> 128;
            case "row" -> Scheme.WHOLE_ROW;
            default -> throw new UsageException("--group-size must be 32, 64, 128 or row, not " + groupSize);
        };
        int width = bits == null ? 4 : bits;
        if (width != 2 && width != 3 && width != 4 && width != 8) {
            throw new UsageException("--bits must be 8, 4, 3 or 2, not " + width);
        }
        return new Scheme(width, group, symmetric);
    }
}
