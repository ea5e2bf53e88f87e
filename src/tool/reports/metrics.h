/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics - --metrics-file: numbers of the run in Prometheus's text format, for node_exporter's
 * textfile collector.
 *
 * The file is replaced as a whole: at the beginning, at the end, and after a change at most once a
 * second.  Each sample is labelled with the file's name, since the collector merges all files of
 * a directory and refuses a sample that it finds twice.
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
/* -1: the file could not be written at one time or another (said once). */
int  metrics_close(const struct attempt_now *, const struct attempt_end *);

#endif
