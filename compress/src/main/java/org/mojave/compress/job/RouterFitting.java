package org.mojave.compress.job;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.PairedPass;
import org.mojave.compress.calibrate.RouterPass;
import org.mojave.compress.plan.KeptTensor;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Transformation;
import org.mojave.compress.report.RouterResult;
import org.mojave.compress.route.RouterAgreement;
import org.mojave.compress.route.RouterClip;
import org.mojave.compress.route.RouterRepair;
import org.mojave.compress.route.RouterSample;
import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.MatrixShape;
import org.mojave.format.tensor.FloatDecoder;
import org.mojave.format.tensor.FloatEncoder;
import org.mojave.format.tensor.TensorData;

/**
 * Fits each router once the attention before it is quantized: repairs it in closed form, see {@link RouterRepair}, and writes it in its
 * original type; or rounds it with ranges that keep the original's choices, see {@link RouterClip}, and writes what the codes stand for in
 * float32. A repair that agrees less with the original's choices than no repair is dropped, and so are ranges that agree less than whole
 * ones.
 */
final class RouterFitting {
    /** Tokens on which ranges are searched. */
    private static final int SAMPLED_TOKENS = 4096;
    /** Rounds over all rows of a router. */
    private static final int SWEEPS = 2;

    private final JobContext job;
    private final SourceModel source;

    RouterFitting(JobContext job) {
        this.job = job;
        source = job.preparation().source();
    }

    /** Bytes that one router takes: moments, factor and the difference of a chunk. */
    static long bytes(Preparation preparation, MatrixId id) {
        MatrixShape router = preparation.source().spec().shape(id);
        long chunkTokens = LayerPass.chunkTokens(preparation.tokens().count(), preparation.tokens().length());
        long hidden = router.columns();
        long sampled = preparation.request().recipe().transformation().router().isEmpty() ? 0
                : 4L * SAMPLED_TOKENS * (hidden + 4L * router.rows());
        return 16 * hidden * hidden + 16L * router.rows() * hidden + 4 * chunkTokens * (2 * hidden + 4L * router.rows()) + sampled;
    }

    /** The layer's weights with its router as it is in the result; without change where the layer has no router. */
    PairedPass.Weights fit(RouterPass pass, PairedPass.Weights weights, Arena arena) {
        if (!(weights.original().spec().feedForward() instanceof FeedForward.Mixture)) {
            return weights;
        }
        MatrixId router = MatrixId.of(MatrixRole.ROUTER, weights.original().layer());
        KeptTensor tensor = source.kept(source.names().matrix(router).tensor());
        if (!job.records().has(tensor.tensorName())) {
            job.stages().time("repair", () -> {
                try (MemoryBudget.Share _ = job.budget().take("a router being fitted", bytes(job.preparation(), router))) {
                    fit(pass, weights, router, tensor);
                }
            });
        }
        Matrix written = new DenseMatrix(new TensorData(tensor.tensorName(), tensor.type(), tensor.dimensions(),
                job.records().map(tensor.tensorName(), arena)));
        return new PairedPass.Weights(weights.quantized().with(router, written), weights.original());
    }

    private void fit(RouterPass pass, PairedPass.Weights weights, MatrixId router, KeptTensor tensor) {
        MatrixShape shape = source.spec().shape(router);
        float[] weight = new float[shape.rows() * shape.columns()];
        source.model().weights().matrix(router).decode(0, shape.rows(), weight, 0);
        float[] bias = source.model().weights().bias(router).orElse(new float[shape.rows()]);
        Optional<Transformation.RouterRounding> rounding = job.preparation().request().recipe().transformation().router();
        float[] before = rounding.isPresent() ? RouterClip.unclipped(weight, shape.rows(), rounding.get().bits()) : weight;
        float[] after = rounding.isPresent() ? calibrated(pass, weights, new Router(router, weight, bias), rounding.get())
                : repaired(pass, weights, new Router(router, weight, bias), tensor);
        RouterAgreement.Setting setting = RouterAgreement.Setting.of(shape.rows(), chosen(router), 1);
        RouterAgreement[] found = {RouterAgreement.NONE, RouterAgreement.NONE};
        pass.run(weights, (inputs, logits) -> {
            found[0] = found[0].plus(RouterAgreement.of(logits, outputs(inputs, before, shape, bias), setting));
            found[1] = found[1].plus(RouterAgreement.of(logits, outputs(inputs, after, shape, bias), setting));
        });
        boolean better = found[1].divergence() < found[0].divergence();
        if (better || rounding.isPresent()) {
            job.records().write(tensor.tensorName(), 0, FloatEncoder.encode(tensor.type(), better ? after : before));
        } else {
            tensor.write((offset, piece) -> job.records().write(tensor.tensorName(), offset, piece));
        }
        job.records().commitRouter(tensor.tensorName(), new RouterResult(router.name(), found[0].tokens(), better, agreement(found[0]),
                agreement(found[1])));
    }

    /** One router: its name, weight [experts, hidden] and bias [experts]. */
    private record Router(MatrixId id, float[] weight, float[] bias) {
        int experts() {
            return bias.length;
        }

        int hidden() {
            return weight.length / bias.length;
        }
    }

    private int chosen(MatrixId router) {
        return source.spec().mixture(router.layer()).router().chosen();
    }

    /** The closed-form correction, as the tensor's type holds it. */
    private float[] repaired(RouterPass pass, PairedPass.Weights weights, Router router, KeptTensor tensor) {
        RouterRepair repair = new RouterRepair(router.weight(), router.experts(), job.workers());
        pass.run(weights, (inputs, logits) -> repair.add(inputs, plus(logits, router.bias(), -1)));
        MemorySegment encoded = FloatEncoder.encode(tensor.type(), repair.weight(job.preparation().request().recipe().fitting().routerDamping()));
        float[] repaired = new float[router.weight().length];
        FloatDecoder.decode(tensor.type(), encoded, 0, repaired, 0, repaired.length);
        return repaired;
    }

    /** Rounded, with ranges that keep the original's choices on some of the tokens, spread evenly. */
    private float[] calibrated(RouterPass pass, PairedPass.Weights weights, Router router, Transformation.RouterRounding rounding) {
        int all = Math.multiplyExact(job.preparation().tokens().count(), job.preparation().tokens().length());
        int step = Math.ceilDiv(all, SAMPLED_TOKENS);
        int hidden = router.hidden();
        int experts = router.experts();
        float[] sampled = new float[Math.ceilDiv(all, step) * hidden];
        float[] wanted = new float[Math.ceilDiv(all, step) * experts];
        int[] seen = {0};
        pass.run(weights, (inputs, logits) -> {
            float[] unbiased = plus(logits, router.bias(), -1);
            for (int t = 0; t < inputs.length / hidden; t++, seen[0]++) {
                if (seen[0] % step == 0) {
                    System.arraycopy(inputs, t * hidden, sampled, seen[0] / step * hidden, hidden);
                    System.arraycopy(unbiased, t * experts, wanted, seen[0] / step * experts, experts);
                }
            }
        });
        RouterAgreement.Setting setting = RouterAgreement.Setting.of(experts, chosen(router.id()), rounding.breadth());
        return new RouterClip(setting, rounding.bits(), SWEEPS).search(new RouterSample(router.weight(), sampled, wanted, experts)).weight();
    }

    private float[] outputs(float[] inputs, float[] weight, MatrixShape shape, float[] bias) {
        int hidden = shape.columns();
        int experts = shape.rows();
        int tokens = inputs.length / hidden;
        float[] outputs = new float[tokens * experts];
        job.workers().algebra().multiplyTransposed(new Block(inputs, 0, hidden), new Block(weight, 0, hidden),
                new Block(outputs, 0, experts), new Extent(tokens, experts, hidden));
        return plus(outputs, bias, 1);
    }

    private static float[] plus(float[] rows, float[] bias, float factor) {
        float[] sum = new float[rows.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = rows[i] + factor * bias[i % bias.length];
        }
        return sum;
    }

    private static RouterResult.Agreement agreement(RouterAgreement found) {
        return new RouterResult.Agreement(found.keptShare(), found.divergence());
    }
}
