/* SPDX-License-Identifier: BSD-2-Clause */
/* A job in its own process, from the fork to the exit. */
#include "config.h"
#include "lib/job/job_child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/job/crash.h"
#include "lib/job/job_call.h"
#include "lib/job/stdio_capture.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"
#include "lib/sandbox/sandbox.h"

static _Noreturn void
give_up(const struct job_birth *b, enum job_step step)
{
	atomic_store(&b->refusal->error, errno);
	atomic_store(&b->refusal->step, step);
	os_exit(1);
}

/*
 * Die when the worker dies, which may have happened already; and have a process group of its own.
 *
 * No session of its own: jobs and worker share one that has no terminal.  Making a session costs
 * more than all the rest here together (it comes with a scheduling group), and gives nothing that a
 * process group does not.
 */
static void
parent_tie(const struct job_birth *b)
{
	if ((os_die_with_parent(SIGKILL) == -1 && errno != ENOSYS) || os_own_group() == -1)
		give_up(b, STEP_PARENT);
	if (os_parent() != sandbox_parent(b->ns, b->worker))
		os_exit(1);
}

/* The job's arguments.  Those in the arena are mapped, and nothing else of the arena is: they begin
   on a page, and the parent has zeroed the rest of their last page. */
static const void *
args_view(const struct job_birth *b)
{
	const struct wire_job *job = b->job;

	if (job->args != NULL || job->args_len == 0)
		return b->mailbox->args;
	void *view = mmap(NULL, job->args_len, PROT_READ, MAP_PRIVATE, b->setup->arena_fd,
	    (off_t)job->args_offset);
	if (view != MAP_FAILED)
		return view;
	/* Pages are larger than the arena's unit: copy the arguments. */
	view = mmap(NULL, job->args_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (view == MAP_FAILED ||
	    fd_pread_all(b->setup->arena_fd, view, job->args_len, (off_t)job->args_offset) == -1)
		give_up(b, STEP_ARGUMENTS);
	return view;
}

_Noreturn void
job_child_main(const struct job_birth *b)
{
	struct mailbox *m = b->mailbox;
	struct forkpool_context *c = &m->context;
	enum job_step failed;

	/* Read before the first write: a read maps the pages around it too, a write does not. */
	(void)atomic_load(&m->stage);
	pid_t self = c->process = os_self();
	crash_own();
	parent_tie(b);
	const void *args = args_view(b);
	size_t args_len = b->job->args_len;
	struct job_paths paths = { NULL, NULL };
	if (b->setup->sandbox.job_paths && job_paths_find(&paths, args, &args_len) == -1)
		give_up(b, STEP_ARGUMENTS);
	cgroup_enter_job(&b->setup->sandbox.cgroup);
	if (sandbox_enter_root(&b->setup->sandbox, b->ns) == -1)
		give_up(b, STEP_ROOT);
	if (sandbox_enter_paths(&b->setup->sandbox, &paths, b->refusal->path,
		sizeof b->refusal->path) == -1)
		give_up(b, STEP_PATHS);
	/* Before there is a limit on open files, which could be in the way. */
	int keep[] = { b->setup->sandbox.landlock.fd };
	descriptors_close_others(&b->setup->descriptors, keep, 1);
	if (limits_enter_job(&b->setup->limits, b->limits,
		b->job->args == NULL ? b->job->args_len : 0) == -1)
		give_up(b, STEP_LIMITS);
	if (sandbox_enter_job(&b->setup->sandbox, b->ns, b->worker, &failed) == -1)
		give_up(b, failed);
	if (b->refusal_size > 0 && os_unmap(b->refusal, b->refusal_size) == -1)
		give_up(b, STEP_MAILBOX);
	/* Its worker is not to be looked into by jobs.  A program becomes dumpable by itself. */
	if (b->setup->core_dumps && !b->setup->executes)
		os_core_again();
	os_unblock_signals();
	atomic_store_explicit(&m->stage, MAILBOX_ENTERED, memory_order_release);

	int returned = job_call(b->job->fn, c, args, args_len), error = errno;

	if (os_self() != self)
		os_exit(0); /* the job forked this process, and it too returned from the function */
	if (!b->setup->executes)
		capture_flush_stdio();
	/* What the function stood at when it returned, whatever job_exit() takes or gives back.
	   The function may return an error number of its own for ENOMEM. */
	unsigned met = 0;
	if (returned != 0)
		met = crash_limits_met(error == ENOMEM ? ENOMEM : returned);
	if (b->setup->job_exit != NULL) {
		b->setup->job_exit(b->setup->arg, c->state);
		if (os_self() != self)
			os_exit(0); /* forked there */
		capture_flush_stdio();
	}
	if (returned != 0)
		crash_note_limits(met);
	atomic_store_explicit(&m->returned, returned, memory_order_relaxed);
	atomic_store_explicit(&m->stage, MAILBOX_RETURNED, memory_order_release);
	os_exit(0);
}
