/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit_map - which compilation unit of an object has the code at an address.
 *
 * libdw knows that of units for which the compiler has written a table of addresses.  clang writes
 * none, and what is not found there may be in any unit: they are gone through in their order, each
 * of them once, and what they say of themselves is remembered.  A unit costs some 10 us.
 */
#ifndef FORKPOOL_UNIT_MAP_H
#define FORKPOOL_UNIT_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/symbols/libdw.h"

struct unit_range;

struct unit_map {
	struct unit_range *ranges;
	size_t     count;
	size_t     units;       /* that were gone through */
	Dwarf_Die *last;        /* of these */
	bool       is_whole;    /* there are no more of them, or too many */
};

/* The unit; *bias: what is to be taken from the address.  NULL: none has it, or, where there is no
   table, none of the first units_max. */
Dwarf_Die *unit_map_find(struct unit_map *, const struct libdw *, Dwfl_Module *, Dwarf_Addr address,
    size_t units_max, Dwarf_Addr *bias);
void unit_map_release(struct unit_map *);

#endif
