/* SPDX-License-Identifier: BSD-2-Clause */
/* Values without any option, and what follows from the options in every dialect. */
#include "config.h"
#include "tool/cli/cli_internal.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"
#include "tool/base/parse_units.h"
#include "tool/cli/makeflags.h"

void
defaults_init(struct options *o)
{
	static char braces[] = "{}";

	*o = (struct options){
		.separator = '\n',
		.max_items = 1,
		.retries = 1,
		.block = 1 << 20,
		.replace = braces,
	};
	(void)parse_workers("100%", &o->workers);
}

/*
 * make -n still runs the lines of recipes that begin with +, and expects these commands to run
 * nothing either.  xargs and parallel do not look at that.
 */
static int
make_is_dry(const struct options *o)
{
	struct makeflags flags;

	if (o->dialect != DIALECT_NATIVE)
		return 0;
	makeflags_read(&flags, getenv("MAKEFLAGS"));
	int dry = flags.dry_run;
	makeflags_free(&flags);
	return dry;
}

/* --tmpdir is TMPDIR, for us and for jobs, as in GNU parallel. */
static void
temporary_set(const char *directory)
{
	char *path = realpath(directory, NULL); /* jobs may run elsewhere */
	char shown[512];

	if (path == NULL || setenv("TMPDIR", path, 1) != 0)
		fail_errno("--tmpdir %s", message_text(shown, sizeof shown, directory));
	free(path);
}

void
defaults_settle(struct options *o, const struct given *given)
{
	static char tab[] = "\t";

	o->workers_given = given->name[OPTION_JOBS] != NULL;
	/* --explain runs nothing anyway. */
	o->dry_run |= !o->explain && make_is_dry(o);
	if (o->temporary != NULL)
		temporary_set(o->temporary);

	if (o->end_of_input != NULL && o->end_of_input[0] == '\0')
		o->end_of_input = NULL;
	/* -m and -X: no cap, unless -n or -N gives one. */
	if ((o->packing == PACK_FULL || o->packing == PACK_CONTEXT) &&
	    o->dialect != DIALECT_XARGS && given->name[OPTION_MAX_ARGS] == NULL &&
	    given->name[OPTION_MAX_REPLACE_ARGS] == NULL)
		o->max_items = 0;
	if (o->header && o->colsep == NULL && (o->colsep = strdup(tab)) == NULL)
		fail_memory();
	if (o->interactive)
		o->trace = 1;
	if (o->dry_run) {
		/* The journal is not looked into, nor what failed according to it. */
		if (o->journal != NULL)
			o->resume_failed = o->retry_failed = 0;
		if (!o->resume && !o->resume_failed && !o->retry_failed)
			o->joblog = NULL;
		o->results = o->results_json = o->junit = o->trace_file = o->metrics_file =
		    o->report = o->journal = NULL;
		o->json = o->bar = o->eta = o->status = o->interactive = o->trace = 0;
		o->delay_ns = 0;
		o->load = 0;
		o->memfree = 0;
		o->limit = NULL;
		o->grouping = GROUP_JOB;
	}
}
