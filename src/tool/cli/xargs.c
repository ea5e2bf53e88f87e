/* SPDX-License-Identifier: BSD-2-Clause */
/* --compat=xargs: the defaults of xargs, its warnings, and what follows from its options. */
#include "config.h"
#include "tool/cli/cli_internal.h"

#include <string.h>

#include "tool/base/message.h"

void
xargs_defaults(struct options *o)
{
	o->workers = 1;
	o->xargs_quoting = 1;
	o->packing = PACK_FULL;
	o->max_items = 0;
	o->max_chars = 128 * 1024; /* the system's limit may be lower */
}

/* GNU xargs' own warning. */
static void
ignoring(const char *offending, const char *option)
{
	message("warning: options %s and %s are mutually exclusive, ignoring previous %s value",
	    offending, option, offending);
}

void
xargs_before(struct options *o, enum option_id id, const char *value)
{
	switch (id) {
	case OPTION_REPLACE_WITH:
	case OPTION_REPLACE:
		if (o->max_items > 0)
			ignoring("--max-args", "--replace/-I/-i");
		if (o->max_lines > 0)
			ignoring("--max-lines", "--replace/-I/-i");
		o->max_items = o->max_lines = 0;
		break;
	case OPTION_MAX_ARGS:
		/* -n 1 agrees with -I, which takes one item anyway. */
		if (o->replace_given && strcmp(value, "1") != 0) {
			ignoring("--replace", "--max-args/-n");
			o->replace_given = 0;
		}
		if (o->max_lines > 0)
			ignoring("--max-lines", "--max-args/-n");
		o->max_lines = 0;
		break;
	case OPTION_LINES:
	case OPTION_MAX_LINES:
		if (o->replace_given)
			ignoring("--replace", id == OPTION_LINES ? "-L" : "--max-lines/-l");
		if (o->max_items > 0)
			ignoring("--max-args", id == OPTION_LINES ? "-L" : "--max-lines/-l");
		o->replace_given = 0;
		o->max_items = 0;
		break;
	default:
		break;
	}
}

void
xargs_settle(struct options *o, const struct given *given)
{
	/* Of several -a only the last counts. */
	if (o->source_count > 1) {
		o->sources[0] = o->sources[o->source_count - 1];
		o->source_count = 1;
	}
	if (o->replace_given) {
		o->packing = PACK_ONE;
		o->max_items = 1;
		o->max_lines = 0;
		o->exit_if_too_long = 1;
	} else if (o->max_lines > 0) {
		o->packing = PACK_LINES;
		o->exit_if_too_long = 1;
	} else {
		o->packing = PACK_FULL;
	}
	o->repeat_word = 0;
	if (given->name[OPTION_END] != NULL && !o->xargs_quoting)
		message("warning: the -E option has no effect if -0 or -d is used.");
	if (!o->xargs_quoting)
		o->end_of_input = NULL;
}
