/* SPDX-License-Identifier: BSD-2-Clause */
/* refusal - how the plans of this folder say no to the caller: errno and one sentence. */
#ifndef FORKPOOL_REFUSAL_H
#define FORKPOOL_REFUSAL_H

#include <stddef.h>

/* Write the sentence to error (error_size 0: nowhere), and set errno to code.  Always -1. */
int refusal_set(char *error, size_t error_size, int code, const char *format, ...)
    __attribute__((__format__(__printf__, 4, 5)));

#endif
