/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns - cuts an item into columns at each match of --colsep, an extended regular expression.
 */
#ifndef FORKPOOL_TOOL_COLUMNS_H
#define FORKPOOL_TOOL_COLUMNS_H

#include "tool/task/task.h"

struct columns;
/* pattern: one that regcomp() accepts; option_value_colsep() has checked that. */
struct columns *columns_open(const char *pattern);
void columns_close(struct columns *);
/* Appends the columns of item, which point into it, without white space at either end. */
void columns_split(const struct columns *, struct item, struct item_list *);

#endif
