/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a command line given as arguments of a function. */
#include "config.h"
#include "tests/support/options_support.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 32 };

/* Puts the words up to NULL into argv; returns how many. */
static int
words_of(char **argv, va_list list)
{
	int argc = 0;

	for (char *word; (word = va_arg(list, char *)) != NULL;) {
		ck_assert_int_lt(argc, WORDS - 1);
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	return argc;
}

struct options
options_line(const char *program, ...)
{
	static char *argv[WORDS];
	struct options options;
	va_list list;

	va_start(list, program);
	argv[0] = (char *)(uintptr_t)program;
	int argc = 1 + words_of(argv + 1, list);
	va_end(list);
	options_read(&options, argc, argv);
	return options;
}

static void
drain(int fd, char *text)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, OPTIONS_TEXT - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(fd);
}

void
options_run(struct said *said, const char *program, ...)
{
	char *argv[WORDS] = { (char *)(uintptr_t)program };
	struct options options;
	int out[2], err[2], status;
	va_list list;

	va_start(list, program);
	int argc = 1 + words_of(argv + 1, list);
	va_end(list);
	ck_assert_int_eq(pipe(out), 0);
	ck_assert_int_eq(pipe(err), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(err[1], STDERR_FILENO);
		options_read(&options, argc, argv);
		options_free(&options);
		_exit(77);
	}
	(void)close(out[1]);
	(void)close(err[1]);
	drain(out[0], said->out);
	drain(err[0], said->err);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	said->status = WEXITSTATUS(status) == 77 ? -1 : WEXITSTATUS(status);
}
