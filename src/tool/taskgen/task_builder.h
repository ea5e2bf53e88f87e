/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_builder - makes a task of its items: the command (or a plug-in's argument), the tag, the
 * hash.
 */
#ifndef FORKPOOL_TOOL_TASK_BUILDER_H
#define FORKPOOL_TOOL_TASK_BUILDER_H

#include "tool/cli/options.h"
#include "tool/items/rows.h"
#include "tool/task/task.h"
#include "tool/taskgen/template.h"

struct task_builder;
struct task_builder *task_builder_open(const struct options *, const struct row *header);
void         task_builder_close(struct task_builder *); /* NULL is fine */
struct task *task_builder_build(const struct task_builder *, const struct item *items,
    size_t count, uint64_t seq);
/* template_measure() of the command; a plug-in's argument counts as one word. */
void         task_builder_measure(const struct task_builder *, const struct item *item,
    size_t before, uint64_t seq, struct template_size *);
/* The shell that GNU parallel would run commands with. */
const char  *task_builder_shell(void);

#endif
