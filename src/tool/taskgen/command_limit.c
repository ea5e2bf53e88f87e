/* SPDX-License-Identifier: BSD-2-Clause */
/* The lengths that -s, sysconf() and the environment leave for a command line. */
#include "config.h"
#include "tool/taskgen/command_limit.h"

#include <string.h>
#include <unistd.h>

#include "tool/items/source.h"

extern char **environ;

#define HEADROOM 2048 /* POSIX: xargs leaves it, so that commands can extend the environment */

void
command_limit_init(struct command_limit *limit, const struct options *o)
{
	long most = sysconf(_SC_ARG_MAX);
	size_t system = most > 0 ? (size_t)most : 128 * 1024, environment = HEADROOM, pointers = 0;

	for (char **variable = environ; *variable != NULL; variable++) {
		environment += strlen(*variable) + 1;
		pointers += sizeof *variable;
	}
	limit->bytes = system > environment ? system - environment : 0;
	limit->system = limit->bytes > pointers ? limit->bytes - pointers : 0;
	if (o->max_chars > 0 && (uint64_t)o->max_chars < limit->bytes)
		limit->bytes = (size_t)o->max_chars;
	limit->word = ITEM_MOST + 1;
}

int
command_limit_allows(const struct command_limit *limit, const struct template_size *size)
{
	return size->bytes <= limit->bytes &&
	    size->bytes + (size->words + 1) * sizeof(char *) <= limit->system &&
	    size->longest <= limit->word;
}
