/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit_map - which compilation unit of an object has the code at an address.
 *
 * libdw knows that of units for which the compiler has written a table of addresses.  clang writes
 * none, and one that is not found there may be in any unit: all of them are gone through once, and
 * what they say of themselves is remembered.
 */
#ifndef FORKPOOL_UNIT_MAP_H
#define FORKPOOL_UNIT_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/symbols/libdw.h"

struct unit_range;

struct unit_map {
	struct unit_range *ranges;
	size_t count;
	bool   is_made;
};

/* The unit; *bias: what is to be taken from the address.  NULL: none has it. */
Dwarf_Die *unit_map_find(struct unit_map *, const struct libdw *, Dwfl_Module *, Dwarf_Addr address,
    Dwarf_Addr *bias);
void unit_map_release(struct unit_map *);

#endif
