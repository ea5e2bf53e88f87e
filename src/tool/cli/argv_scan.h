/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_line - the words of a command line as options, each with the name and the value that it was given, and whose
 * habits they follow.
 *
 * Nothing is carried out here but --help, --version and --compat.  Includes options_given.
 */
#ifndef FORKPOOL_TOOL_OPTIONS_LINE_H
#define FORKPOOL_TOOL_OPTIONS_LINE_H

#include "tool/cli/cli_internal.h"

/* One option as it stood there. */
struct argument {
	enum option_id id;
	char *name;  /* "-j" or "--jobs" */
	char *value; /* in argv; NULL: none */
};

struct line {
	struct argument *arguments;
	size_t count;
};

/* Every option, in its order; returns where the command begins.  Sets o->dialect, and nothing else of it. */
int  argv_scan_read(struct options *o, struct line *, int argc, char **argv);
void argv_scan_free(struct line *);
/* Leave with what is wrong about the value. */
_Noreturn void value_fail(const struct argument *, const char *why);

#endif
