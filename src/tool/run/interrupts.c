/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers that count signals and wake the main loop by a pipe. */
#include "config.h"
#include "tool/run/interrupts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "tool/base/message.h"

static int wake[2] = { -1, -1 };
static volatile sig_atomic_t stage, first, more, fewer, winch, stop, continued;
static struct sigaction stops; /* of SIGTSTP as it was; SIG_IGN: we do not stop */

static void
handle(int signo)
{
	int error = errno;

	switch (signo) {
	case SIGUSR1:
		more++;
		break;
	case SIGUSR2:
		fewer++;
		break;
	case SIGWINCH:
		winch = 1;
		break;
	case SIGTSTP:
		stop = 1;
		break;
	case SIGCONT:
		stop = 0; /* as the system does with a stop that is pending */
		continued = 1;
		break;
	default:
		if (first == 0)
			first = signo;
		if (signo == SIGTERM && stage < INTERRUPT_END)
			stage = INTERRUPT_END;
		else if (signo == SIGHUP && stage < INTERRUPT_DRAIN)
			stage = INTERRUPT_DRAIN;
		else if (signo != SIGHUP && stage < INTERRUPT_KILL)
			stage++;
	}
	if (write(wake[1], "", 1) == -1)
		errno = error; /* a full pipe wakes the loop as well */
	errno = error;
}

void
interrupts_open(void)
{
	static const int handled[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP,
		SIGCONT };
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	struct sigaction before;

	if (pipe(wake) == -1)
		fail_errno("cannot make a pipe");
	for (int i = 0; i < 2; i++)
		if (fcntl(wake[i], F_SETFL, O_NONBLOCK) == -1 ||
		    fcntl(wake[i], F_SETFD, FD_CLOEXEC) == -1)
			fail_errno("cannot make a pipe");
	(void)sigfillset(&action.sa_mask);
	(void)sigaction(SIGTSTP, NULL, &stops);
	for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++)
		if (sigaction(handled[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(handled[i], &action, NULL);
}

int
interrupts_fd(void)
{
	return wake[0];
}

enum interrupt_stage
interrupts_stage(int *signo)
{
	char drop[64];

	while (read(wake[0], drop, sizeof drop) > 0)
		continue;
	*signo = first;
	return (enum interrupt_stage)stage;
}

int
interrupts_resize(void)
{
	static int seen_more, seen_fewer;
	int m = more, f = fewer, by = m - seen_more - (f - seen_fewer);

	seen_more = m;
	seen_fewer = f;
	return by;
}

static int
take(volatile sig_atomic_t *flag)
{
	int was = *flag;

	*flag = 0;
	return was;
}

int
interrupts_winch(void)
{
	return take(&winch);
}

int
interrupts_continued(void)
{
	return take(&continued);
}

void
interrupts_wake(void)
{
	(void)!write(wake[1], "", 1); /* a full pipe is readable as well */
}

int
interrupts_stop_asked(void)
{
	return stop;
}

void
interrupts_stop(void)
{
	struct sigaction ours;
	sigset_t both, before;

	/* While they are held, another SIGTSTP is the same one, and is not answered twice. */
	(void)sigemptyset(&both);
	(void)sigaddset(&both, SIGTSTP);
	(void)sigaddset(&both, SIGCONT);
	(void)sigprocmask(SIG_BLOCK, &both, &before);
	const int asked = take(&stop);
	if (asked && sigaction(SIGTSTP, &stops, &ours) == 0) {
		(void)raise(SIGTSTP);
		(void)sigprocmask(SIG_SETMASK, &before, NULL); /* here we stop */
		(void)sigaction(SIGTSTP, &ours, NULL);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void
interrupts_loop_over(void)
{
	interrupts_stop();
	(void)sigaction(SIGTSTP, &stops, NULL);
	interrupts_stop(); /* what came in between */
}

void
interrupts_die(int signo)
{
	sigset_t set;

	(void)signal(signo, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signo);
	(void)raise(signo);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + signo);
}
