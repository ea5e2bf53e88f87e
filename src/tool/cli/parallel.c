/* SPDX-License-Identifier: BSD-2-Clause */
/* --compat=parallel: the defaults of GNU parallel, and what follows from its options. */
#include "config.h"
#include "tool/cli/cli_internal.h"

#include <string.h>
#include <sys/resource.h>

#include "tool/base/message.h"
#include "tool/base/parse_units.h"

void
parallel_defaults(struct options *o)
{
	o->shell = 1;
	o->grace_ns = 350000000; /* TERM,200,TERM,100,TERM,50,KILL */
}

const char *
parallel_size(const char *text, int64_t *bytes)
{
	static const char powers[] = "kmgt";
	const char *why = parse_size(text, bytes), *power;
	int64_t binary = 1, decimal = 1;

	if (why == NULL && *text != '\0' &&
	    (power = strchr(powers, text[strlen(text) - 1])) != NULL) {
		for (; power >= powers; power--) {
			binary *= 1024;
			decimal *= 1000;
		}
		*bytes = *bytes / binary * decimal;
	}
	return why;
}

void
parallel_settle(struct options *o, const struct given *given)
{
	/* With -u jobs write directly: their output can be neither ordered nor tagged. */
	if (o->grouping == GROUP_NONE) {
		o->keep_order = o->tag = 0;
		o->tag_string = NULL;
	}
	if (o->tag_string != NULL)
		o->tag = 0;
	/* N is what it becomes, and not what is added; it never becomes less. */
	if (o->nice_given) {
		int ours = getpriority(PRIO_PROCESS, 0);
		o->nice = o->nice > ours ? o->nice - ours : 0;
	}
	if (given->name[OPTION_QUOTE] != NULL && o->command_count == 0)
		fail("%s needs a command", given->name[OPTION_QUOTE]);
}
