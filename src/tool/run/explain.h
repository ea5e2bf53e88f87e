/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain - --explain: prints what each job would be run with and in, and runs none.
 *
 * Each line is a name, a colon and a value; what all jobs have in common stands once, before them.
 * Nothing is opened but the input (and the joblog of --resume), nor is anything tried: what the
 * system decides when a pool is opened is told as that.
 */
#ifndef FORKPOOL_TOOL_EXPLAIN_H
#define FORKPOOL_TOOL_EXPLAIN_H

#include "tool/cli/options.h"

/* Returns the exit status. */
int explain(const struct options *);

#endif
