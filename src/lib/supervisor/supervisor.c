/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor process: fork it and prepare it for its loop. */
#include "config.h"
#include "lib/supervisor/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/heirloom.h"
#include "lib/os/os.h"
#include "lib/supervisor/sandbox_selftest.h"
#include "lib/supervisor/supervisor_loop.h"
#include "lib/supervisor/supervisor_state.h"

/* Time on top of the grace in which a worker ends and reaps its job's process. */
#define WORKER_EXTRA_NS (500 * CLOCK_MS)

static volatile int bell_write = -1; /* the SIGCHLD handler's copy of bell[1] */

static void
on_sigchld(int signo)
{
	int saved = errno;

	(void)signo;
	ssize_t rung = write(bell_write, "", 1);
	(void)rung; /* a full pipe wakes the loop too */
	errno = saved;
}

/* Everything between the fork and the loop.  0, or -1 and errno. */
static int
supervisor_enter(struct supervisor *s, struct supervisor_setup *setup)
{
	struct sigaction chld;
	struct rlimit files;
	int keep[11 + LANDLOCK_DESCRIPTORS_MAX];
	size_t kept = 0;

	s->first = setup->first;
	s->control = setup->worker.control;
	if (worker_shed_other_pool() == -1)
		return -1;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (descriptors_place(&setup->worker.descriptors, &s->env.socket) == -1) {
		(void)strlcpy(s->control->error_text,
		    "descriptors: one cannot be had at its number in the workers "
		    "(RLIMIT_NOFILE)",
		    sizeof s->control->error_text);
		return -1;
	}
	s->caller_handle = fd_raise(os_process_handle(s->caller));
	if (getppid() != s->caller)
		_exit(0);
	(void)setsid();
	os_process_name("forkpool");
	(void)os_adopt_orphans();
	s->slot = os_map_private(SHARED_WORKERS_MAX * sizeof *s->slot);
	if (s->slot == NULL)
		return -1;
	if (os_pipe(s->bell, 0) == -1)
		return -1;
	for (int i = 0; i < 2; i++) {
		s->bell[i] = fd_raise(s->bell[i]);
		if (s->bell[i] == -1 || fd_set_nonblocking(s->bell[i], 1) == -1)
			return -1;
		keep[kept++] = s->bell[i];
	}
	bell_write = s->bell[1];
	keep[kept++] = s->env.socket;
	keep[kept++] = s->caller_handle;
	keep[kept++] = setup->worker.null;
	keep[kept++] = setup->worker.job_pipe;
	keep[kept++] = setup->worker.arena_fd;
	keep[kept++] = setup->worker.spool.fd;
	kept += landlock_descriptors(&setup->worker.sandbox.landlock, keep + kept);
	keep[kept++] = setup->worker.sandbox.cgroup.dir;
	keep[kept++] = setup->worker.sandbox.cgroup.pids_dir;
	descriptors_close_others(&setup->worker.descriptors, keep, kept);
	control_hide_from_workers(s->control);
	if (fd_fill_standard(setup->worker.null) == -1 || worker_prepare(&setup->worker) == -1)
		return -1;
	fd_close(&setup->worker.null);
	memset(&chld, 0, sizeof chld);
	sigemptyset(&chld.sa_mask);
	chld.sa_handler = on_sigchld;
	(void)sigaction(SIGCHLD, &chld, NULL);
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setup->first && jobs_have_own_process(&setup->worker) &&
	    sandbox_selftest(&setup->worker, s->caller, s->control->error_text,
		sizeof s->control->error_text) == -1)
		return -1;
	atomic_store(&s->control->layers, setup->worker.sandbox.layers);
	atomic_store(&s->control->mechanisms, setup->worker.sandbox.mechanisms);
	return 0;
}

static _Noreturn void
supervisor_main(pid_t caller, struct supervisor_setup *setup)
{
	static struct supervisor s;

	/* This pool may be opened in a job of another pool, whose supervisor left its state
	   here. */
	memset(&s, 0, sizeof s);
	s.caller = caller;
	s.bell[0] = s.bell[1] = -1;
	s.env = (struct slot_environment){
		.setup = &setup->worker,
		.control = setup->worker.control,
		.supervisor = getpid(),
		.socket = setup->socket,
		.now = clock_now(),
		.grace_ns = setup->grace_ns,
		.kill_ns = WORKER_EXTRA_NS,
	};
	/* The worker kills its job's own process when the grace is over.  The supervisor kills the
	   worker, later, if the worker has not managed that. */
	if (jobs_have_own_process(&setup->worker))
		s.env.grace_ns += WORKER_EXTRA_NS;
	if (supervisor_enter(&s, setup) == -1) {
		atomic_store(&s.control->failure_error, errno);
		atomic_store(&s.control->started, 2);
		(void)control_ring_parent(s.control, s.env.socket);
		_exit(1);
	}
	supervisor_loop(&s);
}

pid_t
supervisor_start(struct supervisor_setup *setup)
{
	sigset_t all, before;
	pid_t caller = getpid();

	/* None of the caller's signal handlers may run in the child. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	const struct worker_setup *w = &setup->worker;
	const struct heirloom memory[] = {
		{ w->shared, shared_size(w->entries) },
		{ w->control, sizeof *w->control },
		{ w->mailboxes, mailboxes_size() },
	};
	pid_t pid = heirloom_fork(memory, w->mailboxes != NULL ? 3 : 2);
	if (pid == 0)
		supervisor_main(caller, setup);
	int error = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}
