package org.mojave.compress.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Rule;
import org.mojave.compress.recipe.RuleRole;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.packed.Scheme;

/**
 * What the rules of a recipe say of the matrices of a model.
 *
 * @param schemes by matrix name, in file order; empty for a matrix that a rule keeps. Matrices without a rule are missing, and so are
 *     routers, which are kept anyway
 */
record RuledMatrices(Map<String, Optional<Scheme>> schemes) {
    /** Names shown of a model to whoever mistypes one. */
    private static final int SHOWN_NAMES = 4;

    /** Throws {@link RecipeException} for a rule that matches nothing, or asks for what cannot be. */
    static RuledMatrices of(SourceModel source, Recipe recipe) {
        Map<String, Optional<Scheme>> schemes = new LinkedHashMap<>();
        Set<Rule> idle = new LinkedHashSet<>(recipe.rules());
        for (MatrixId id : source.spec().matrices()) {
            Optional<Rule> last = Optional.empty();
            for (Rule rule : recipe.rules()) {
                if (rule.matches(id, source.names().matrix(id).tensor()) && (!id.role().isRouter() || rule.decision() instanceof Rule.Decision.Keep)) {
                    idle.remove(rule);
                    last = Optional.of(rule);
                }
            }
            if (last.isPresent() && !id.role().isRouter()) {
                schemes.put(id.name(), scheme(id, last.get(), recipe));
            }
        }
        if (!idle.isEmpty()) {
            throw new RecipeException("rule '" + idle.iterator().next().text() + "' matches no matrix that could be quantized; " + known(source));
        }
        RuledMatrices ruled = new RuledMatrices(schemes);
        ruled.requireWholeTensors(source);
        return ruled;
    }

    /** What is left of a menu for that matrix: all without a rule, one scheme with one, none if it is kept. */
    List<Scheme> menu(MatrixId id, List<Scheme> menu) {
        Optional<Scheme> rule = schemes.get(id.name());
        return rule == null ? menu : rule.stream().toList();
    }

    /**
     * As {@link #menu}, with prices. A scheme that was not weighed is taken to do the damage of the widest weighed one that has not more bits,
     * or of the narrowest.
     */
    List<CostTable.Price> prices(MatrixId id, List<CostTable.Price> prices) {
        Optional<Scheme> rule = schemes.get(id.name());
        if (rule == null) {
            return prices;
        }
        return rule.stream().map(scheme -> new CostTable.Price(scheme, prices.stream().filter(price -> price.scheme().equals(scheme)).findFirst()
                .or(() -> prices.stream().filter(price -> price.scheme().bits() <= scheme.bits())
                        .max(Comparator.comparingInt(price -> price.scheme().bits())))
                .or(() -> prices.stream().max(Comparator.comparingDouble(CostTable.Price::cost)))
                .map(CostTable.Price::cost).orElse(0.0))).toList();
    }

    private static Optional<Scheme> scheme(MatrixId id, Rule rule, Recipe recipe) {
        boolean vocabulary = id.layer() == MatrixId.NONE;
        return switch (rule.decision()) {
            case Rule.Decision.Keep _ -> {
                if (!vocabulary && (recipe.transformation().rewrites() || recipe.folds())) {
                    throw new RecipeException("rule '" + rule.text() + "' keeps " + id.name() + ", which smoothing, outlier scaling, rotation or awq "
                            + "rewrites; quantize it (e.g. with 8 bits), or leave those out");
                }
                yield Optional.empty();
            }
            case Rule.Decision.Bits(int bits) -> Optional.of(new Scheme(bits, recipe.scheme().groupSize(), vocabulary || recipe.scheme().symmetric()));
            case Rule.Decision.Store(Scheme scheme) -> {
                if (scheme.trellis() && (vocabulary || recipe.method() != Method.GPTQ)) {
                    throw new RecipeException("rule '" + rule.text() + "' wants a trellis for " + id.name()
                            + ", which only gptq makes, and only for matrices of layers; write e.g. 4g64s6");
                }
                if (scheme.sixBitScales() && !vocabulary && recipe.method() == Method.HQQ) {
                    throw new RecipeException("rule '" + rule.text() + "' wants six-bit scales for " + id.name() + ", hqq makes float16 scales only");
                }
                if (scheme.binary() && !vocabulary && recipe.method() == Method.HQQ) {
                    throw new RecipeException("rule '" + rule.text() + "' wants binary codes for " + id.name() + ", which hqq does not make");
                }
                yield Optional.of(scheme);
            }
        };
    }

    private static String known(SourceModel source) {
        Set<RuleRole> roles = new TreeSet<>();
        List<String> names = new ArrayList<>();
        for (MatrixId id : source.spec().matrices()) {
            if (roles.add(RuleRole.group(id)) && !id.role().isRouter() && names.size() < SHOWN_NAMES) {
                names.add(id.name());
            }
        }
        return "the model has the roles " + roles.stream().map(RuleRole::wireName).collect(Collectors.joining(", ")) + " and names like "
                + String.join(", ", names);
    }

    private boolean keeps(MatrixId id) {
        return schemes.containsKey(id.name()) && schemes.get(id.name()).isEmpty();
    }

    /** A kept matrix is kept with its tensor, so all matrices of that tensor must be kept. */
    private void requireWholeTensors(SourceModel source) {
        Map<String, MatrixId> kept = new LinkedHashMap<>();
        source.spec().matrices().stream().filter(this::keeps)
                .forEach(id -> kept.put(source.names().matrix(id).tensor(), id));
        for (MatrixId id : source.spec().matrices()) {
            String tensor = source.names().matrix(id).tensor();
            if (kept.containsKey(tensor) && !id.role().isRouter() && !keeps(id)) {
                throw new RecipeException(kept.get(tensor).name() + " cannot be kept alone: its tensor " + tensor + " holds " + id.name()
                        + " too; write a rule that keeps all of them, e.g. @" + tensor + "=keep");
            }
        }
    }
}
