package org.mojave.compress.job;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.mojave.compress.calibrate.LayerPass;
import org.mojave.compress.calibrate.PairedPass;
import org.mojave.compress.calibrate.RouterPass;
import org.mojave.compress.plan.KeptTensor;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.report.RouterResult;
import org.mojave.compress.route.RouterAgreement;
import org.mojave.compress.route.RouterRepair;
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
 * Repairs each router once the attention before it is quantized, see {@link RouterRepair}, and writes it in its original type.
 * A repair that agrees less with the original's choices than no repair is dropped.
 */
final class RouterFitting {
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
        return 16 * hidden * hidden + 16L * router.rows() * hidden + 4 * chunkTokens * (2 * hidden + 4L * router.rows());
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
                try (MemoryBudget.Share _ = job.budget().take("a router being repaired", bytes(job.preparation(), router))) {
                    repair(pass, weights, router, tensor);
                }
            });
        }
        Matrix written = new DenseMatrix(new TensorData(tensor.tensorName(), tensor.type(), tensor.dimensions(),
                job.records().map(tensor.tensorName(), arena)));
        return new PairedPass.Weights(weights.quantized().with(router, written), weights.original());
    }

    private void repair(RouterPass pass, PairedPass.Weights weights, MatrixId router, KeptTensor tensor) {
        MatrixShape shape = source.spec().shape(router);
        float[] weight = new float[shape.rows() * shape.columns()];
        source.model().weights().matrix(router).decode(0, shape.rows(), weight, 0);
        float[] bias = source.model().weights().bias(router).orElse(new float[shape.rows()]);
        RouterRepair repair = new RouterRepair(weight, shape.rows(), job.workers());
        pass.run(weights, (inputs, logits) -> repair.add(inputs, plus(logits, bias, -1)));
        MemorySegment encoded = FloatEncoder.encode(tensor.type(), repair.weight(job.preparation().request().recipe().fitting().routerDamping()));
        float[] repaired = new float[weight.length];
        FloatDecoder.decode(tensor.type(), encoded, 0, repaired, 0, repaired.length);

        int chosen = source.spec().mixture(router.layer()).router().chosen();
        RouterAgreement.Setting setting = RouterAgreement.Setting.of(shape.rows(), chosen, 1);
        RouterAgreement[] found = {RouterAgreement.NONE, RouterAgreement.NONE};
        pass.run(weights, (inputs, logits) -> {
            found[0] = found[0].plus(RouterAgreement.of(logits, outputs(inputs, weight, shape, bias), setting));
            found[1] = found[1].plus(RouterAgreement.of(logits, outputs(inputs, repaired, shape, bias), setting));
        });
        boolean better = found[1].divergence() < found[0].divergence();
        if (better) {
            job.records().write(tensor.tensorName(), 0, encoded);
        } else {
            tensor.write((offset, piece) -> job.records().write(tensor.tensorName(), offset, piece));
        }
        job.records().commitRouter(tensor.tensorName(), new RouterResult(router.name(), found[0].tokens(), better, agreement(found[0]),
                agreement(found[1])));
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
