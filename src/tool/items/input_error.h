/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blame - what was wrong with an item: said at once, and remembered for the status at the end.
 *
 * Natively such an item is left out and the others go on; xargs and GNU parallel end there.  Includes options, task.
 */
#ifndef FORKPOOL_TOOL_BLAME_H
#define FORKPOOL_TOOL_BLAME_H

#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/task/task.h"

struct input_error {
	enum dialect dialect;
	struct bytes text; /* the first sentence */
	int          stop; /* no more input is to be read */
};

/* "item N (its beginning) ..."; number 0: it is about the input as a whole, which is named by begin. */
void input_error_report(struct input_error *, uint64_t number, struct item begin, const char *format,
    ...) MESSAGE_PRINTF(4, 5);
/* The first sentence said, and the status that it makes; NULL where all is well. */
const char *input_error_first(const struct input_error *, int *status);
void input_error_free(struct input_error *);

#endif
