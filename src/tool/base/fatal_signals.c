/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/base/fatal_signals.h"

#include <stddef.h>
#include <unistd.h>

static const int deadly[] = {
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

static void (*rescue)(void);
static pid_t owner;

static void
handle(int signo)
{
	if (getpid() == owner)
		rescue();
	/* Its action is the default again: it comes once more when this returns. */
	(void)raise(signo);
}

static void
deadly_set(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
		(void)sigaddset(set, deadly[i]);
}

void
fatal_signals_open(void (*fn)(void))
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = (int)SA_RESETHAND }, before;

	rescue = fn;
	owner = getpid();
	deadly_set(&action.sa_mask);
	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
		/* A sanitizer has its own. */
		if (sigaction(deadly[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			(void)sigaction(deadly[i], &action, NULL);
}

void
fatal_signals_block(sigset_t *before)
{
	sigset_t set;

	deadly_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, before);
}

void
fatal_signals_unblock(const sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}
