/* SPDX-License-Identifier: BSD-2-Clause */
/* The self-test of the isolation: a trial worker and its trial jobs. */
#include "config.h"
#include "lib/supervisor/sandbox_selftest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#include "lib/job/outcome.h"
#include "lib/os/clock.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"
#include "lib/sandbox/sandbox.h"
#include "lib/worker/job_process.h"

/* Longer than any machine takes for a handful of processes. */
#define TRIAL_MS 30000
/* Best effort takes out at most five layers, one a try; somebody else may kill a trial worker,
   too. */
#define TRIES    8

/* What the trial worker reports, in shared memory. */
struct report {
	int      holds;
	int      error;
	unsigned layer;      /* to blame; 0: none in particular */
	char     text[200];
};

static int
do_nothing(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len);
}

static int
make_process(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
#ifdef SYS_clone
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(0);
#endif
	return 0;
}

static int
make_socket(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	(void)socket(AF_INET, SOCK_STREAM, 0);
	return 0;
}

static int
trace_itself(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
#ifdef SYS_ptrace
	(void)syscall(SYS_ptrace, 0, 0, 0, 0);
#endif
	return 0;
}

static _Noreturn void
report_failure(struct report *r, unsigned layer, int error, const char *format, const char *what)
{
	r->layer = layer;
	r->error = error;
	(void)snprintf(r->text, sizeof r->text, format, what);
	_exit(1);
}

/* The layer whose step failed in a job's process. */
static unsigned
layer_of(const struct job_processes *p, const struct wire_result *result)
{
	switch (atomic_load(&p->mailbox->setup_step)) {
	case STEP_IDENTITY:
		return FORKPOOL_LAYER_PRIVILEGES;
	case STEP_USER:
		return FORKPOOL_LAYER_USER;
	case STEP_FILES:
		return FORKPOOL_LAYER_FILES;
	case STEP_SYSCALLS:
	case STEP_GATE:
		return FORKPOOL_LAYER_SYSCALLS;
	case STEP_SELFTEST:
		return (unsigned)result->error;
	default:
		return 0;
	}
}

static void
trial_job(struct job_processes *p, forkpool_fn *fn, int denied, const char *what, struct report *r)
{
	static const char args[1] = "f"; /* the reply: it fits whatever the largest value is */
	struct wire_job job = {
		.ticket = 1, .seq = 1, .fn = fn, .attempt = 1,
		.args = args, .args_len = sizeof args,
	};
	struct wire_result result = { 0 };
	claim_word claim;
	char text[160];

	atomic_init(&claim, claim_make(1, 0, 0, CLAIM_CLAIMED));
	job_process_run(p, &job, CLOCK_NEVER, &claim, &result);
	(void)snprintf(text, sizeof text, "%.*s", (int)result.message_len,
	    result.message_len > 0 ? result.message : "");
	if (result.outcome == FORKPOOL_SETUP_FAILED) {
		unsigned layer = layer_of(p, &result);
		if (atomic_load(&p->mailbox->setup_step) == STEP_SELFTEST)
			report_failure(r, layer, EPERM,
			    "%s does not hold: what it is to deny was done", layer_text(layer));
		report_failure(r, layer, result.error, "%s", text);
	}
	if (result.outcome != (denied ? FORKPOOL_DENIED : FORKPOOL_OK)) {
		char sentence[200];
		(void)snprintf(sentence, sizeof sentence, "%s ended as %s %s", what,
		    forkpool_outcome_name(result.outcome), text);
		report_failure(r, denied ? FORKPOOL_LAYER_SYSCALLS : 0, EPERM, "%s", sentence);
	}
	job_process_done(p);
}

static _Noreturn void
trial_worker_main(struct worker_setup *setup, pid_t supervisor, struct report *r)
{
	static struct job_processes p;
	const struct sandbox *s = &setup->sandbox;
	const char *step = "";
	unsigned layer = 0;

	(void)os_die_with_parent(SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	setup->sandbox.in_selftest = true;
	(void)signal(SIGCHLD, SIG_DFL);
	if (limits_enter_worker(&setup->limits) == -1)
		report_failure(r, 0, errno, "%s", "its limits");
	if (sandbox_enter_worker(s, &step, &layer) == -1)
		report_failure(r, layer, errno, "%s", step);
	if (job_processes_init(&p, setup, 0) == -1)
		report_failure(r, 0, errno, "%s",
		    "what a worker needs for its jobs (memory, a pipe, "
		    "/proc/thread-self/children)");
	if (job_processes_confine(&p, NULL, &step, &layer) == -1)
		report_failure(r, layer, errno, "%s", step);
	trial_job(&p, do_nothing, 0, "a job that does nothing", r);
	if (sandbox_filters(s)) {
		trial_job(&p, trace_itself, 1, "a job that has itself traced", r);
		/* With exec a process is allowed, and a socket is an error that programs cope
		   with. */
		if (!s->exec)
			trial_job(&p, make_process, 1, "a job that makes a process", r);
		if (!s->exec && !s->network)
			trial_job(&p, make_socket, 1, "a job that makes a socket", r);
	}
	r->holds = 1;
	_exit(0);
}

static void
await(pid_t pid)
{
	int handle = os_process_handle(pid);
	struct pollfd fd = { .fd = handle, .events = POLLIN };

	if (handle != -1) {
		if (poll(&fd, 1, TRIAL_MS) == 0)
			(void)kill(pid, SIGKILL);
		(void)close(handle);
	}
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}

int
sandbox_selftest(struct worker_setup *setup, char *error, size_t error_size)
{
	struct sandbox *s = &setup->sandbox;
	pid_t supervisor = getpid();
	struct report *r = os_map_shared(sizeof *r);
	int result = -1, failure = errno;

	if (r == NULL) {
		(void)snprintf(error, error_size, "cannot map memory for the probe: %s",
		    strerror(errno));
		return -1;
	}
	for (int tries = 0; tries < TRIES && result == -1; tries++) {
		memset(r, 0, sizeof *r);
		pid_t pid = fork();
		if (pid == 0)
			trial_worker_main(setup, supervisor, r);
		if (pid == -1) {
			failure = errno;
			(void)snprintf(error, error_size,
			    "cannot fork a process to try the isolation out: %s", strerror(errno));
			break;
		}
		await(pid);
		if (r->holds) {
			result = 0;
			break;
		}
		failure = r->error != 0 ? r->error : EIO;
		unsigned layer = r->layer & s->layers;
		if (s->best_effort && layer != 0 && sandbox_do_without(s, layer) == 0)
			continue;
		r->text[sizeof r->text - 1] = '\0';
		if (r->text[0] == '\0' && tries + 1 < TRIES)
			continue; /* maybe somebody else killed it */
		if (r->text[0] == '\0')
			(void)snprintf(error, error_size,
			    "isolation: the process that was to try it out died");
		else if (layer != 0)
			(void)snprintf(error, error_size, "sandbox: %s cannot be had: %s: %s",
			    layer_text(layer), r->text, strerror(failure));
		else
			(void)snprintf(error, error_size, "isolation: %s: %s", r->text,
			    strerror(failure));
		break;
	}
	(void)munmap(r, sizeof *r);
	errno = failure;
	return result;
}
