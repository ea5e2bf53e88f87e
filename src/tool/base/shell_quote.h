/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quote - words as a shell takes them, in GNU parallel's way, so that joblogs and command texts are the same bytes.
 *
 * Includes bytes.
 */
#ifndef FORKPOOL_TOOL_QUOTE_H
#define FORKPOOL_TOOL_QUOTE_H

#include "tool/base/bytes.h"

void   quote_word(struct bytes *, const char *data, size_t len);
/* The words of a text that consists of such, blanks between them, each with a NUL behind it; 0: it is another text. */
size_t quote_split(struct bytes *words, const char *text);
size_t quote_len(const char *data, size_t len); /* how many bytes quote_word() adds */

#endif
