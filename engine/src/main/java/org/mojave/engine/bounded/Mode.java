package org.mojave.engine.bounded;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How results may differ from the exact ones. {@link #text} is what users write. */
public sealed interface Mode {
    /** {@code skip-misses:0.75}, {@code experts:4}, {@code early}. */
    String text();

    /**
     * An expert that is not in memory is left out where its weight is below {@code share} / k of its token's, k experts per token; never
     * a token's first, and only while tokens are generated: a prompt reads each expert once anyway.
     *
     * @param share F, above 0; 1 is the mean weight
     */
    record SkipMisses(double share) implements Mode {
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
    record FewerExperts(int kept) implements Mode {
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
    record EarlyRoutes() implements Mode {
        @Override
        public String text() {
            return "early";
        }
    }

    /** Reads what {@link #text} writes; a share or number may be left out for skip-misses (¾). Empty for anything else. */
    static Optional<Mode> parse(String text) {
        Matcher matcher = Pattern.compile("(early)|skip-misses(?::(\\d{1,3}(?:\\.\\d{1,9})?))?|experts:(\\d{1,4})").matcher(text.strip());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        if (matcher.group(1) != null) {
            return Optional.of(new EarlyRoutes());
        }
        return Optional.of(matcher.group(3) != null ? new FewerExperts(Integer.parseInt(matcher.group(3)))
                : new SkipMisses(matcher.group(2) == null ? 0.75 : Double.parseDouble(matcher.group(2))));
    }
}
