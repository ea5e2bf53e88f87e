/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * group_markers - --group-markers: a job's output on standard output between the lines by which
 * the log of a CI service folds it, standard error included.
 *
 * What a job writes may be such lines as well.  Jobs that are not trusted (--sandbox) write between
 * markers that they cannot know, and at GitHub where nothing of it is taken for a command.
 */
#ifndef FORKPOOL_TOOL_GROUP_MARKERS_H
#define FORKPOOL_TOOL_GROUP_MARKERS_H

#include "tool/cli/options.h"
#include "tool/task/job.h"

/*
 * Hands the job's output to the output_writer.  title: one line, escaped, without newline.  0, or
 * -1 (said).
 */
int group_markers_out(const struct options *, const struct bytes *title, struct job *,
    const struct bytes *tag);

#endif
