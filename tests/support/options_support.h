/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_support - reads a command line, in this process or in a child that may exit.
 */
#ifndef FORKPOOL_TESTS_OPTIONS_SUPPORT_H
#define FORKPOOL_TESTS_OPTIONS_SUPPORT_H

#include "tests/support/support.h"

#include "tool/cli/options.h"

enum { OPTIONS_TEXT = 32768 };

struct said {
	int status; /* -1: options_read() returned */
	char out[OPTIONS_TEXT], err[OPTIONS_TEXT];
};

/* "forkpool", "-j", "2", ..., NULL: literals, since the options point to them. */
struct options options_line(const char *program, ...);
/* The same in a child that may exit.  What it prints must fit in a pipe. */
void options_run(struct said *, const char *program, ...);

#define READ(...) options_line(__VA_ARGS__, NULL)
#define RUN(said, ...) options_run(said, __VA_ARGS__, NULL)

#endif
