package org.mojave.engine.run;

import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.ProductList;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.store.Weights;

/**
 * What comes before and after the layers: token embedding, and final norm with output head. Belongs to one thread at a time.
 *
 * <p>Example: {@code ends.embed(tokens, tokens.length, hidden); … ends.logits(hidden, 0, 16, logits);}
 */
public final class Ends {
    private final ModelSpec spec;
    private final Workers workers;
    private final ProductPath path;
    private final ProductList products = new ProductList();
    private final Matrix embedding;
    private final Matrix head;
    private final RowNorm norm;
    private final float[] headBias;
    private float[] normed = new float[0];

    /** Of that model, with its own matrices, computing exactly. */
    public Ends(Model model, Workers workers) {
        this(model, workers, new ExactProducts());
    }

    /** Of that model, with its own matrices, multiplying in that way. */
    public Ends(Model model, Workers workers, ProductPath path) {
        this(model, workers, path, model.weights().matrix(MatrixId.of(MatrixRole.EMBEDDING)),
                model.weights().matrix(MatrixId.of(model.spec().tiedHead() ? MatrixRole.EMBEDDING : MatrixRole.HEAD)));
    }

    /** With other (quantized) matrices [vocabulary, hidden] for embedding and head, computing exactly. */
    public Ends(Model model, Workers workers, Matrix embedding, Matrix head) {
        this(model, workers, new ExactProducts(), embedding, head);
    }

    private Ends(Model model, Workers workers, ProductPath path, Matrix embedding, Matrix head) {
        Weights weights = model.weights();
        spec = model.spec();
        this.workers = workers;
        this.path = path.forVocabulary();
        this.embedding = embedding;
        this.head = head;
        norm = new RowNorm(spec.norm(), weights.vector(VectorRole.FINAL_NORM, MatrixId.NONE).orElseThrow(),
                weights.vector(VectorRole.FINAL_NORM_BIAS, MatrixId.NONE).orElse(null));
        headBias = weights.bias(MatrixId.of(MatrixRole.HEAD)).orElse(null);
    }

    /** From now on, whether each token's results must be those that it would have alone, to the bit. */
    void independent(boolean tokensAre) {
        products.independent(tokensAre);
    }

    /** Writes the embeddings of {@code tokens} to {@code hidden} [tokens, hidden] from row {@code firstRow}. */
    public void embed(int[] tokens, float[] hidden, int firstRow) {
        int size = spec.hiddenSize();
        float multiplier = (float) spec.multipliers().embedding();
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] < 0 || tokens[i] >= spec.vocabularySize()) {
                throw new IllegalArgumentException("token " + tokens[i] + " is outside the vocabulary of "
                        + spec.vocabularySize());
            }
            int offset = (firstRow + i) * size;
            embedding.decode(tokens[i], 1, hidden, offset);
            if (multiplier != 1) {
                for (int c = offset; c < offset + size; c++) {
                    hidden[c] *= multiplier;
                }
            }
        }
    }

    /**
     * Final norm and head on rows {@code firstRow … firstRow + rows − 1} of {@code hidden}, which is not changed.
     *
     * @param logits [rows, vocabulary] from index 0; the caller bounds its size by the number of rows per call
     */
    public void logits(float[] hidden, int firstRow, int rows, float[] logits) {
        int size = spec.hiddenSize();
        if (normed.length < rows * size) {
            normed = new float[rows * size];
        }
        for (int r = 0; r < rows; r++) {
            norm.row(hidden, (firstRow + r) * size, normed, r * size);
        }
        products.clear();
        products.add(head, new Block(normed, 0, size), rows, new Block(logits, 0, head.rows()));
        path.multiply(products, workers);
        Linears.addBias(headBias, logits, 0, rows);
        float divisor = (float) spec.multipliers().logits();
        if (divisor != 1) {
            for (int i = 0; i < rows * spec.vocabularySize(); i++) {
                logits[i] /= divisor;
            }
        }
    }
}
