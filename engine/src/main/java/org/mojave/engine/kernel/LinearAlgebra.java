package org.mojave.engine.kernel;

/**
 * Dense products and factorisations on one thread; {@link Workers} share larger ones. Two implementations give the same
 * results up to rounding: {@link OpenBlas}, and {@link PortableAlgebra} where that cannot be loaded.
 *
 * <p>Example: {@code LinearAlgebra.preferred().multiplyTransposed(x, w, y, new Extent(tokens, rows, columns))}.
 */
public sealed interface LinearAlgebra permits OpenBlas, PortableAlgebra {
    /** The fastest one that works on this machine; loads the native library at the first call. */
    static LinearAlgebra preferred() {
        return switch (OpenBlas.status()) {
            case OpenBlas.Status.Available(OpenBlas algebra) -> algebra;
            case OpenBlas.Status.Unavailable _ -> new PortableAlgebra();
        };
    }

    /** One line for people: which library and which of its code paths. */
    String describe();

    /** {@code y = x · wᵀ}: x [rows, depth], w [columns, depth], y [rows, columns]. */
    void multiplyTransposed(Block x, Block w, Block y, Extent extent);

    /** {@code c += alpha · aᵀ · b}: a [depth, rows], b [depth, columns], c [rows, columns]. */
    void addTransposed(float alpha, Block a, Block b, Block c, Extent extent);

    /**
     * Cholesky factor of a symmetric positive definite matrix: replaces the lower triangle of a [n, n] by L, H = L · Lᵀ;
     * the rest is left alone. False if H is not positive definite (a is then spoilt).
     */
    boolean cholesky(double[] a, int n);

    /** Inverts the lower triangle L of l [n, n] in place; the rest is left alone. False if L has a zero on its diagonal. */
    boolean invertLower(double[] l, int n);

    /** Replaces the symmetric positive definite a [n, n], of which the lower triangle is read, by its inverse; false as above. */
    default boolean invert(double[] a, int n) {
        return Factorizations.invert(this, a, n);
    }

    /**
     * Replaces the symmetric positive definite a [n, n] by the upper triangular U with {@code a⁻¹ = Uᵀ · U}, zeros below
     * the diagonal; false as above. This is the factor of Frantar et al. 2022 (GPTQ, algorithm 1).
     */
    default boolean inverseUpperFactor(double[] a, int n) {
        return Factorizations.inverseUpperFactor(this, a, n);
    }
}
