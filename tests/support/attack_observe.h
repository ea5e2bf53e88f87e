/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attack_observe - what the caller can see of itself and of the pool's processes: noted before an
 * attack, and compared after it.
 */
#ifndef FORKPOOL_TESTS_ATTACK_OBSERVE_H
#define FORKPOOL_TESTS_ATTACK_OBSERVE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/support/attack.h"

/* FNV-1a. */
uint64_t attack_sum(const unsigned char *data, size_t len);

void attack_observe_before(struct attack_scene *); /* the caller: the pool is not open yet */
void attack_observe(struct attack_scene *);        /* the pool's processes: it is open and idle */
void attack_observe_end(struct attack_scene *);    /* free all: the pool is closed */

/* The first line in which two texts differ, of each of them.  In static memory. */
const char *attack_difference(const char *before, const char *after);

/* Remove a directory and all below it. */
void attack_directory_remove(const char *path);

#endif
