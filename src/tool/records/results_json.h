/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results_json - one JSON object for each job, on one line: for --json and --results-json.
 *
 * Text that is not UTF-8 is written in base64, under the same name with _base64 behind it.  Output
 * goes through in pieces, however much it is.
 */
#ifndef FORKPOOL_TOOL_RESULTS_JSON_H
#define FORKPOOL_TOOL_RESULTS_JSON_H

#include "tool/records/record.h"
#include "tool/records/record_writer.h"

/* 0; -1: the object could not be written (said once). */
int results_json_add(struct record_writer *, const struct job_record *);

#endif
