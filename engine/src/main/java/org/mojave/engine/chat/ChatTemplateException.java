package org.mojave.engine.chat;

/** A conversation that the model's template refuses, or a template that cannot be rendered. */
public final class ChatTemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code message}: one line with the template's place and the reason. */
    public ChatTemplateException(String message) {
        super(message);
    }
}
