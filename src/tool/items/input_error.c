/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/items/input_error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN 64

void
input_error_report(struct input_error *input_error, uint64_t number, struct item begin,
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
	if (input_error->text.len == 0)
		input_error->text = text;
	else
		bytes_free(&text);
	input_error->stop |= input_error->dialect != DIALECT_NATIVE;
}

const char *
input_error_first(const struct input_error *input_error, int *status)
{
	if (input_error->text.len == 0)
		return NULL;
	*status = input_error->dialect == DIALECT_PARALLEL ? 255 : 1;
	return input_error->text.at;
}

void
input_error_free(struct input_error *input_error)
{
	bytes_free(&input_error->text);
}
