/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input_error - errors in the input: printed at once, and the first one kept for the exit status at
 * the end.
 *
 * Natively such an item is left out and the run goes on; xargs and GNU parallel stop reading there.
 */
#ifndef FORKPOOL_TOOL_INPUT_ERROR_H
#define FORKPOOL_TOOL_INPUT_ERROR_H

#include <stdint.h>

#include "tool/cli/options.h"
#include "tool/task/task.h"

struct input_error {
	enum dialect dialect;
	struct bytes text; /* the first sentence */
	int          stop; /* read no more input */
};

/*
 * Prints "item NUMBER, BEGINNING, SENTENCE".  number 0: the error concerns the input as a whole,
 * and begin is its name: "NAME: SENTENCE".
 */
void input_error_report(struct input_error *, uint64_t number, struct item begin,
    const char *format, ...) MESSAGE_PRINTF(4, 5);
/* The first sentence, and the exit status that the dialect gives it; NULL: there was no error. */
const char *input_error_first(const struct input_error *, int *status);
void input_error_free(struct input_error *);

#endif
