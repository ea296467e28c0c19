package org.mojave.engine.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.Means;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;

/**
 * By what means a path multiplies the matrices of a model, as it is stored.
 *
 * <p>Example: {@code MeansInUse.of(model, path).describe()} is {@code native AVX-512 VNNI × 8-bit activations for 4g64a; native AVX-512 ×
 * float activations for bf16}.
 *
 * @param storages names of storages by what multiplies them, most bytes first
 */
public record MeansInUse(Map<Means, List<String>> storages) {
    public MeansInUse {
        storages = Collections.unmodifiableMap(new LinkedHashMap<>(storages));
    }

    /** Looks at every matrix that meets activations; an embedding that is no head is only looked up. */
    public static MeansInUse of(Model model, ProductPath path) {
        Map<Means, Map<String, Long>> bytes = new LinkedHashMap<>();
        for (MatrixId id : model.weights().matrices()) {
            boolean ends = id.role() == MatrixRole.EMBEDDING || id.role() == MatrixRole.HEAD;
            if (id.role() != MatrixRole.EMBEDDING || model.spec().tiedHead()) {
                Matrix matrix = model.weights().matrix(id);
                Means means = (ends ? path.forVocabulary() : path).means(matrix);
                bytes.computeIfAbsent(means, _ -> new TreeMap<>()).merge(matrix.storage(), matrix.storedBytes(), Long::sum);
            }
        }
        Map<Means, List<String>> storages = new LinkedHashMap<>();
        List<Means> order = new ArrayList<>(bytes.keySet());
        order.sort(Comparator.comparingLong((Means means) -> -sum(bytes.get(means))));
        for (Means means : order) {
            Map<String, Long> sizes = bytes.get(means);
            storages.put(means, sizes.keySet().stream().sorted(Comparator.comparingLong(name -> -sizes.get(name))).toList());
        }
        return new MeansInUse(storages);
    }

    private static long sum(Map<String, Long> sizes) {
        return sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** One line for people. */
    public String describe() {
        boolean natives = storages.keySet().stream().anyMatch(Means.Native.class::isInstance);
        List<String> parts = new ArrayList<>();
        storages.forEach((means, names) -> parts.add(means.describe() + " for " + String.join(", ", names)
                + (natives && means instanceof Means.Decoded ? " (without a native kernel)" : "")));
        return String.join("; ", parts);
    }
}
