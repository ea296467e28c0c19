package org.mojave.compress.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.mojave.compress.recipe.RuleRole;

/**
 * What became of the matrices of one role.
 *
 * @param role experts, attention and so on
 * @param quantized matrices
 * @param kept matrices
 * @param fallen quantized matrices that are worse than what was asked for: without tokens, or with a Hessian that needed help
 * @param bitsPerWeight of all of them, as stored
 * @param leastTokens calibration tokens of the matrix that saw fewest; empty where none were looked at
 * @param worst the quantized matrix of largest error
 */
public record RoleResult(RuleRole role, int quantized, int kept, int fallen, double bitsPerWeight, OptionalLong leastTokens,
        Optional<MatrixResult> worst) {
    /** One for every role, in the order in which they first appear. */
    public static List<RoleResult> of(List<MatrixResult> matrices) {
        Map<RuleRole, List<MatrixResult>> roles = new LinkedHashMap<>();
        matrices.forEach(matrix -> roles.computeIfAbsent(RuleRole.group(matrix.id()), _ -> new ArrayList<>()).add(matrix));
        return roles.entrySet().stream().map(entry -> of(entry.getKey(), entry.getValue())).toList();
    }

    private static RoleResult of(RuleRole role, List<MatrixResult> matrices) {
        List<MatrixResult> quantized = matrices.stream().filter(matrix -> !matrix.isKept()).toList();
        int fallen = (int) quantized.stream().filter(matrix -> matrix.events().stream().anyMatch(JobEvent::degrades)).count();
        double bits = matrices.stream().mapToDouble(matrix -> matrix.bytes() * 8.0).sum()
                / matrices.stream().mapToDouble(matrix -> (double) matrix.rows() * matrix.columns()).sum();
        OptionalLong least = quantized.stream().allMatch(matrix -> matrix.tokens() == 0) ? OptionalLong.empty()
                : quantized.stream().mapToLong(MatrixResult::tokens).min();
        return new RoleResult(role, quantized.size(), matrices.size() - quantized.size(), fallen, bits, least,
                quantized.stream().reduce((a, b) -> b.error() > a.error() ? b : a));
    }
}
