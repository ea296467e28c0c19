package org.mojave.engine.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.ProductList;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;

/**
 * Linear layers of one layer's weights: observe, multiply, add bias. Linears that do not depend on each other are gathered
 * with {@link #add} and computed together by {@link #run}.
 */
final class Linears {
    private final Workers workers;
    private final ProductPath path;
    private final ProductList products = new ProductList();
    private final List<Bias> biases = new ArrayList<>();

    Linears(Workers workers, ProductPath path) {
        this.workers = workers;
        this.path = path;
    }

    /**
     * What is multiplied: {@code x} [tokens, columns] from row {@code firstRow} on; {@code affinity} as in {@link
     * LinearObserver}.
     */
    record Input(float[] x, int firstRow, int tokens, float[] affinity) {
        Input(float[] x, int tokens) {
            this(x, 0, tokens, null);
        }
    }

    /** Where a result goes: {@code y} [tokens, rows] from row {@code firstRow} on. */
    record Output(float[] y, int firstRow) {}

    /** A matrix, its name, and its bias or null. */
    record Weight(MatrixId id, Matrix matrix, float[] bias) {}

    private record Bias(float[] bias, Output output, int tokens) {}

    /** Whether each token's results must be those that it would have alone, to the bit. */
    void independent(boolean tokensAre) {
        products.independent(tokensAre);
    }

    /** Whether each token's results are those that it would have alone. */
    boolean independent() {
        return products.independent();
    }

    /** Native kernels for what lies between linears, if they are in use. */
    Optional<NativeKernels> natives() {
        return path.natives();
    }

    /** Whether it pays to add many linears before {@link #run}. */
    boolean joins() {
        return path.joins();
    }

    /** {@code y = x · Wᵀ + bias} for matrix {@code id}, once {@link #run} is called. An observer sees rows from 0 on only. */
    void add(LayerWeights weights, MatrixId id, Input input, Output output, LinearObserver observer) {
        add(new Weight(id, weights.matrix(id), weights.bias(id)), input, output, observer);
    }

    /** As {@link #add(LayerWeights, MatrixId, Input, Output, LinearObserver)}, with a matrix from elsewhere. */
    void add(Weight weight, Input input, Output output, LinearObserver observer) {
        if (observer.looks()) {
            if (input.firstRow() != 0) {
                throw new IllegalArgumentException("observed inputs start at row 0, not " + input.firstRow());
            }
            observer.input(weight.id(), input.x(), input.tokens(), input.affinity());
        }
        Matrix matrix = weight.matrix();
        products.add(matrix, new Block(input.x(), input.firstRow() * matrix.columns(), matrix.columns()), input.tokens(),
                new Block(output.y(), output.firstRow() * matrix.rows(), matrix.rows()));
        if (weight.bias() != null) {
            biases.add(new Bias(weight.bias(), output, input.tokens()));
        }
    }

    /** As {@link #add(Weight, Input, Output, LinearObserver)} for one token, of which only blocks of 16 rows are wanted; others are the bias. */
    void addSparse(Weight weight, int[] tiles, Input input, Output output) {
        Matrix matrix = weight.matrix();
        products.addSparse(matrix, new Block(input.x(), input.firstRow() * matrix.columns(), matrix.columns()), tiles,
                new Block(output.y(), output.firstRow() * matrix.rows(), matrix.rows()));
        if (weight.bias() != null) {
            biases.add(new Bias(weight.bias(), output, 1));
        }
    }

    /** Bytes of matrices that sparse products did not read, from the beginning. */
    long sparedBytes() {
        return products.sparedBytes();
    }

    /** Computes what was added. */
    void run() {
        path.multiply(products, workers);
        products.clear();
        for (Bias bias : biases) {
            addBias(bias.bias(), bias.output().y(), bias.output().firstRow(), bias.tokens());
        }
        biases.clear();
    }

    /** One linear by itself; y from row 0 on. */
    void apply(LayerWeights weights, MatrixId id, Input input, float[] y, LinearObserver observer) {
        add(weights, id, input, new Output(y, 0), observer);
        run();
    }

    /** Bytes of rounded activations that are kept. */
    long bytes() {
        return products.bytes();
    }

    /** Adds {@code bias} to each row from {@code firstRow} on, unless it is null. */
    static void addBias(float[] bias, float[] y, int firstRow, int tokens) {
        if (bias != null) {
            for (int t = firstRow; t < firstRow + tokens; t++) {
                for (int i = 0; i < bias.length; i++) {
                    y[t * bias.length + i] += bias[i];
                }
            }
        }
    }
}
