/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shell_quote - words quoted for a shell exactly as GNU parallel does it, so that joblogs and
 * command texts are the same bytes.
 */
#ifndef FORKPOOL_TOOL_SHELL_QUOTE_H
#define FORKPOOL_TOOL_SHELL_QUOTE_H

#include "tool/base/bytes.h"

void   shell_quote_word(struct bytes *, const char *data, size_t len);
/* How many bytes shell_quote_word() adds. */
size_t shell_quote_len(const char *data, size_t len);
/*
 * Splits a text of words that shell_quote_word() wrote, with one blank between them: appends each
 * word as it was, with a NUL behind it.  Returns how many; 0: shell_quote_word() would not write
 * that text.
 */
size_t shell_quote_split(struct bytes *words, const char *text);

#endif
