#include "config.h"
#include "tool/items/input_error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SHOWN 64

void
blame_item(struct blame *blame, uint64_t number, struct item begin, const char *format, ...)
{
	char sentence[512], shown[4 * SHOWN + 16];
	struct bytes text = { 0 };
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	(void)message_word(shown, sizeof shown, begin.data, begin.len < SHOWN ? begin.len : SHOWN);
	if (number > 0)
		bytes_printf(&text, "item %" PRIu64 ", %s%s, %s", number, shown, begin.len > SHOWN ? "..." : "", sentence);
	else
		bytes_printf(&text, "%s: %s", shown, sentence);
	message("%s", text.at);
	if (blame->text.len == 0)
		blame->text = text;
	else
		bytes_free(&text);
	blame->stop |= blame->dialect != DIALECT_NATIVE;
}

const char *
blame_error(const struct blame *blame, int *status)
{
	if (blame->text.len == 0)
		return NULL;
	*status = blame->dialect == DIALECT_PARALLEL ? 255 : 1;
	return blame->text.at;
}

void
blame_free(struct blame *blame)
{
	bytes_free(&blame->text);
}
