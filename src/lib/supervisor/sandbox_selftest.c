/* SPDX-License-Identifier: BSD-2-Clause */
/* The self-test of the isolation: a trial worker and its trial jobs. */
#include "config.h"
#include "lib/supervisor/sandbox_selftest.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
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
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"
#include "lib/sandbox/sandbox.h"
#include "lib/worker/job_process.h"

/* Longer than any machine takes for a handful of processes. */
#define TRIAL_MS 30000
/* So often look whether somebody who is awaited is still there. */
#define LOOK_NS  (100 * CLOCK_MS)
/* Each try takes out at least one mechanism or layer; somebody else may kill a trial worker,
   too. */
#define TRIES    16

/* What the trial worker reports, in shared memory. */
struct report {
	int      holds;
	int      error;
	unsigned layers, mechanisms; /* to blame; 0: none in particular */
	_Atomic uint32_t companions; /* that are ready */
	_Atomic uint32_t go;         /* acts is filled in */
	struct acts acts;
	char     text[200];
};

/* The trial worker's. */
static struct report *report;
static const struct sandbox *trial_sandbox;

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

static int
try_to_break(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	acts_behind_all(&report->acts, trial_sandbox->layers, trial_sandbox->files);
	return 0;
}

static _Noreturn void
report_failure(unsigned layers, unsigned mechanisms, int error, const char *format,
    const char *what)
{
	report->layers = layers;
	report->mechanisms = mechanisms;
	report->error = error;
	(void)snprintf(report->text, sizeof report->text, format, what);
	_exit(1);
}

/* A job's process could not be set up. */
static _Noreturn void
report_step(const struct job_processes *p, int error, const char *text)
{
	switch (atomic_load(&mailbox_refusal(p->mailbox)->step)) {
	case STEP_IDENTITY:
		report_failure(FORKPOOL_LAYER_PRIVILEGES, 0, error, "%s", text);
	case STEP_USER:
		report_failure(FORKPOOL_LAYER_USER, 0, error, "%s", text);
	case STEP_IDENTITY_HOLDS:
		report_failure(FORKPOOL_LAYER_PRIVILEGES, 0, error, "%s",
		    "they were dropped, and are there");
	case STEP_USER_HOLDS:
		report_failure(FORKPOOL_LAYER_USER, 0, error, "%s",
		    "it was changed, and is what it was");
	case STEP_ROOT:
		report_failure(0, PROMISES_BY_JAIL, error, "%s", text);
	case STEP_FILES:
		report_failure(0, PROMISES_BY_LANDLOCK, error, "%s", text);
	case STEP_SYSCALLS:
	case STEP_GATE:
		report_failure(0, PROMISES_BY_FILTER, error, "%s", text);
	default:
		report_failure(0, 0, error, "%s", text);
	}
}

static void
trial_job(struct job_processes *p, forkpool_fn *fn, int denied, const char *what)
{
	/* The reply is one byte, which fits whatever the largest value is. */
	static const char args[1 + JOB_PATHS_NONE] = "f";
	struct wire_job job = {
		.ticket = 1, .seq = 1, .fn = fn, .attempt = 1,
		.args = args,
		.args_len = trial_sandbox->job_paths ? sizeof args : 1,
	};
	struct wire_result result = { 0 };
	claim_word claim;
	char text[160];

	atomic_init(&claim, claim_make(1, 0, 0, CLAIM_CLAIMED));
	job_process_run(p, &job, CLOCK_NEVER, &claim, &result);
	(void)snprintf(text, sizeof text, "%.*s", (int)result.message_len,
	    result.message_len > 0 ? result.message : "");
	if (result.outcome == FORKPOOL_SETUP_FAILED)
		report_step(p, result.error, text);
	if (result.outcome != (denied ? FORKPOOL_DENIED : FORKPOOL_OK)) {
		char sentence[200];
		(void)snprintf(sentence, sizeof sentence, "%s ended as %s %s", what,
		    forkpool_outcome_name(result.outcome), text);
		report_failure(0, denied ? PROMISES_BY_FILTER : 0, EPERM, "%s", sentence);
	}
	job_process_done(p);
}

/* What the jobs that acted have not seen to hold. */
static void
seen_check(const struct sandbox *s)
{
	/* These were entered, and the other trial jobs have seen them. */
	unsigned seen = atomic_load(&report->acts.seen) | FORKPOOL_SYSCALLS_BY_FILTER |
	    FORKPOOL_JOBS_BY_NAMESPACE;
	unsigned broken = atomic_load(&report->acts.broken);
	unsigned unseen = (s->mechanisms & ~seen) | (s->mechanisms & promises_mechanisms(broken));
	char names[160] = "";

	if (unseen == 0)
		return;
	for (unsigned mechanism = 1; mechanism != 0; mechanism <<= 1)
		if (unseen & mechanism) {
			(void)strlcat(names, names[0] != '\0' ? ", " : "", sizeof names);
			(void)strlcat(names, forkpool_mechanism_name(mechanism), sizeof names);
		}
	report_failure(0, unseen, EPERM, "%s: what it is to deny was done", names);
}

static _Noreturn void
trial_worker_main(struct worker_setup *setup, pid_t supervisor)
{
	static struct job_processes p;
	struct sandbox *s = &setup->sandbox;
	struct sandbox_fault fault;
	struct pid_namespace ns;

	(void)os_die_with_parent(SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	while (atomic_load(&report->go) == 0)
		os_word_wait(&report->go, 0, LOOK_NS);
	trial_sandbox = s;
	/* A function of the caller's, for jobs of its own, in workers that worker_init() made. */
	setup->job_exit = NULL;
	if (s->level == FORKPOOL_ISOLATE_SANDBOX) {
		s->acts = &report->acts;
		acts_catch_traps();
	}
	(void)signal(SIGCHLD, SIG_DFL);
	if (limits_enter_worker(&setup->limits, s->level) == -1)
		report_failure(0, 0, errno, "%s", "its limits");
	if (sandbox_enter_worker(s, &ns, &fault) == -1)
		report_failure(fault.layers, fault.mechanisms, errno, "%s", fault.step);
	if (job_processes_init(&p, setup, 0, &ns) == -1)
		report_failure(0, 0, errno, "%s",
		    errno == ENOENT ? "/proc/thread-self/children, by which a worker finds what "
				      "its jobs leave behind (is /proc mounted?)" :
				      "what a worker needs for its jobs (memory, a pipe, "
				      "/proc/thread-self/children)");
	if (job_processes_confine(&p, NULL, &fault) == -1)
		report_failure(fault.layers, fault.mechanisms, errno, "%s", fault.step);
	report->acts.jailed = ns.init != 0;
	trial_job(&p, do_nothing, 0, "a job that does nothing");
	if (sandbox_filters(s)) {
		trial_job(&p, trace_itself, 1, "a job that has itself traced");
		/* With exec a process is allowed, and a socket is an error that programs cope
		   with. */
		if (!s->exec)
			trial_job(&p, make_process, 1, "a job that makes a process");
		if (!s->exec && !s->network)
			trial_job(&p, make_socket, 1, "a job that makes a socket");
	}
	if (s->acts != NULL) {
		trial_job(&p, try_to_break, 0, "a job that tries to break out");
		seen_check(s);
	}
	report->holds = 1;
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

/* A process for the trial jobs to act on: as a job of that worker, or, worker 0, of another one,
   but not confined. */
static pid_t
companion_start(const struct sandbox *s, pid_t worker)
{
	pid_t supervisor = getpid(), pid = fork();
	const char *step;

	if (pid != 0)
		return pid;
	/* Where it cannot be had, the trial job will not get that far either. */
	(void)identity_enter_job(&s->identity, worker != 0 ? worker : getpid(), &step);
	(void)os_die_with_parent(SIGKILL);
	if (getppid() != supervisor)
		_exit(1);
	(void)atomic_fetch_add(&report->companions, 1);
	os_word_wake(&report->companions);
	for (;;)
		(void)pause();
}

static void
companion_end(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}

static int
has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ||
	    info.si_pid != 0;
}

/* Wait until both companions are ready.  0; -1: one of them has ended. */
static int
companions_await(const struct acts *acts)
{
	uint32_t ready;

	while ((ready = atomic_load(&report->companions)) < 2) {
		if (has_ended(acts->twin) || has_ended(acts->sibling))
			return -1;
		os_word_wait(&report->companions, ready, LOOK_NS);
	}
	return 0;
}

/* Listen for the trial jobs' attempts.  The descriptor, or -1. */
static int
listen_for(uint16_t *port)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof here;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0 &&
	    listen(fd, 16) == 0 && getsockname(fd, (struct sockaddr *)&here, &len) == 0)
		*port = ntohs(here.sin_port);
	return fd;
}

/* Run a trial worker with what it acts on, until it ends.  0, or -1 and errno. */
static int
trial_run(struct worker_setup *setup, pid_t caller)
{
	struct acts *acts = &report->acts;

	memset(report, 0, sizeof *report);
	acts->places = setup->sandbox.places;
	acts->caller = caller;
	acts->supervisor = getpid();
	int listener = setup->sandbox.level == FORKPOOL_ISOLATE_SANDBOX ? listen_for(&acts->port) :
									  -1;
	pid_t worker = fork();
	if (worker == 0)
		trial_worker_main(setup, acts->supervisor);
	if (worker == -1) {
		fd_close(&listener);
		return -1;
	}
	acts->worker = worker;
	if (setup->sandbox.level == FORKPOOL_ISOLATE_SANDBOX) {
		acts->twin = companion_start(&setup->sandbox, worker);
		acts->sibling = companion_start(&setup->sandbox, 0);
		if (acts->twin == -1 || acts->sibling == -1 || companions_await(acts) == -1)
			(void)kill(worker, SIGKILL);
	}
	atomic_store(&report->go, 1);
	os_word_wake(&report->go);
	await(worker);
	companion_end(acts->twin);
	companion_end(acts->sibling);
	fd_close(&listener);
	return 0;
}

/* Say why this isolation cannot be had. */
static void
failure_tell(const struct sandbox *s, unsigned missing, int failure, char *error, size_t error_size)
{
	char help[160];

	report->text[sizeof report->text - 1] = '\0';
	if (report->text[0] == '\0') {
		(void)snprintf(error, error_size,
		    "isolation: the process that was to try it out died");
		return;
	}
	if (missing == 0) {
		(void)snprintf(error, error_size, "isolation: %s: %s", report->text,
		    strerror(failure));
		return;
	}
	missing &= ~missing + 1; /* the first */
	promise_help(missing, &s->facts, help, sizeof help);
	(void)snprintf(error, error_size, "sandbox: %s cannot be had: %s: %s%s%s%s",
	    promise_text(missing), report->text, strerror(failure),
	    help[0] != '\0' ? " (what could: " : "", help, help[0] != '\0' ? ")" : "");
}

int
sandbox_selftest(struct worker_setup *setup, pid_t caller, char *error, size_t error_size)
{
	struct sandbox *s = &setup->sandbox;
	int result = -1, failure = errno;

	if ((report = os_map_shared(sizeof *report)) == NULL) {
		(void)snprintf(error, error_size, "cannot map memory for the probe: %s",
		    strerror(errno));
		return -1;
	}
	for (int tries = 0; tries < TRIES && result == -1; tries++) {
		unsigned missing = 0;
		if (trial_run(setup, caller) == -1) {
			failure = errno;
			(void)snprintf(error, error_size,
			    "cannot fork a process to try the isolation out: %s", strerror(errno));
			break;
		}
		if (report->holds) {
			result = 0;
			break;
		}
		failure = report->error != 0 ? report->error : EIO;
		unsigned layers = report->layers & s->layers;
		unsigned mechanisms = report->mechanisms & s->mechanisms;
		if ((layers | mechanisms) != 0 &&
		    sandbox_do_without(s, layers, mechanisms, &missing) == 0)
			continue;
		if (report->text[0] == '\0' && tries + 1 < TRIES)
			continue; /* maybe somebody else killed it */
		failure_tell(s, missing, failure, error, error_size);
		break;
	}
	(void)munmap(report, sizeof *report);
	report = NULL;
	errno = failure;
	return result;
}
