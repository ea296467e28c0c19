package org.mojave.compress.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.mojave.compress.recipe.Method;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.format.packed.Scheme;

/**
 * The schemes that a plan with a target chooses from. For GPTQ: a trellis up to 4 bits, and plain codes with six-bit scales, which win
 * where inputs depend strongly on each other, above 4 bits, and for vocabularies. For the others: what they can make.
 */
public final class SchemeMenu {
    private static final List<Scheme> LAYERS = parse("1rowt", "2rowt", "2g64s6", "2g64t6", "3rowt", "3g64s6", "3g64t6", "4rowt", "4g64s6",
            "5g64s6", "6g64s6", "8g128s");
    /** Without compensation of errors a trellis brings little, and zero points much. */
    private static final List<Scheme> ROUNDED = parse("2g64a6", "2g32a", "3g64a6", "3g32a", "4g64a6", "4g32a", "5g64a6", "6g64s6", "8g128s");
    /** HQQ makes float16 scales only. */
    private static final List<Scheme> HALF_QUADRATIC = parse("2g64a", "2g32a", "3g64a", "3g32a", "4g64a", "4g32a", "5g64a", "6g64s", "8g128s");
    private static final List<Scheme> VOCABULARY = parse("3g64s6", "4g64s6", "4g32s6", "5g64s6", "6g64s6", "8g128s");
    private static final Scheme VOCABULARY_REFERENCE = Scheme.parse("4g64s6");

    private SchemeMenu() {}

    private static List<Scheme> parse(String... ids) {
        return Stream.of(ids).map(Scheme::parse).toList();
    }

    /** The schemes that a method can give to matrices of layers, in order of size. */
    public static List<Scheme> layers(Method method) {
        return switch (method) {
            case RTN, AWQ -> ROUNDED;
            case HQQ -> HALF_QUADRATIC;
            case GPTQ -> LAYERS;
        };
    }

    /** A scheme in the middle of those for layers. */
    public static Scheme reference(Method method) {
        return switch (method) {
            case RTN, AWQ -> Scheme.parse("3g64a6");
            case HQQ -> Scheme.parse("3g64a");
            case GPTQ -> Scheme.parse("3rowt");
        };
    }

    /** The schemes for embedding and head, which are rounded whatever the method, in order of size. */
    public static List<Scheme> vocabulary() {
        return VOCABULARY;
    }

    /** The schemes for matrices of that role, in order of size; empty for what is always kept. */
    public static List<Scheme> of(MatrixRole role, Method method) {
        return switch (role) {
            case ROUTER, SHARED_ROUTER -> List.of();
            case EMBEDDING, HEAD -> VOCABULARY;
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, GATE, UP, DOWN, SHARED_GATE, SHARED_UP,
                    SHARED_DOWN -> layers(method);
        };
    }

    /** A scheme in the middle of its menu for every matrix of a model that has a menu, by name. */
    public static Map<String, Scheme> references(ModelSpec spec, Method method) {
        Map<String, Scheme> schemes = new LinkedHashMap<>();
        for (MatrixId id : spec.matrices()) {
            if (!of(id.role(), method).isEmpty()) {
                schemes.put(id.name(), id.layer() == MatrixId.NONE ? VOCABULARY_REFERENCE : reference(method));
            }
        }
        return schemes;
    }
}
