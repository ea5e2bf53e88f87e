/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * argv_scan - finds the options among the words of a command line, and which dialect they follow.
 *
 * Only --compat takes effect here, and what answers and exits, such as --help; options_read()
 * carries out the others.
 */
#ifndef FORKPOOL_TOOL_ARGV_SCAN_H
#define FORKPOOL_TOOL_ARGV_SCAN_H

#include "tool/cli/cli_internal.h"

/* One option as the user gave it. */
struct argument {
	enum option_id id;
	char *name;  /* "-j" or "--jobs" */
	char *value; /* in argv; NULL: none */
};

struct argv_scan {
	struct argument *arguments;
	size_t count, room;
};

/*
 * Finds all options, in the order given; returns the index in argv where the command begins.  Of *o
 * only the dialect is set.
 */
int  argv_scan_read(struct options *o, struct argv_scan *, int argc, char **argv);
void argv_scan_free(struct argv_scan *);
/* Ends the tool with a line of name, value and why the value is wrong. */
_Noreturn void argument_fail(const struct argument *, const char *why);

#endif
