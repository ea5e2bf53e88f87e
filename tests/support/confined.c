/* SPDX-License-Identifier: BSD-2-Clause */
/* Run a function in a process under the system call filter, and see how that process ends. */
#include "config.h"
#include "tests/support/confined.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

struct note *note;
static struct sandbox_filter filter;

void
confined_begin(void)
{
	note = support_shared(sizeof *note);
}

void
confined_end(void)
{
	(void)munmap(note, sizeof *note);
}

int
confined_possible(void)
{
	const char *why = NULL;

#ifndef HAVE_LIBSECCOMP
	why = "this build has no libseccomp";
#else
	if (FORKPOOL_SANITIZE[0] != '\0')
		why = "a sanitizer makes system calls of its own";
	else if (!filter_available())
		why = "this system takes no filters";
#endif
	if (why != NULL)
		(void)printf("1..0 # SKIP %s\n", why);
	return why == NULL;
}

#ifdef __linux__

static void
on_trap(int signo, siginfo_t *info, void *context)
{
	(void)context;
	atomic_store(&note->number, info->si_syscall);
	atomic_store(&note->arch, info->si_arch);
	atomic_fetch_add(&note->trapped, 1);
	/*
	 * SA_RESETHAND has made the action the default again.  raise() would use the C library's
	 * copy of the thread's number, which in a process from a bare clone() is that of its
	 * parent.
	 */
	(void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signo);
}

int
confined_enter(const struct filter_wants *wants, uintptr_t gate)
{
	struct sigaction action = { .sa_sigaction = on_trap,
		.sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_NODEFER) };
	char error[256];

	if (filter_build(&filter, wants, error, sizeof error) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || sigaction(SIGSYS, &action, NULL) == -1)
		return -1;
	return filter_enter(&filter, gate);
}

#else

int
confined_enter(const struct filter_wants *wants, uintptr_t gate)
{
	(void)wants;
	(void)gate;
	(void)filter;
	errno = ENOTSUP;
	return -1;
}

#endif

static int
run(const struct filter_wants *wants, confined_body *body)
{
	int status;

	memset(note, 0, sizeof *note);
	(void)fflush(NULL);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };
		(void)setrlimit(RLIMIT_CORE, &none);
		_exit(wants != NULL && confined_enter(wants, 0) == -1 ? 255 : body());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

int
confined_run(const struct filter_wants *wants, confined_body *body)
{
	return run(wants, body);
}

int
confined_run_free(confined_body *body)
{
	return run(NULL, body);
}

static const char *
in_words(int status)
{
	static char text[120];

	(void)snprintf(text, sizeof text, "%s %d, trapped %d times, last at call %d, value %d",
	    WIFEXITED(status) ? "exit" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), atomic_load(&note->trapped),
	    atomic_load(&note->number), atomic_load(&note->value));
	return text;
}

void
confined_assert_exit(int status, int code)
{
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == code, "not exit %d but %s", code,
	    in_words(status));
}

void
confined_assert_signal(int status, int signo)
{
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == signo, "not signal %d but %s",
	    signo, in_words(status));
}

void
confined_assert_trapped(int status, int number)
{
	confined_assert_signal(status, SIGSYS);
	ck_assert_msg(atomic_load(&note->trapped) == 1 && atomic_load(&note->number) == number,
	    "not call %d but %s", number, in_words(status));
}

static const struct confined_call *call;

static int
make_call(void)
{
#ifdef __linux__
	long r = syscall(call->number, call->args[0], call->args[1], call->args[2], call->args[3],
	    call->args[4], call->args[5]);
	atomic_store(&note->value, r == -1 ? errno : 0);
#endif
	return 0;
}

void
confined_check_calls(const struct filter_wants *wants, const struct confined_call *calls,
    size_t count)
{
	for (call = calls; call < calls + count; call++) {
		int status = confined_run(wants, make_call);
		if (call->answer == CALL_TRAPPED) {
			char name[64];
			confined_assert_trapped(status, (int)call->number);
			(void)filter_call_name(atomic_load(&note->number), atomic_load(&note->arch),
			    name, sizeof name);
			ck_assert_str_eq(name, call->name);
			continue;
		}
		confined_assert_exit(status, 0);
		ck_assert_msg(call->answer == CALL_MADE ||
			atomic_load(&note->value) == call->answer,
		    "%s: %s", call->name, strerror(atomic_load(&note->value)));
	}
}
