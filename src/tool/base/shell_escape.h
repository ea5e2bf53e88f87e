/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shell_escape - a word on one line for a person, as GNU xargs shows it with -t and ls with
 * --quoting-style=shell-escape: a shell such as bash takes it back.
 *
 * Control characters, and what could mislead a terminal, become escapes of $'...'; only words that
 * need quotes get some.  shell_quote is for any shell, and may have newlines.
 */
#ifndef FORKPOOL_TOOL_SHELL_ESCAPE_H
#define FORKPOOL_TOOL_SHELL_ESCAPE_H

#include "tool/base/bytes.h"

void shell_escape_word(struct bytes *, const char *data, size_t len);

#endif
