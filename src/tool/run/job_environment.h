/* SPDX-License-Identifier: BSD-2-Clause */
/* job_environment - the environment of all jobs: ours, or in a sandbox little of it, and --env */
#ifndef FORKPOOL_TOOL_JOB_ENVIRONMENT_H
#define FORKPOOL_TOOL_JOB_ENVIRONMENT_H

#include "tool/cli/options.h"

/* "NAME=value", up to a NULL; valid until job_environment_free(). */
const char *const *job_environment(const struct options *);
void               job_environment_free(const char *const *environment);

#endif
