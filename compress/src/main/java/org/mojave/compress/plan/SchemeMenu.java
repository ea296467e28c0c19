package org.mojave.compress.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.format.packed.Scheme;

/**
 * The schemes that a plan with a target chooses from: a trellis up to 4 bits, and plain
 * codes with six-bit scales, which win where inputs depend strongly on each other, above 4 bits, and for vocabularies.
 */
public final class SchemeMenu {
    private static final List<Scheme> LAYERS = parse("1rowt", "2rowt", "2g64s6", "2g64t6", "3rowt", "3g64s6", "3g64t6", "4rowt", "4g64s6",
            "5g64s6", "6g64s6", "8g128s");
    private static final List<Scheme> VOCABULARY = parse("3g64s6", "4g64s6", "4g32s6", "5g64s6", "6g64s6", "8g128s");
    private static final Scheme REFERENCE = Scheme.parse("3rowt");
    private static final Scheme VOCABULARY_REFERENCE = Scheme.parse("4g64s6");

    private SchemeMenu() {}

    private static List<Scheme> parse(String... ids) {
        return Stream.of(ids).map(Scheme::parse).toList();
    }

    /** The schemes for matrices of layers, in order of size. */
    public static List<Scheme> layers() {
        return LAYERS;
    }

    /** A scheme in the middle of those for layers. */
    public static Scheme reference() {
        return REFERENCE;
    }

    /** The schemes for matrices of that role, in order of size; empty for what is always kept. */
    public static List<Scheme> of(MatrixRole role) {
        return switch (role) {
            case ROUTER, SHARED_ROUTER -> List.of();
            case EMBEDDING, HEAD -> VOCABULARY;
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, GATE, UP, DOWN, SHARED_GATE, SHARED_UP,
                    SHARED_DOWN -> LAYERS;
        };
    }

    /** A scheme in the middle of its menu for every matrix of a model that has a menu, by name. */
    public static Map<String, Scheme> references(ModelSpec spec) {
        Map<String, Scheme> schemes = new LinkedHashMap<>();
        for (MatrixId id : spec.matrices()) {
            if (!of(id.role()).isEmpty()) {
                schemes.put(id.name(), id.layer() == MatrixId.NONE ? VOCABULARY_REFERENCE : REFERENCE);
            }
        }
        return schemes;
    }
}
