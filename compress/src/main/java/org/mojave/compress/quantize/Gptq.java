package org.mojave.compress.quantize;

import java.util.Optional;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.TrellisSearch;
import org.mojave.format.packed.Scheme;

/**
 * GPTQ (Frantar et al. 2022, algorithm 1) as IST-DASLab/gptq implements it: columns are rounded one after the other, and
 * the error of each is compensated by the columns that follow, as the inverse Hessian tells.
 *
 * <p>Example: three matrices with one input: {@code HessianFactor factor = gptq.prepare(hessian, scheme);} then
 * {@code gptq.quantize(query, factor, scheme)} and so on.
 */
public final class Gptq implements Quantizer {
    private final GptqSettings settings;
    private final LinearAlgebra algebra;
    private final Optional<NativeKernels> kernels;

    /** With the default settings and the fastest arithmetic of this machine. */
    public Gptq() {
        this(GptqSettings.defaults(), LinearAlgebra.preferred());
    }

    /** With these settings. */
    public Gptq(GptqSettings settings, LinearAlgebra algebra) {
        this.settings = settings;
        this.algebra = algebra;
        kernels = switch (NativeSupport.load(new NativeChoice.Best())) {
            case NativeSupport.Available(NativeKernels found) -> Optional.of(found);
            case NativeSupport.Unavailable _ -> Optional.empty();
        };
    }

    /** The choices made. */
    public GptqSettings settings() {
        return settings;
    }

    @Override
    public Requirement requires() {
        return Requirement.HESSIAN;
    }

    /**
     * Factorises a Hessian for matrices of that scheme. Schemes with the same {@link GptqSettings#activationOrder} can share
     * the result.
     */
    public HessianFactor prepare(Hessian hessian, Scheme scheme) {
        return HessianFactor.of(hessian, settings.activationOrder(scheme), settings.damping(), algebra);
    }

    /** Bytes that {@link #quantize} takes besides the weights and the factor, its result included. */
    public long workBytes(int rows, int columns) {
        long slice = (long) Slices.largest(rows) * columns * (Float.BYTES + 1);
        long refinement = Refinement.bytes(Slices.largest(rows), columns) + new TrellisSearch.Shape(columns, 4, settings.paths()).bytes()
                + (long) Slices.largest(rows) * columns * (2 * Float.BYTES + 1);
        return slice + refinement + (long) rows * columns;
    }

    @Override
    public QuantizedMatrix quantize(WeightMatrix weights, Statistics statistics, Scheme scheme) {
        weights.checkFinite();
        HessianFactor factor = switch (statistics) {
            case Hessian hessian -> prepare(hessian, scheme);
            case HessianFactor prepared -> prepared;
            case Statistics.None _ -> throw new IllegalArgumentException(weights.name() + ": GPTQ needs the Hessian of its inputs");
        };
        if (factor.columns() != weights.columns()) {
            throw new IllegalArgumentException(weights.name() + ": the Hessian has " + factor.columns() + " columns, the matrix "
                    + weights.columns());
        }
        if (factor.activationOrder() != settings.activationOrder(scheme)) {
            throw new IllegalArgumentException(weights.name() + ": the Hessian was prepared for another order of columns than scheme "
                    + scheme.id() + " uses");
        }
        if (factor.rounds() && scheme.trellis()) {
            QuantizedMatrix plain = quantize(weights, HessianFactor.identity(factor.columns(), algebra), scheme);
            return new QuantizedMatrix(plain.coded(), plain.columnGroups(), plain.loss(), factor.events());
        }
        if (factor.rounds()) {
            return new Rtn(settings.clip(), settings.fidelity()).round(weights, scheme, factor.events());
        }
        if (scheme.trellis() && (settings.groups() != GptqSettings.Groups.STATIC || settings.fidelity() != Fidelity.NATIVE)) {
            throw new IllegalArgumentException(weights.name() + ": a trellis needs static groups and native scales");
        }
        if (scheme.sixBitScales() && settings.groups() != GptqSettings.Groups.STATIC) {
            throw new IllegalArgumentException(weights.name() + ": six-bit scales of a row are chosen together, so groups must be static");
        }
        CodeTarget target = new CodeTarget(scheme, weights.rows(), weights.columns());
        double[] loss = new double[1];
        Slices.forEach(weights.rows(), (firstRow, rows) -> {
            if (scheme.trellis()) {
                loss[0] += new TrellisSlice(this, factor, scheme).run(weights, target, firstRow, rows);
                return;
            }
            Rounding.Columns columns = Slices.transposed(weights, factor.order(), firstRow, rows);
            GptqSlice slice = new GptqSlice(this, weights.name(), factor, scheme, columns);
            double found = slice.run(target, firstRow);
            loss[0] += settings.sweeps() == 0 ? found
                    : slice.refine(target, firstRow, Slices.transposed(weights, Slices.natural(weights.columns()), firstRow, rows));
        });
        return new QuantizedMatrix(target.matrix(), columnGroups(factor, scheme), loss[0], factor.events());
    }

    LinearAlgebra algebra() {
        return algebra;
    }

    /** For searches. */
    Optional<NativeKernels> kernels() {
        return kernels;
    }

    /** Group of each column if groups follow the order of processing. */
    private int[] columnGroups(HessianFactor factor, Scheme scheme) {
        boolean natural = !factor.activationOrder() || settings.groups() == GptqSettings.Groups.STATIC
                || scheme.groups(factor.columns()) == 1;
        int[] groups = new int[natural ? 0 : factor.columns()];
        for (int p = 0; p < groups.length; p++) {
            groups[factor.order()[p]] = p / scheme.groupColumns(factor.columns());
        }
        return groups;
    }
}
