package org.mojave.engine.run;

import org.mojave.engine.kernel.ActivationScheme;
import org.mojave.engine.kernel.IntegerProducts;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.UnsupportedModelException;

/** Running a quantized model as integer hardware would. */
public final class IntegerActivations {
    private IntegerActivations() {}

    /**
     * The way to multiply; throws {@link UnsupportedModelException} for a model in which no matrix of a layer is quantized, or one is in
     * codes that are no whole numbers. Routers and matrices that stay in floats are left alone.
     */
    public static ProductPath of(Model model, ActivationScheme scheme) {
        boolean any = false;
        for (MatrixId id : model.spec().matrices()) {
            if (id.role() == MatrixRole.EMBEDDING || id.role() == MatrixRole.HEAD) {
                continue;
            }
            Matrix matrix = model.weights().matrix(id);
            if (matrix instanceof PackedMatrix packed) {
                if (packed.scheme().trellis()) {
                    throw new UnsupportedModelException(id.name() + " is stored as " + matrix.storage() + ", whose codes are no whole numbers, so "
                            + "that it has no product with rounded activations; compress with --bits, or leave out --activations");
                }
                any = true;
            }
        }
        if (!any) {
            throw new UnsupportedModelException("no matrix of the layers is quantized, so that rounded activations have no codes to meet; "
                    + "compress the model first, or leave out --activations");
        }
        return new IntegerProducts(scheme);
    }
}
