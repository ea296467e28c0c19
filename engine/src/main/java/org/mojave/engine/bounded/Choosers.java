package org.mojave.engine.bounded;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.mojave.engine.run.Routing;
import org.mojave.engine.store.ExpertStore;

/** What decides in the modes. */
final class Choosers {
    /** In calls with more tokens, experts are read for many tokens at once. */
    private static final int MOST_TOKENS = 4;

    private Choosers() {}

    static Chooser of(Mode.OfRoutes mode, Optional<ExpertStore> store) {
        return switch (mode) {
            case Mode.SkipMisses(double share) -> new SkipMisses(share, store);
            case Mode.FewerExperts(int kept) -> (_, _, _, experts) -> Arrays.fill(experts, Math.min(kept, experts.length), experts.length, -1);
            case Mode.EarlyRoutes _ -> new EarlyRoutes(store);
        };
    }

    private record SkipMisses(double share, Optional<ExpertStore> store) implements Chooser {
        @Override
        public void choose(int layer, Routing routing, int row, int[] experts) {
            if (routing.tokens() > MOST_TOKENS || store.isEmpty()) {
                return;
            }
            double total = 0;
            for (int k = 0; k < experts.length; k++) {
                total += routing.weights()[row * experts.length + k];
            }
            double least = share / experts.length * total;
            for (int k = 1; k < experts.length; k++) {
                if (experts[k] >= 0 && routing.weights()[row * experts.length + k] < least && !store.get().holds(layer, experts[k])) {
                    experts[k] = -1;
                }
            }
        }
    }

    private static final class EarlyRoutes implements Chooser {
        private final Optional<ExpertStore> store;
        private final Map<Integer, int[]> committed = new HashMap<>();
        private int firstLayer = Integer.MAX_VALUE;

        EarlyRoutes(Optional<ExpertStore> store) {
            this.store = store;
        }

        @Override
        public void guessed(int layer, Routing guess) {
            firstLayer = Math.min(firstLayer, layer);
            if (layer > firstLayer) {
                int[] experts = Arrays.copyOf(guess.experts(), guess.chosen());
                committed.put(layer, experts);
                store.ifPresent(reads -> reads.commit(layer, experts, experts.length));
            }
        }

        @Override
        public void choose(int layer, Routing routing, int row, int[] experts) {
            int[] early = committed.remove(layer);
            if (early != null && routing.tokens() == 1) {
                System.arraycopy(early, 0, experts, 0, experts.length);
            }
        }
    }
}
