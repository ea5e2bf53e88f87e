/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * brief - a task in one line of so many columns that keeps what tells it apart from the others of
 * its run: the items, and of a long one its end.
 *
 * The beginning of the command is the same for all tasks, so it is what a narrow line goes without.
 */
#ifndef FORKPOOL_TOOL_BRIEF_H
#define FORKPOOL_TOOL_BRIEF_H

#include "tool/task/task.h"

/* What is kept of a task: of a long text a few thousand bytes from each end. */
struct brief {
	struct bytes items;   /* quoted, with blanks between them */
	struct bytes command; /* as task_command_text(), or the script of --shell */
	int is_apart;         /* the command has no item in it */
};

/* Sets *b; the buffers are used again. */
void brief_of(struct brief *b, const struct task *, int shell);
void brief_free(struct brief *);
/*
 * Adds the command if it fits; else the items, and behind them as much of the command's beginning
 * as there is room for.  Escaped, and no wider than columns.
 */
void brief_add(const struct brief *, size_t columns, struct bytes *out);

#endif
