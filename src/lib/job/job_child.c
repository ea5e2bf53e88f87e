/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/job/job_child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/job/crash.h"
#include "lib/job/stdio_capture.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"
#include "lib/sandbox/sandbox.h"

static _Noreturn void
give_up(const struct job_birth *b, enum job_step step)
{
	atomic_store(&b->mailbox->setup_error, errno);
	atomic_store(&b->mailbox->setup_step, step);
	os_exit(1);
}

/*
 * An end with its worker, whose end may have come already; and a group of its own.  Not a session: jobs and
 * worker share one that has no terminal, since making one costs more than all the rest here together
 * (a scheduling group goes with it), and gives nothing that the group does not.
 */
static void
parent_tie(const struct job_birth *b)
{
	if ((os_die_with_parent(SIGKILL) == -1 && errno != ENOSYS) || os_own_group() == -1)
		give_up(b, STEP_PARENT);
	if (os_parent() != b->worker)
		os_exit(1);
}

/* A view of its own of those that lie in the arena, and of nothing else there: they begin on a page, and the
   parent has zeroed the rest of their last one. */
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
	/* Where pages are larger than the arena's unit: a copy. */
	view =
	    mmap(NULL, job->args_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (view == MAP_FAILED ||
	    fd_pread_all(b->setup->arena_fd, view, job->args_len, (off_t)job->args_offset) == -1)
		give_up(b, STEP_ARGUMENTS);
	return view;
}

_Noreturn void
job_child_main(const struct job_birth *b)
{
	struct mailbox *w = b->mailbox;
	struct forkpool_context *c = &w->context;
	enum job_step failed;

	/* Read first: that maps the pages around with it, as a write would not. */
	(void)atomic_load(&w->stage);
	pid_t self = c->process = os_self();
	parent_tie(b);
	const void *args = args_view(b);
	/* Before a limit on open files can be in the way. */
	int keep[] = { b->setup->sandbox.landlock.fd };
	descriptors_close_others(&b->setup->descriptors, keep, 1);
	if (limits_enter_job(&b->setup->limits, b->limits,
		b->job->args == NULL ? b->job->args_len : 0) == -1)
		give_up(b, STEP_LIMITS);
	cgroup_enter_job(&b->setup->sandbox.cgroup);
	if (sandbox_enter_job(&b->setup->sandbox, b->worker, &failed) == -1)
		give_up(b, failed);
	os_unblock_signals();
	atomic_store_explicit(&w->stage, MAILBOX_ENTERED, memory_order_release);

	int returned = b->job->fn(c, args, b->job->args_len), error = errno;

	if (os_self() != self)
		os_exit(0); /* a process that the job forked, and that returned from it */
	if (!b->setup->executes && capture_stdio_waits())
		capture_flush_stdio();
	if (returned != 0)
		crash_last_words(error == ENOMEM ? ENOMEM : returned); /* it may have an error of its own for that */
	atomic_store_explicit(&w->returned, returned, memory_order_relaxed);
	atomic_store_explicit(&w->stage, MAILBOX_RETURNED, memory_order_release);
	os_exit(0);
}
