/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing errors in the input, and remembering the first. */
#include "config.h"
#include "tool/items/input_error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN 64 /* bytes of an item that a message shows */

void
input_error_report(struct input_error *e, uint64_t number, struct item begin,
    const char *format, ...)
{
	char sentence[512], shown[4 * SHOWN + 16];
	struct bytes text = { 0 };
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	(void)message_word(shown, sizeof shown, begin.data, begin.len < SHOWN ? begin.len : SHOWN);
	if (number > 0)
		bytes_printf(&text, "item %" PRIu64 ", %s%s, %s", number, shown,
		    begin.len > SHOWN ? "..." : "", sentence);
	else
		bytes_printf(&text, "%s: %s", shown, sentence);
	message("%s", text.at);
	if (e->text.len == 0)
		e->text = text;
	else
		bytes_free(&text);
	e->stop |= e->dialect != DIALECT_NATIVE;
}

const char *
input_error_first(const struct input_error *e, int *status)
{
	if (e->text.len == 0)
		return NULL;
	*status = e->dialect == DIALECT_PARALLEL ? 255 : 1;
	return e->text.at;
}

void
input_error_free(struct input_error *e)
{
	bytes_free(&e->text);
}
