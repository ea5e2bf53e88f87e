/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of all ranges of addresses that units say they have. */
#include "config.h"

#ifdef HAVE_LIBDW
#include "lib/symbols/unit_map.h"

#include <stdlib.h>

/* So many are kept, some MB.  A browser, whose functions each have a range, has not as many. */
#define RANGES_MAX ((size_t)1 << 20)

struct unit_range {
	Dwarf_Addr start, end, bias;
	Dwarf_Die *unit;
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

static void
map_make(struct unit_map *map, const struct libdw *f, Dwfl_Module *module)
{
	struct unit_range range = { .unit = NULL };

	map->is_made = true;
	while ((range.unit = f->dwfl_module_nextcu(module, range.unit, &range.bias)) != NULL) {
		Dwarf_Addr base;
		ptrdiff_t next = 0;
		while ((next = f->dwarf_ranges(range.unit, next, &base, &range.start,
			    &range.end)) > 0)
			if (range.start < range.end && !range_add(map, &range))
				return;
	}
}

Dwarf_Die *
unit_map_find(struct unit_map *map, const struct libdw *f, Dwfl_Module *module, Dwarf_Addr address,
    Dwarf_Addr *bias)
{
	Dwarf_Die *unit = f->dwfl_module_addrdie(module, address, bias);

	if (unit != NULL)
		return unit;
	if (!map->is_made)
		map_make(map, f, module);
	for (size_t i = 0; i < map->count; i++) {
		const struct unit_range *range = &map->ranges[i];
		if (address - range->bias >= range->start && address - range->bias < range->end) {
			*bias = range->bias;
			return range->unit;
		}
	}
	return NULL;
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
