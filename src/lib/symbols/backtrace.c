/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames in words. */
#include "config.h"
#include "lib/symbols/backtrace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From so many frames at most the place is made, as each that is new costs reading. */
#define PLACE_FRAMES 8u

/* Write one function and where it was, without the end of the line. */
static void
call_write(FILE *out, const struct symbol *symbol, const struct source_call *call)
{
	char *function = symbols_function(call);

	if (function != NULL && call->line > 0 && call->file != NULL)
		(void)fprintf(out, "%s at %s:%d in %s", function, call->file, call->line,
		    symbol->object);
	else if (function != NULL)
		(void)fprintf(out, "%s+%#" PRIxPTR " in %s+%#" PRIxPTR, function, call->offset,
		    symbol->object, symbol->offset);
	else
		(void)fprintf(out, "%s+%#" PRIxPTR, symbol->object, symbol->offset);
	free(function);
}

char *
backtrace_text(struct symbols *s, const uint64_t *address, size_t frames)
{
	struct symbol symbol;
	char *text = NULL;
	size_t size = 0;

	if (frames == 0)
		return NULL;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < frames; i++) {
		symbols_find(s, &symbol, (uintptr_t)address[i], i > 0, SOURCE_ALL);
		if (symbol.object == NULL)
			(void)fprintf(out, "0x%" PRIxPTR "\n", symbol.address);
		else if (symbol.calls == 0)
			(void)fprintf(out, "%s+%#" PRIxPTR "\n", symbol.object, symbol.offset);
		for (size_t j = 0; j < symbol.calls; j++) {
			call_write(out, &symbol, &symbol.call[j]);
			(void)fputc('\n', out);
		}
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static bool
has_line(const struct symbol *symbol)
{
	return symbol->calls > 0 && symbol->call[0].line > 0 && symbol->call[0].file != NULL &&
	    symbol->call[0].function != NULL;
}

/* Append a frame: the function, its line, what else there is. */
static void
place_add(char *text, const char *before, const struct symbol *symbol)
{
	size_t used = strlen(text), room = BACKTRACE_PLACE_SIZE - used;
	char *function = symbol->calls > 0 ? symbols_function(&symbol->call[0]) : NULL;

	if (function != NULL) {
		/* A demangled name has its arguments already. */
		const char *call = strchr(function, '(') != NULL ? "" : "()";
		if (has_line(symbol)) {
			const char *file = symbol->call[0].file, *slash = strrchr(file, '/');
			(void)snprintf(text + used, room, "%s%.80s%s at %s:%d", before, function,
			    call, slash != NULL ? slash + 1 : file, symbol->call[0].line);
		} else {
			(void)snprintf(text + used, room, "%s%.80s%s", before, function, call);
		}
	} else if (symbol->object != NULL) {
		(void)snprintf(text + used, room, "%s%s+%#" PRIxPTR, before, symbol->object,
		    symbol->offset);
	} else {
		(void)snprintf(text + used, room, "%s0x%" PRIxPTR, before, symbol->address);
	}
	free(function);
}

void
backtrace_place(struct symbols *s, const uint64_t *address, size_t frames,
    char text[BACKTRACE_PLACE_SIZE])
{
	struct symbol symbol, next, other = { .calls = 0 };
	size_t i = 0;

	text[0] = '\0';
	if (frames == 0)
		return;
	if (frames > PLACE_FRAMES)
		frames = PLACE_FRAMES;
	symbols_find(s, &symbol, (uintptr_t)address[0], false, SOURCE_QUICK);
	/* A static function of a stripped library has no name, but one of its callers there has. */
	while (symbol.calls == 0 && symbol.object != NULL && i + 1 < frames) {
		symbols_find(s, &next, (uintptr_t)address[++i], true, SOURCE_QUICK);
		if (next.object == NULL || strcmp(next.object, symbol.object) != 0)
			break;
		if (next.calls > 0)
			symbol = next;
	}
	place_add(text, symbol.object == NULL ? " at " : " in ", &symbol);
	if (has_line(&symbol))
		return;
	for (i = 1; i < frames && !has_line(&other); i++) {
		symbols_find(s, &next, (uintptr_t)address[i], true, SOURCE_QUICK);
		bool elsewhere = next.calls > 0 && other.calls == 0 &&
		    (symbol.object == NULL || strcmp(next.object, symbol.object) != 0);
		if (has_line(&next) || elsewhere)
			other = next;
	}
	if (other.calls > 0)
		place_add(text, ", called from ", &other);
}
