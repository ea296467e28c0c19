package org.mojave.engine.bounded;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mojave.engine.run.NeuronChoice;

/** How results may differ from the exact ones. {@link #text} is what users write. */
public sealed interface Mode {
    /** Of skip-misses where nothing else is said. */
    double USUAL_SHARE = 0.75;
    /** Percent of the neurons where nothing else is said. */
    double USUAL_NEURONS = 50;
    /** Percent of the inputs where nothing else is said. */
    double USUAL_WINA = 30;

    /** {@code skip-misses:0.75}, {@code experts:4}, {@code early}, {@code neurons:50%}, {@code wina:30%}. */
    String text();

    /** Modes that change which experts a token takes. */
    sealed interface OfRoutes extends Mode {}

    /**
     * Modes that leave out parts of the experts that a token takes, while tokens are generated one by one: the rest is computed as if what
     * is left out were zero.
     */
    sealed interface OfNeurons extends Mode {
        /** Percent of what is left out. */
        double percent();

        /** How experts are computed. */
        NeuronChoice.Way way();
    }

    /**
     * An expert that is not in memory is left out where its weight is below {@code share} / k of its token's, k experts per token; never
     * a token's first, and only while tokens are generated: a prompt reads each expert once anyway.
     *
     * @param share F, above 0; 1 is the mean weight
     */
    record SkipMisses(double share) implements OfRoutes {
        public SkipMisses {
            if (!(share > 0 && share <= 100)) {
                throw new IllegalArgumentException("the weight below which misses are skipped must be above 0, not " + share);
            }
        }

        @Override
        public String text() {
            return "skip-misses:" + share;
        }
    }

    /**
     * Only the first experts of each token.
     *
     * @param kept experts per token, at least 1
     */
    record FewerExperts(int kept) implements OfRoutes {
        public FewerExperts {
            if (kept < 1) {
                throw new IllegalArgumentException("at least one expert per token must be kept, not " + kept);
            }
        }

        @Override
        public String text() {
            return "experts:" + kept;
        }
    }

    /**
     * While tokens are generated, each layer but the first with experts takes the experts that its router picks from the state before the
     * layer's attention, so that reading can begin then; their weights are the router's own. Pre-gated MoE (arXiv 2308.12066) without
     * training.
     */
    record EarlyRoutes() implements OfRoutes {
        @Override
        public String text() {
            return "early";
        }
    }

    /**
     * Up and down projections leave out the neurons of each expert whose activation after the gate projection is smallest.
     *
     * @param percent of the neurons, in blocks of 16
     */
    record GateFirst(double percent) implements OfNeurons {
        public GateFirst {
            requirePercent(percent);
        }

        @Override
        public NeuronChoice.Way way() {
            return NeuronChoice.Way.GATE_FIRST;
        }

        @Override
        public String text() {
            return "neurons:" + shortest(percent) + "%";
        }
    }

    /**
     * All three projections of each expert leave out the inputs of the smallest size times norm of the column that they meet (WINA).
     *
     * @param percent of the inputs, in the smallest blocks of columns that the storage allows
     */
    record Wina(double percent) implements OfNeurons {
        public Wina {
            requirePercent(percent);
        }

        @Override
        public NeuronChoice.Way way() {
            return NeuronChoice.Way.BY_COLUMN_NORMS;
        }

        @Override
        public String text() {
            return "wina:" + shortest(percent) + "%";
        }
    }

    private static void requirePercent(double percent) {
        if (!(percent > 0 && percent < 100)) {
            throw new IllegalArgumentException("what is left out must be above 0 % and below 100 %, not " + percent + " %");
        }
    }

    private static String shortest(double percent) {
        return BigDecimal.valueOf(percent).stripTrailingZeros().toPlainString();
    }

    /** Reads what {@link #text} writes; what follows the colon may be left out for all but {@code experts} (¾, 50 %, 30 %). Empty for anything else. */
    static Optional<Mode> parse(String text) {
        Matcher matcher = Pattern.compile("(early)|skip-misses(?::(\\d{1,3}(?:\\.\\d{1,9})?))?|experts:(\\d{1,4})|(neurons|wina)(?::(\\d{1,3}(?:\\.\\d{1,9})?)%?)?")
                .matcher(text.strip());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        if (matcher.group(1) != null) {
            return Optional.of(new EarlyRoutes());
        }
        if (matcher.group(4) != null) {
            boolean wina = matcher.group(4).equals("wina");
            double percent = matcher.group(5) != null ? Double.parseDouble(matcher.group(5)) : wina ? USUAL_WINA : USUAL_NEURONS;
            return Optional.of(wina ? new Wina(percent) : new GateFirst(percent));
        }
        return Optional.of(matcher.group(3) != null ? new FewerExperts(Integer.parseInt(matcher.group(3)))
                : new SkipMisses(matcher.group(2) == null ? USUAL_SHARE : Double.parseDouble(matcher.group(2))));
    }
}
