package org.mojave.format.file;

import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/** JSON from files nobody vouches for: strict UTF-8, read token by token, with limits on depth, names, numbers and texts. */
public final class JsonStream {
    /** Longest text, in characters. */
    private static final int MAXIMUM_TEXT = 1 << 20;
    private static final int MAXIMUM_NAME = 4096;
    private static final int MAXIMUM_DEPTH = 16;
    private static final int MAXIMUM_DIGITS = 20;

    // Jackson's table of names grows by copying: with hundred thousand different tensor names that is gigabytes of garbage.
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAXIMUM_DEPTH)
                    .maxNameLength(MAXIMUM_NAME).maxNumberLength(MAXIMUM_DIGITS).maxStringLength(MAXIMUM_TEXT).build())
            .build();

    private JsonStream() {}

    /** A parser that throws JacksonException for anything that is not JSON within the limits. */
    public static JsonParser open(InputStream in) {
        return JSON.createParser(ObjectReadContext.empty(), new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT)));
    }
}
