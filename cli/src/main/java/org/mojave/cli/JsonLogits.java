package org.mojave.cli;

import java.io.OutputStream;
import java.util.List;
import org.mojave.engine.run.InvalidLogitsException;
import org.mojave.engine.run.Logits;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/** Writes the result of {@code mojave logits --json} as it comes; nothing is held. */
final class JsonLogits implements LogitsOutput {
    private final JsonGenerator json;
    private final int vocabulary;
    private boolean complete = true;

    JsonLogits(OutputStream out, int vocabulary) {
        this.vocabulary = vocabulary;
        json = JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).disable(StreamWriteFeature.AUTO_CLOSE_CONTENT).build()
                .createGenerator(ObjectWriteContext.empty(), out, JsonEncoding.UTF8);
        json.writeStartObject();
        json.writeArrayPropertyStart("sequences");
    }

    @Override
    public int vocabulary() {
        return vocabulary;
    }

    @Override
    public void begin(int[] ids) {
        json.writeStartObject();
        json.writeName("ids");
        json.writeArray(ids, 0, ids.length);
        json.writeArrayPropertyStart("logits");
        complete = false;
    }

    @Override
    public void logits(int first, int rows, float[] logits) {
        for (int r = 0; r < rows; r++) {
            if (!Logits.valid(logits, r * vocabulary, vocabulary)) {
                throw new InvalidLogitsException("position " + (first + r));
            }
            json.writeStartArray();
            for (int v = 0; v < vocabulary; v++) {
                json.writeNumber(logits[r * vocabulary + v]);
            }
            json.writeEndArray();
        }
    }

    @Override
    public void router(List<RouterTrace.Layer> layers) {
        json.writeEndArray();
        json.writeArrayPropertyStart("router");
        for (RouterTrace.Layer layer : layers) {
            json.writeStartObject();
            json.writeNumberProperty("layer", layer.layer());
            json.writeArrayPropertyStart("expert");
            for (int[] experts : layer.experts()) {
                json.writeArray(experts, 0, experts.length);
            }
            json.writeEndArray();
            json.writeArrayPropertyStart("weight");
            for (float[] weights : layer.weights()) {
                json.writeStartArray();
                for (float weight : weights) {
                    json.writeNumber(weight);
                }
                json.writeEndArray();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    @Override
    public void end(int[] greedy) {
        json.writeName("greedy");
        json.writeArray(greedy, 0, greedy.length);
        json.writeEndObject();
        complete = true;
    }

    @Override
    public void close() {
        if (complete) { // after a failure half a document is left as it is: no reader may take it for a whole one
            json.writeEndArray();
            json.writeEndObject();
            json.writeRaw('\n');
        }
        json.close();
    }
}
