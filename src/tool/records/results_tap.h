/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_tap - --results FILE.tap: a test point for each job in TAP, version 14, with a block of
 * YAML that has its outcome and its output.
 *
 * The plan comes last, behind "Bail out!" if the run was stopped: a file of a run that was killed
 * has none, and is no success.
 */
#ifndef FORKPOOL_TOOL_RESULTS_TAP_H
#define FORKPOOL_TOOL_RESULTS_TAP_H

#include "tool/records/record.h"
#include "tool/records/record_writer.h"

/* number: of the test point, from 1 on; the first one has the head of the file.  0, or -1 and
   errno: the output cannot be read. */
int  results_tap_point(struct record_writer *, const struct job_record *, uint64_t number,
    const char *command, size_t len);
/* stopped: why the run ended early; NULL: it did not.  0; -1: it could not be written (said). */
int  results_tap_end(struct record_writer *, uint64_t points, const char *stopped);
/* Before an earlier run's file is added to: cuts off what results_tap_end() has written. */
void results_tap_go_on(struct record_writer *);

#endif
