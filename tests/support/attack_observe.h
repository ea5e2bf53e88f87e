/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attack_observe - what the caller can see of itself and of the pool's processes: taken down before an
 * attack, and compared after it.
 */
#ifndef FORKPOOL_TESTS_ATTACK_OBSERVE_H
#define FORKPOOL_TESTS_ATTACK_OBSERVE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/support/attack.h"

/* FNV-1a. */
uint64_t attack_sum(const unsigned char *data, size_t len);

void attack_observe_before(struct attack_scene *); /* the pool is not open yet: the caller's own */
void attack_observe(struct attack_scene *);        /* it is open and idle: its processes */
void attack_observe_end(struct attack_scene *);    /* it is closed: free all */

/* Where two texts begin to differ: that line of each.  Static. */
const char *attack_difference(const char *before, const char *after);

/* Remove it with all below. */
void attack_directory_remove(const char *path);

#endif
