/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rss - how much memory the processes of a job have at the moment, as far as /proc tells.
 */
#ifndef FORKPOOL_TOOL_RSS_H
#define FORKPOOL_TOOL_RSS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * The resident bytes of pid's descendants, and with_itself of pid too.  Memory that several
 * processes share counts once for each.  -1: not known.  Of very many processes only the first few
 * hundred count.
 */
int64_t rss_of(pid_t pid, int with_itself);

#endif
