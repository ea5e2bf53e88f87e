/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics - --metrics-file: numbers of the run for Prometheus, in its text format, for node_exporter's textfile collector.
 *
 * The file is replaced as a whole, at the beginning, at the end, and after a change at most once a second.  Each
 * sample is labelled with the file's name, since the collector takes the files of a directory together and wants
 * no sample twice.  Includes options, run_view, whole_file.
 */
#ifndef FORKPOOL_TOOL_METRICS_H
#define FORKPOOL_TOOL_METRICS_H

#include "forkpool.h"
#include "tool/cli/options.h"
#include "tool/reports/attempt.h"

/* Ends the tool where the file cannot be made. */
void metrics_open(const struct options *, struct forkpool *, const struct attempt_began *);
void metrics_run(const struct attempt *);
void metrics_update(const struct attempt_now *);
int  metrics_timeout(int64_t now_ns);
/* -1: it could not be written at one time or another (said once). */
int  metrics_close(const struct attempt_now *, const struct attempt_end *);

#endif
