/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns - an item cut into columns: --colsep, an extended regular expression.
 *
 * Includes task (for struct item).
 */
#ifndef FORKPOOL_TOOL_COLUMNS_H
#define FORKPOOL_TOOL_COLUMNS_H

#include "tool/task/task.h"

struct columns;
struct columns *columns_open(const char *pattern); /* that regcomp() takes, as options has seen to it */
void columns_close(struct columns *);
/* Append the columns of item, which point into it, without white space at either end. */
void columns_split(const struct columns *, struct item, struct item_list *);
struct item columns_trim(struct item);

#endif
