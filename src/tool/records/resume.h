/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resume - which jobs an earlier run's joblog has: --resume, --resume-failed, --retry-failed.
 */
#ifndef FORKPOOL_TOOL_RESUME_H
#define FORKPOOL_TOOL_RESUME_H

#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/task/task.h"

/* Call it before the joblog is opened for writing. */
void         resume_open(const struct options *);
void         resume_close(void);
/* That job need not run (again).  Says so where the joblog has another command for its number. */
int          resume_has(const struct task *);
/* --retry-failed: the next failed job, with its command as the joblog has it; NULL: no more. */
struct task *resume_next_failed(void);

#endif
