/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_given - what the parts of reading a command line have in common: which options were given, and by what name.
 *
 * options_read() itself is in options.h.  First every option is looked at, so that the dialect is known, then each is
 * carried out in its order, then the dialect settles what follows from them, then all is checked.
 * Includes options, options_table.
 */
#ifndef FORKPOOL_TOOL_OPTIONS_GIVEN_H
#define FORKPOOL_TOOL_OPTIONS_GIVEN_H

#include "tool/cli/option_table.h"
#include "tool/cli/options.h"

/* For each option the name it was last given by, "-j" or "--jobs"; NULL: it was not given. */
struct given {
	const char *name[OPTION_COUNT];
};

/* options_defaults.c: what holds where nothing is said, and what follows from what was. */
void options_init(struct options *);
void options_settle(struct options *, const struct given *);
/* Room for one more in an array of count. */
void *options_grow(void *array, size_t count, size_t size);

/* options_xargs.c, options_parallel.c: defaults before the options are carried out, and what follows from them. */
void xargs_defaults(struct options *);
/* Before an option is carried out: of some only the last counts, and xargs says so. */
void xargs_before(struct options *, struct given *, enum option_id, const char *value);
void xargs_settle(struct options *, const struct given *);
void parallel_defaults(struct options *);
/* quantity_size(), but k m g t are powers of 1000. */
const char *parallel_size(const char *text, int64_t *bytes);
void parallel_settle(struct options *, const struct given *);

/* options_check.c: ends the tool where they make no sense together or what they name is not there. */
void options_check(const struct options *, const struct given *);

/* options_usage.c: --help and --version, on standard output.  They leave the tool. */
_Noreturn void usage_help(void);
_Noreturn void usage_version(void);

#endif
