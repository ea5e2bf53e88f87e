/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines on standard error, and leaving with one. */
#include "config.h"
#include "tool/base/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/file_io.h"

const char *message_name = "forkpool";
void (*message_before)(void);
void (*message_after)(void);
static int fail_status = 1;

void
message_as(const char *name, int status)
{
	message_name = name;
	fail_status = status;
}

/* One write(), so that output of jobs cannot come between. */
static void
say(const char *format, va_list arguments, int error)
{
	char line[4096];
	int at = snprintf(line, sizeof line, "%s: ", message_name);
	int n = vsnprintf(line + at, sizeof line - (size_t)at - 1, format, arguments);

	at = n < 0 ? at : at + n >= (int)sizeof line - 2 ? (int)sizeof line - 2 : at + n;
	if (error != 0) {
		n = snprintf(line + at, sizeof line - (size_t)at - 1, ": %s", strerror(error));
		at = at + n >= (int)sizeof line - 2 ? (int)sizeof line - 2 : at + n;
	}
	line[at++] = '\n';
	if (message_before != NULL)
		message_before();
	(void)file_write_all(STDERR_FILENO, line, (size_t)at);
	if (message_after != NULL)
		message_after();
}

void
message(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments, 0);
	va_end(arguments);
}

void
message_errno(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments, error);
	va_end(arguments);
}

void
fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments, 0);
	va_end(arguments);
	exit(fail_status);
}

void
fail_errno(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments, error);
	va_end(arguments);
	exit(fail_status);
}

void
fail_memory(void)
{
	fail("there is not enough memory");
}

/* Bytes that a shell takes unquoted.  (GNU parallel, see shell_quote.c, quotes more.) */
static int
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("_-./,:+=@%^", c) != NULL);
}

const char *
message_word(char *buffer, size_t size, const char *data, size_t len)
{
	int plain = len > 0, control = 0;

	for (size_t i = 0; i < len; i++) {
		plain &= is_plain((unsigned char)data[i]);
		control |= (unsigned char)data[i] < 0x20 || (unsigned char)data[i] >= 0x7f;
	}
	const char *open = plain ? "" : control ? "$'" : "'", *close = plain ? "" : "'";
	size_t at = (size_t)snprintf(buffer, size, "%s", open), i = 0;
	for (; i < len && at + 4 + 1 + 3 + 1 <= size; i++) {
		unsigned char c = (unsigned char)data[i];
		if (control && (c < 0x20 || c >= 0x7f))
			at += (size_t)snprintf(buffer + at, size - at, "\\%03o", c);
		else if (control && (c == '\'' || c == '\\'))
			at += (size_t)snprintf(buffer + at, size - at, "\\%c", c);
		else if (!plain && c == '\'')
			at += (size_t)snprintf(buffer + at, size - at, "'\\''");
		else
			buffer[at++] = (char)c;
	}
	(void)snprintf(buffer + at, size - at, "%s%s", close, i < len ? "..." : "");
	return buffer;
}

const char *
message_text(char *buffer, size_t size, const char *text)
{
	return message_word(buffer, size, text, strlen(text));
}
