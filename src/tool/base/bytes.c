/* SPDX-License-Identifier: BSD-2-Clause */
/* Appending to a buffer that grows. */
#include "config.h"
#include "tool/base/bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
bytes_free(struct bytes *b)
{
	free(b->at);
	*b = (struct bytes){ 0 };
}

char *
bytes_reserve(struct bytes *b, size_t more)
{
	if (more >= SIZE_MAX / 2 - b->len)
		fail_memory();
	if (b->len + more + 1 > b->room) {
		size_t room = b->room < 64 ? 64 : b->room;
		while (room < b->len + more + 1)
			room *= 2;
		char *at = realloc(b->at, room);
		if (at == NULL)
			fail_memory();
		b->at = at;
		b->room = room;
	}
	return b->at + b->len;
}

void
bytes_add(struct bytes *b, const void *data, size_t len)
{
	char *to = bytes_reserve(b, len);

	if (len > 0)
		memcpy(to, data, len);
	b->len += len;
	b->at[b->len] = '\0';
}

void
bytes_add_text(struct bytes *b, const char *text)
{
	bytes_add(b, text, strlen(text));
}

void
bytes_add_byte(struct bytes *b, char byte)
{
	bytes_add(b, &byte, 1);
}

void
bytes_printf(struct bytes *b, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (n < 0)
		fail_memory();
	char *to = bytes_reserve(b, (size_t)n);
	va_start(arguments, format);
	(void)vsnprintf(to, (size_t)n + 1, format, arguments);
	va_end(arguments);
	b->len += (size_t)n;
}
