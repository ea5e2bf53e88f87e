/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts cores and sockets by the files that Linux has for each processor. */
#include "config.h"
#include "tool/base/processor_count.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "forkpool.h"
#include "tool/base/array.h"

struct place {
	long socket, core;
};

/* The number in that file of processor cpu; -1: there is none, as where it is offline. */
static long
topology_read(const char *directory, unsigned cpu, const char *name)
{
	char path[PATH_MAX];
	long number = -1;

	if (snprintf(path, sizeof path, "%s/cpu%u/topology/%s", directory, cpu, name) >=
	    (int)sizeof path)
		return -1;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	(void)fclose(file);
	return number;
}

static int
is_known(const struct place *places, size_t count, struct place place)
{
	for (size_t i = 0; i < count; i++)
		if (places[i].socket == place.socket && places[i].core == place.core)
			return 1;
	return 0;
}

/* How many different cores, or sockets, there are. */
static unsigned
machine_count(enum processor_unit unit, const char *directory)
{
	enum { CPUS_MOST = 8192 }; /* Linux has no more */
	struct place *places = NULL;
	size_t count = 0, room = 0;

	for (unsigned cpu = 0; cpu < CPUS_MOST; cpu++) {
		struct place place = { topology_read(directory, cpu, "physical_package_id"), 0 };
		if (unit == PROCESSOR_CORES)
			place.core = topology_read(directory, cpu, "core_id");
		if (place.socket < 0 || place.core < 0 || is_known(places, count, place))
			continue;
		places = array_reserve(places, count, &room, sizeof *places);
		places[count++] = place;
	}
	free(places);
	return (unsigned)count;
}

unsigned
processor_count(enum processor_unit unit, const char *directory)
{
	unsigned usable = forkpool_processors();
	unsigned there = unit == PROCESSOR_THREADS ? usable : machine_count(unit, directory);

	return there == 0 || there > usable ? usable : there;
}
