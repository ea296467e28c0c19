/**
 * From a conversation to the text that a model was trained to see: renders the Jinja template that comes with a model, with
 * the settings that Hugging Face transformers uses ({@code apply_chat_template}: trim_blocks, lstrip_blocks, a sandbox,
 * {@code raise_exception}, {@code strftime_now}, its {@code tojson}).
 *
 * <p>Known differences to jinja2: a loop with a condition ({@code for … in … if …}), {@code else} of a loop and
 * {@code loop.previtem}, {@code nextitem} and {@code changed} are refused;
 * booleans print as {@code true} and {@code false}; an attribute of an undefined value is undefined instead of an error;
 * {@code length} counts UTF-16 units.
 *
 * <p>Must not know tokens or models. Start reading at {@link org.mojave.engine.chat.ChatTemplate}.
 */
package org.mojave.engine.chat;
