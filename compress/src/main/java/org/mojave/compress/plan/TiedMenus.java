package org.mojave.compress.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Tie;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.packed.Scheme;

/**
 * What every matrix of a model may become in a plan for a target: its menu, what rules leave of it, and what all matrices tied to it can
 * become as well.
 *
 * @param schemes by matrix, in file order; empty for what is kept
 * @param tie which matrices share a scheme
 */
record TiedMenus(Map<MatrixId, List<Scheme>> schemes, Tie tie) {
    /** Throws {@link RecipeException} where rules leave tied matrices no common scheme. */
    static TiedMenus of(SourceModel source, Recipe recipe, RuledMatrices ruled) {
        Map<MatrixId, List<Scheme>> schemes = new LinkedHashMap<>();
        Map<String, List<Scheme>> common = new LinkedHashMap<>();
        TiedMenus menus = new TiedMenus(schemes, recipe.sharing().tie());
        for (MatrixId id : source.spec().matrices()) {
            List<Scheme> own = ruled.menu(id, SchemeMenu.of(id.role(), recipe.method()));
            schemes.put(id, own);
            common.merge(menus.key(id), own, TiedMenus::both);
        }
        schemes.replaceAll((id, own) -> {
            List<Scheme> left = common.get(menus.key(id));
            if (left.isEmpty() && !own.isEmpty()) {
                throw new RecipeException("rules leave no scheme that " + id.name() + " could share with all that --tie " + recipe.sharing().tie().wireName()
                        + " ties it to; correct the rules, or leave out --tie");
            }
            return left;
        });
        return menus;
    }

    private static List<Scheme> both(List<Scheme> a, List<Scheme> b) {
        List<Scheme> both = new ArrayList<>(a);
        both.retainAll(b);
        return both;
    }

    /** The same for all matrices that share a scheme. */
    String key(MatrixId id) {
        String role = switch (tie) {
            case NONE, EXPERTS -> id.role().name();
            case FUSED -> switch (id.role()) {
                case GATE, UP -> "GATE_UP";
                case SHARED_GATE, SHARED_UP -> "SHARED_GATE_UP";
                case QUERY, KEY, VALUE -> "QUERY_KEY_VALUE";
                case ROUTER, SHARED_ROUTER, EMBEDDING, HEAD, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, DOWN, SHARED_DOWN ->
                    id.role().name();
            };
        };
        boolean alone = tie == Tie.NONE || id.layer() == MatrixId.NONE;
        return alone ? id.name() : id.layer() + "." + (id.expert() == MatrixId.NONE ? "" : "experts.") + role;
    }
}
