/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resident - how much memory the processes of a job have at the moment, as far as the system tells.
 */
#ifndef FORKPOOL_TOOL_RESIDENT_H
#define FORKPOOL_TOOL_RESIDENT_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Bytes of pid and of all that it has started; without it: of those alone.  What several of them share is counted for
 * each.  -1: not known.  Of a job with very many processes it is what the first few hundred have.
 */
int64_t rss_of(pid_t pid, int with_itself);

#endif
