/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_options - the caller's options: checked, copied, and with their defaults filled in.
 *
 * A caller built against another version of the header may hand in a shorter or a longer structure;
 * from here on there is only this version's.
 */
#ifndef FORKPOOL_POOL_OPTIONS_H
#define FORKPOOL_POOL_OPTIONS_H

#include <stddef.h>

#include "forkpool.h"
#include "lib/dispatch/dispatch_state.h"

/* Where one sentence for the caller goes; size 0: nowhere. */
struct error_text {
	char  *text;
	size_t size;
};

/* Write the sentence and set errno; returns -1. */
int error_set(const struct error_text *, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The program's options (NULL: all defaults), and how large its header says they are. */
struct options_given {
	const struct forkpool_options *options;
	size_t options_size, sandbox_size;
};

/* Check the given options and copy them to *o, and what o->sandbox points to to *sandbox.  0, or
   -1, errno and a sentence. */
int pool_options_take(struct forkpool_options *o, struct forkpool_sandbox *sandbox,
    const struct options_given *, const struct error_text *);

/* What the engine goes by; the defaults stand for what the options leave open. */
void pool_options_fill(struct dispatch_options *, const struct forkpool_options *);

/* Copy the environment that the jobs are to have: "NAME=value" as it is, "NAME" with the value that
   it has in this process, if it has one.  given == NULL: *copy is NULL.  -1: errno and a sentence,
   and *copy is still to be freed. */
int  environment_copy(char ***copy, const char *const *given, const struct error_text *);
void environment_free(char **environment);

#endif
