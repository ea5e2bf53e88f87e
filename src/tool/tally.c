#include "config.h"
#include "tally.h"

void
tally_add(struct tally *t, const struct ending *e, enum dialect dialect)
{
	t->by_verdict[e->verdict]++;
	if (e->verdict == VERDICT_SKIPPED)
		return;
	if (e->verdict == VERDICT_OK) {
		t->succeeded++;
		return;
	}
	t->failed++;
	t->not_found += e->verdict == VERDICT_SETUP_FAILED && e->exit_code == 127;
	t->not_executable += e->verdict == VERDICT_SETUP_FAILED && e->exit_code == 126;
	if (dialect != DIALECT_XARGS || t->xargs_stops != 0)
		return;
	if (e->verdict == VERDICT_SETUP_FAILED)
		t->xargs_stops = e->exit_code;
	else if (e->signal != 0)
		t->xargs_stops = 125;
	else if (e->exit_code == 255)
		t->xargs_stops = 124;
}

int
tally_status(const struct tally *t, const struct options *o)
{
	if (o->dialect == DIALECT_XARGS && t->xargs_stops != 0)
		return t->xargs_stops;
	if (t->broken)
		return o->dialect == DIALECT_PARALLEL ? 255 : 1;
	if (o->dialect == DIALECT_PARALLEL) {
		/* parallel(1): the number of failed jobs, 101 for more than 100; with --halt now that of the job. */
		if (t->halted && o->halt.when == HALT_NOW)
			return t->halt_status;
		return t->failed > 100 ? 101 : (int)t->failed;
	}
	if (t->halted)
		return 124;
	if (t->failed == 0)
		return 0;
	if (t->not_found + t->not_executable == t->failed)
		return t->not_found > 0 ? 127 : 126;
	return 123;
}
