/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes - a buffer of bytes that grows.  Memory that cannot be had ends the tool (fail_memory()).
 */
#ifndef FORKPOOL_TOOL_BYTES_H
#define FORKPOOL_TOOL_BYTES_H

#include <stddef.h>

#include "tool/base/message.h"

struct bytes {
	char  *at;   /* len bytes, with a NUL behind them after the first bytes_add() */
	size_t len;
	size_t room;
};

void bytes_free(struct bytes *);
/* Makes room for more bytes at the end and returns where they go.  Does not change len. */
char *bytes_reserve(struct bytes *, size_t more);
void bytes_add(struct bytes *, const void *data, size_t len);
void bytes_add_text(struct bytes *, const char *text);
void bytes_add_byte(struct bytes *, char byte);
void bytes_printf(struct bytes *, const char *format, ...) MESSAGE_PRINTF(2, 3);

static inline void
bytes_clear(struct bytes *b)
{
	b->len = 0;
}

#endif
