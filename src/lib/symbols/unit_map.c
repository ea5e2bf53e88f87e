/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of all ranges of addresses that units say they have. */
#include "config.h"

#ifdef HAVE_LIBDW
#include "lib/symbols/unit_map.h"

#include <stdlib.h>

/* So many are kept, in 40 MB at most.  A browser, whose functions each have a range, has not as
   many. */
#define RANGES_MAX ((size_t)1 << 20)

struct unit_range {
	Dwarf_Addr start, end, bias;
	Dwarf_Die *unit;
	size_t number;
};

static bool
range_add(struct unit_map *map, const struct unit_range *range)
{
	/* Powers of two: the array is full where the count is one. */
	if ((map->count & (map->count - 1)) == 0) {
		size_t room = map->count == 0 ? 1 : 2 * map->count;
		struct unit_range *more =
		    room <= RANGES_MAX ? reallocarray(map->ranges, room, sizeof *more) : NULL;
		if (more == NULL)
			return false;
		map->ranges = more;
	}
	map->ranges[map->count++] = *range;
	return true;
}

/* Note what the next unit has; false: there is none among the first units_max. */
static bool
map_extend(struct unit_map *map, const struct libdw *f, Dwfl_Module *module, size_t units_max)
{
	struct unit_range range = { .number = map->units };
	ptrdiff_t next = 0;
	Dwarf_Addr base;

	if (map->is_whole || map->units >= units_max)
		return false;
	range.unit = f->dwfl_module_nextcu(module, map->last, &range.bias);
	map->is_whole = range.unit == NULL;
	if (map->is_whole)
		return false;
	map->last = range.unit;
	map->units++;
	while ((next = f->dwarf_ranges(range.unit, next, &base, &range.start, &range.end)) > 0)
		if (range.start < range.end && !range_add(map, &range)) {
			map->is_whole = true;
			break;
		}
	return true;
}

Dwarf_Die *
unit_map_find(struct unit_map *map, const struct libdw *f, Dwfl_Module *module, Dwarf_Addr address,
    size_t units_max, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = f->dwfl_module_addrdie(module, address, bias);

	if (unit != NULL)
		return unit;
	for (size_t i = 0;; i++) {
		while (i == map->count)
			if (!map_extend(map, f, module, units_max))
				return NULL;
		const struct unit_range *range = &map->ranges[i];
		if (range->number >= units_max)
			return NULL;
		if (address - range->bias >= range->start && address - range->bias < range->end) {
			*bias = range->bias;
			return range->unit;
		}
	}
}

void
unit_map_release(struct unit_map *map)
{
	free(map->ranges);
	*map = (struct unit_map){ 0 };
}
#else
/* C knows no empty file. */
extern int forkpool_without_unit_map;
#endif
