/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submit - a job's last step before its run: its words or its item become what a worker gets.
 *
 * Includes job.
 */
#ifndef FORKPOOL_TOOL_SUBMIT_H
#define FORKPOOL_TOOL_SUBMIT_H

#include "tool/task/job.h"

/* 1 it is under way, 0 there is no room now. */
int  submit_job(struct job *);
void submit_close(void);

#endif
