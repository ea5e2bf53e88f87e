/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name_set - which names have been used, up to a number of them.
 *
 * It keeps hashes, so that a new name may, very seldom, be taken for a used one.
 */
#ifndef FORKPOOL_TOOL_NAME_SET_H
#define FORKPOOL_TOOL_NAME_SET_H

#include <stddef.h>
#include <stdint.h>

#define NAME_SET_MAX ((size_t)1 << 20)

struct name_set {
	uint64_t *slots;      /* 0: free */
	size_t    room, count;
	uint64_t  start;      /* of the hashes, another one in each run */
};

/* 1: the name is new, and is noted.  0: it is not, or there are NAME_SET_MAX names. */
int  name_set_add(struct name_set *, const char *name, size_t len);
void name_set_free(struct name_set *);

#endif
