/* SPDX-License-Identifier: BSD-2-Clause */
/* One handler for the signals that end a process and are not handled elsewhere. */
#include "config.h"
#include "tool/base/fatal_signals.h"

#include <stddef.h>
#include <unistd.h>

static const int fatal[] = {
	SIGQUIT,
	SIGILL,
	SIGTRAP,
	SIGABRT,
	SIGBUS,
	SIGFPE,
	SIGSEGV,
	SIGSYS,
	SIGALRM,
	SIGVTALRM,
	SIGPROF,
	SIGXCPU,
	SIGXFSZ,
};

static void (*clean_up)(void);
static pid_t owner;

static void
handle(int signo)
{
	if (getpid() == owner)
		clean_up();
	/* SA_RESETHAND has restored the default action: the tool dies when this handler returns. */
	(void)raise(signo);
}

static void
fatal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		(void)sigaddset(set, fatal[i]);
}

void
fatal_signals_open(void (*fn)(void))
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = (int)SA_RESETHAND }, before;

	clean_up = fn;
	owner = getpid();
	fatal_set(&action.sa_mask);
	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		/* A sanitizer has a handler of its own, which stays. */
		if (sigaction(fatal[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			(void)sigaction(fatal[i], &action, NULL);
}

void
fatal_signals_block(sigset_t *before)
{
	sigset_t set;

	fatal_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, before);
}

void
fatal_signals_unblock(const sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}
