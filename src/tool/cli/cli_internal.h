/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli_internal - what the files that read the command line share: which options were given, and the
 * steps of reading.
 *
 * options_read() takes these steps: argv_scan_read() finds all options, so that the dialect is
 * known; the dialect sets its defaults; each option is carried out in the order given; the dialect
 * derives what follows from them; option_check() refuses what makes no sense together;
 * defaults_settle() derives the rest.
 */
#ifndef FORKPOOL_TOOL_CLI_INTERNAL_H
#define FORKPOOL_TOOL_CLI_INTERNAL_H

#include "tool/cli/option_table.h"
#include "tool/cli/options.h"

/* For each option the name it was last given by, "-j" or "--jobs"; NULL: it was not given. */
struct given {
	const char *name[OPTION_COUNT];
};

/* defaults.c: values without any option, and what follows from the options in every dialect. */
void defaults_init(struct options *);
void defaults_settle(struct options *, const struct given *);

/* xargs.c, parallel.c: other defaults of the dialect, and what follows from the options in it. */
void xargs_defaults(struct options *);
/* Called before each option takes effect: where only the last of several counts, xargs warns. */
void xargs_before(struct options *, enum option_id, const char *value);
void xargs_settle(struct options *, const struct given *);
void parallel_defaults(struct options *);
/* parse_size(), but k m g t are powers of 1000. */
const char *parallel_size(const char *text, int64_t *bytes);
void parallel_settle(struct options *, const struct given *);

/* option_check.c: refuses contradictory options and files that do not exist. */
void option_check(const struct options *, const struct given *);

/* usage.c: options that answer on standard output and exit. */
_Noreturn void usage_help(void);
_Noreturn void usage_version(void);
_Noreturn void usage_processors(enum option_id);

#endif
