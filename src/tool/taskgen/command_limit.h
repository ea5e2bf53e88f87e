/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_limit - how long a command line may become, by -s and by the system.
 */
#ifndef FORKPOOL_TOOL_COMMAND_LIMIT_H
#define FORKPOOL_TOOL_COMMAND_LIMIT_H

#include "tool/cli/options.h"
#include "tool/taskgen/template.h"

struct command_limit {
	size_t bytes;  /* of all words with their NULs, as -s and xargs count */
	size_t system; /* of all words and the pointers to them, as execve() counts */
	size_t word;   /* of one word with its NUL */
};

void command_limit_init(struct command_limit *, const struct options *);
int  command_limit_allows(const struct command_limit *, const struct template_size *);

#endif
