package org.mojave.compress.rotate;

import java.util.Arrays;
import java.util.Optional;

/**
 * Hadamard matrices (entries ±1, {@code H·Hᵀ = n·I}) by the two constructions of Paley (1933), computed from quadratic characters:
 *
 * <ul>
 *   <li>I: order {@code q + 1} for {@code q ≡ 3 (mod 4)};
 *   <li>II: order {@code 2·(q + 1)} for {@code q ≡ 1 (mod 4)},
 * </ul>
 *
 * <p>q a prime or the square of one. With doubling they reach every multiple of 4 up to 88 (the first gap, 92, needs other means).
 */
final class HadamardOrder {
    private HadamardOrder() {}

    /** The matrix [order, order], row-major, if a construction gives that order itself; orders 1 and 2 included. */
    static Optional<byte[]> matrix(int order) {
        if (order == 1) {
            return Optional.of(new byte[] {1});
        }
        if (order == 2) {
            return Optional.of(new byte[] {1, 1, 1, -1});
        }
        if (order % 4 != 0) {
            return Optional.empty();
        }
        Optional<Field> first = Field.of(order - 1);
        if (first.isPresent()) {
            return Optional.of(paleyFirst(first.get()));
        }
        return Field.of(order / 2 - 1).filter(field -> field.size() % 4 == 1).map(HadamardOrder::paleySecond);
    }

    /** {@code I + S} with {@code S = [0 1; −1 Q]}, Q the Jacobsthal matrix {@code χ(a − b)}, antisymmetric here. */
    private static byte[] paleyFirst(Field field) {
        int n = field.size() + 1;
        byte[] h = new byte[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                h[i * n + j] = (byte) (bordered(field, i, j, -1) + (i == j ? 1 : 0));
            }
        }
        return h;
    }

    /** The conference matrix {@code C = [0 1; 1 Q]}: 0 becomes {@code [1 −1; −1 −1]}, ±1 becomes ±{@code [1 1; 1 −1]}. */
    private static byte[] paleySecond(Field field) {
        int half = field.size() + 1;
        int n = 2 * half;
        byte[] h = new byte[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                int c = bordered(field, i / 2, j / 2, 1);
                boolean corner = i % 2 == 1 && j % 2 == 1;
                boolean diagonal = i % 2 == j % 2;
                int value = c != 0 ? (corner ? -c : c) : diagonal && !corner ? 1 : -1;
                h[i * n + j] = (byte) value;
            }
        }
        return h;
    }

    private static int bordered(Field field, int i, int j, int left) {
        if (i == 0 || j == 0) {
            return i == j ? 0 : i == 0 ? 1 : left;
        }
        return field.character(i - 1, j - 1);
    }

    /**
     * The field of p or p² elements. Element {@code a + b·√n} of the latter, n a non-residue modulo p, is numbered {@code a + p·b}; it is a
     * square exactly if its norm {@code a² − n·b²} is one modulo p.
     */
    private record Field(int prime, int size, int[] residue, int nonResidue) {
        static Optional<Field> of(int size) {
            int root = (int) Math.round(Math.sqrt(size));
            int prime = root * root == size ? root : size;
            if (prime < 3 || !isPrime(prime)) {
                return Optional.empty();
            }
            int[] residue = new int[prime];
            Arrays.fill(residue, -1);
            residue[0] = 0;
            for (int x = 1; x < prime; x++) {
                residue[(int) ((long) x * x % prime)] = 1;
            }
            int nonResidue = 2;
            while (nonResidue < prime && residue[nonResidue] != -1) {
                nonResidue++;
            }
            return Optional.of(new Field(prime, size, residue, nonResidue));
        }

        /** χ(x − y): 0 for equal, 1 for a square, −1 otherwise. */
        int character(int x, int y) {
            int a = Math.floorMod(x % prime - y % prime, prime);
            if (size == prime) {
                return residue[a];
            }
            int b = Math.floorMod(x / prime - y / prime, prime);
            return residue[(int) Math.floorMod((long) a * a - (long) nonResidue * b * b, (long) prime)];
        }

        private static boolean isPrime(int n) {
            for (int d = 2; d * d <= n; d++) {
                if (n % d == 0) {
                    return false;
                }
            }
            return n > 1;
        }
    }
}
