/* SPDX-License-Identifier: BSD-2-Clause */
/* Raises the limit on open files, and fits workers and places for jobs to it. */
#include "config.h"
#include "tool/run/open_files.h"

#include <stdint.h>
#include <sys/resource.h>

#include "tool/base/message.h"
#include "tool/exec/command.h"

/* Descriptors besides those of workers and places (the pool's own, files of records, the input):
   how many to leave free if possible, and the fewest with which a run works. */
#define BESIDE 64
#define NEEDED 28
/* The descriptors of jobs have numbers from so many for each place on. */
#define NUMBERS_BELOW 4u

static void
raise(const struct open_files *f)
{
	const rlim_t wanted =
	    (rlim_t)f->places * (f->each + NUMBERS_BELOW) + f->workers + BESIDE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= wanted)
		return;
	command_setup.open_files = limit;
	limit.rlim_cur =
	    limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted ? wanted : limit.rlim_max;
	command_setup.restore_open_files = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

void
open_files_fit(struct open_files *f)
{
	struct rlimit limit;

	raise(f);
	f->from = NUMBERS_BELOW * (f->places < 16 ? 16 : f->places);
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur > UINT32_MAX / 2)
		return;
	const unsigned most = (unsigned)limit.rlim_cur, needed = NEEDED + f->beside,
		       rest = most > needed ? most - needed : 0, workers = rest / (1 + f->each);
	if (workers == 0)
		fail("only %u files may be open (ulimit -n), and %u are needed for one job", most,
		    needed + 1 + f->each);
	if (workers < f->workers) {
		message("only %u files may be open (ulimit -n): that is enough for %u at a time "
			"and not for %u",
		    most, workers, f->workers);
		f->workers = workers;
	}
	if (f->each == 0)
		return;
	const unsigned places = (rest - f->workers) / f->each;
	f->places = places < f->places ? places : f->places;
	if (f->from > most - f->theirs * f->places)
		f->from = most - f->theirs * f->places;
}
