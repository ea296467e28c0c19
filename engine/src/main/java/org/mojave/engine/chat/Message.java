package org.mojave.engine.chat;

import java.util.Objects;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user} or {@code assistant}, or what else the template knows
 * @param content its text
 */
public record Message(String role, String content) {
    /** Checks that there is a role. */
    public Message {
        if (role.isBlank()) {
            throw new IllegalArgumentException("a message needs a role");
        }
        Objects.requireNonNull(content, "content");
    }
}
