package org.mojave.compress.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.format.packed.Scheme;

/**
 * What each scheme does to each matrix, in one unit for the whole model: the estimated KL divergence of the model's predictions.
 *
 * @param prices by matrix name
 */
public record CostTable(Map<String, List<Price>> prices) {
    /** One scheme and its damage. */
    public record Price(Scheme scheme, double cost) {
        public Price {
            if (!(cost >= 0 && cost < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("scheme " + scheme.id() + " costs " + cost);
            }
        }
    }

    public CostTable {
        prices = Collections.unmodifiableMap(new LinkedHashMap<>(prices));
    }
}
