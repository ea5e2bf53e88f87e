/* SPDX-License-Identifier: BSD-2-Clause */
/* What the first process of a pid namespace does: reap, and act on the worker's words. */
#include "config.h"
#include "lib/sandbox/namespace_init.h"

#ifdef __linux__

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"

/* So many, and then init looks whether the worker has a word: processes may end without end. */
#define REAPED_AT_ONCE 64

int
namespace_message_send(int link, const struct msghdr *message)
{
	long n;

	do
		n = gate_call(SYS_sendmsg, link, (long)(intptr_t)message, MSG_NOSIGNAL, 0, 0);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

int
namespace_data_send(int link, const void *data, size_t size)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };

	return namespace_message_send(link, &(struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 });
}

int
namespace_data_receive(int link, void *data, size_t size)
{
	ssize_t n;

	do
		n = read(link, data, size);
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)size)
		return 0;
	if (n >= 0 || errno == ECONNRESET)
		errno = EPIPE;
	return -1;
}

/* Reap one that has ended.  1; 0: none has; -1 and errno.  A process that has made this one its
   tracer may also tell of a stop here, which is no end and does not count. */
static int
reap(struct namespace_tally *tally, int options)
{
	struct rusage usage;
	int status;
	pid_t pid = wait4(-1, &status, __WALL | options, &usage);

	if (pid <= 0)
		return pid;
	if (!WIFSTOPPED(status)) {
		atomic_fetch_add(&tally->count, 1);
		atomic_fetch_add(&tally->user_ns, clock_from_timeval(&usage.ru_utime));
		atomic_fetch_add(&tally->system_ns, clock_from_timeval(&usage.ru_stime));
	}
	return 1;
}

/* Reap those that have ended.  True: there may be more, but the worker may have a word; then the
   next call is with more. */
static bool
reap_ended(struct namespace_tally *tally, bool more)
{
	uint32_t before = atomic_load(&tally->count);
	int reaped = 0;

	atomic_store(&tally->reaping, 1);
	while (reaped < REAPED_AT_ONCE && reap(tally, WNOHANG) == 1)
		reaped++;
	if (!more && reaped > 0)
		atomic_store(&tally->earlier, before);
	atomic_store(&tally->reaping, 0);
	return reaped == REAPED_AT_ONCE;
}

/* End and reap all others here.  init is the parent of all that have no other. */
static int
sweep(struct namespace_tally *tally)
{
	if (kill(-1, SIGKILL) == -1 && errno != ESRCH)
		return -1;
	while (reap(tally, 0) != -1 || errno == EINTR)
		continue;
	return errno == ECHILD ? 0 : -1;
}

_Noreturn void
namespace_init_serve(int link, struct namespace_tally *tally, const struct private_root *root,
    const struct private_root_view *view)
{
	const struct timespec at_once = { 0 };
	struct pollfd from = { .fd = link, .events = POLLIN };
	bool more = false;
	uint32_t word;
	sigset_t none;

	sigemptyset(&none);
	for (;;) {
		int n = ppoll(&from, 1, more ? &at_once : NULL, &none);
		if (n == 0 || (n == -1 && errno == EINTR)) {
			more = reap_ended(tally, more);
			continue;
		}
		/* When the worker is gone, so is all in here. */
		if (n == -1 || namespace_data_receive(link, &word, sizeof word) == -1)
			break;
		int error = 0;
		if ((word == WORD_SWEEP ? sweep(tally) : private_root_empty(root, view)) == -1)
			error = errno != 0 ? errno : EIO;
		if (namespace_data_send(link, &error, sizeof error) == -1)
			break;
	}
	os_exit(0);
}

static void
on_child(int signo)
{
	(void)signo; /* it only has to end the wait */
}

/* Signals from inside are dropped where there is no handler; those from outside but for two.  The
   handler of SIGCHLD, whoever sends that, only runs while init waits. */
void
namespace_init_signals(void)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	const struct sigaction child = { .sa_handler = on_child };
	sigset_t held;

	for (int signo = 1; signo < NSIG; signo++)
		(void)sigaction(signo, &plain, NULL);
	sigemptyset(&held);
	sigaddset(&held, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &held, NULL);
	(void)sigaction(SIGCHLD, &child, NULL);
}

#endif
