/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of a job's process, decided by its worker. */
#include "config.h"
#include "lib/worker/job_verdict.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/job/crash.h"
#include "lib/job/outcome.h"
#include "lib/sandbox/limits.h"
#include "lib/sandbox/sandbox.h"

/* The limit that ended the process, or that it stood at when it ended. */
static enum forkpool_limit
limit_of(const struct job_facts *f, const struct wire_result *r)
{
	const struct forkpool_limits *limits = &f->setup->limits;
	const struct crash_note *note = &f->mailbox->note;
	int signo = WIFSIGNALED(f->status) ? WTERMSIG(f->status) : 0;
	enum forkpool_limit by_signal = outcome_limit_of_signal(limits, f->status, note);
	/* The process's own word is exact.  The worker's view from outside is less so, and counts
	   only where the process could say nothing. */
	int spoke = atomic_load(&note->spoke) != 0;
	unsigned met = f->met | atomic_load(&note->met);

	if (limits->cpu_ns > 0 &&
	    (f->over_cpu ||
		((signo == SIGXCPU || signo == SIGKILL) && r->cpu_ns >= limits->cpu_ns)))
		return FORKPOOL_LIMIT_CPU;
	if (by_signal != FORKPOOL_LIMIT_NONE)
		return by_signal;
	if (limits->memory > 0 &&
	    ((met & 1u << FORKPOOL_LIMIT_MEMORY) != 0 || (!spoke && f->memory->met)))
		return FORKPOOL_LIMIT_MEMORY;
	if (limits->open_files > 0 && (met & 1u << FORKPOOL_LIMIT_OPEN_FILES) != 0)
		return FORKPOOL_LIMIT_OPEN_FILES;
	/* In a sandbox without other processes it was not this limit that refused a fork. */
	if (limits->processes > 0 && sandbox_allows_threads(&f->setup->sandbox) &&
	    ((met & 1u << FORKPOOL_LIMIT_PROCESSES) != 0 ||
		(!spoke && f->descendants > 0 &&
		    f->descendants + 1 >= (uint64_t)limits->processes)))
		return FORKPOOL_LIMIT_PROCESSES;
	if (limits->file_size > 0 && (met & 1u << FORKPOOL_LIMIT_FILE_SIZE) != 0)
		return FORKPOOL_LIMIT_FILE_SIZE;
	return FORKPOOL_LIMIT_NONE;
}

/* What the job itself has said, up to its first NUL: its length. */
static size_t
own_text(const struct job_facts *f)
{
	size_t len = f->mailbox->context.message_len;

	return len <= WIRE_MESSAGE_MAX ? strnlen(f->mailbox->context.message, len) : 0;
}

/* Send our message.  To it are added what the job has said, where it fits, and that output was
   lost, which always does. */
static void
message_set(const struct job_facts *f, struct wire_result *r, const char *ours)
{
	char lost[100] = "; ";
	size_t len = strlcpy(f->text, ours, f->text_size), own = own_text(f);

	if (f->output_lost > 0)
		outcome_add_output_lost(lost, sizeof lost, f->output_lost);
	size_t used = len + 2 + (f->output_lost > 0 ? strlen(lost) : 0);
	if (own > 0 && used < WIRE_MESSAGE_MAX)
		(void)snprintf(f->text + len, f->text_size - len, ": %.*s",
		    (int)(own < WIRE_MESSAGE_MAX - used ? own : WIRE_MESSAGE_MAX - used),
		    f->mailbox->context.message);
	if (f->output_lost > 0)
		outcome_add_output_lost(f->text, f->text_size, f->output_lost);
	len = strlen(f->text);
	r->message = f->text;
	r->message_len = len < WIRE_MESSAGE_MAX ? len : WIRE_MESSAGE_MAX;
}

/* Send the job's own message alone.  Where it is empty, the caller's process says that output was
   lost. */
static void
message_set_own(const struct job_facts *f, struct wire_result *r)
{
	size_t len = f->mailbox->context.message_len;

	r->message = f->text;
	r->message_len = len <= WIRE_MESSAGE_MAX ? len : 0;
	memcpy(f->text, f->mailbox->context.message, r->message_len);
}

/* Whether the lengths that the job claims for its reply are possible ones. */
static int
lengths_hold(const struct job_facts *f)
{
	const struct forkpool_context *c = &f->mailbox->context;

	return c->message_len <= WIRE_MESSAGE_MAX && c->value_len <= f->setup->value_max &&
	    (c->is_large || c->value_len <= WIRE_VALUE_MAX);
}

static void
value_set(const struct job_facts *f, struct wire_result *r)
{
	const struct forkpool_context *c = &f->mailbox->context;
	size_t len = c->value_len;

	r->value = !c->is_large && len > 0 ? c->value : NULL;
	r->value_len = len;
}

/* Whether the seccomp filter killed the process; a raise(SIGSYS) is a crash as any other.  The note
   is the job's own to write, so a job can make one look like the other. */
static int
is_denied(const struct job_facts *f)
{
	return WIFSIGNALED(f->status) && WTERMSIG(f->status) == SIGSYS &&
	    sandbox_filters(&f->setup->sandbox) && !atomic_load(&f->mailbox->note.raised);
}

static void
denied_set(const struct job_facts *f, struct wire_result *r)
{
	const struct crash_note *note = &f->mailbox->note;
	uint32_t arch = atomic_load(&note->denied_arch);
	char text[120], name[64];

	r->outcome = FORKPOOL_DENIED;
	if (arch == 0)
		(void)snprintf(text, sizeof text, "denied: a system call");
	else
		(void)snprintf(text, sizeof text, "denied: %s",
		    filter_call_name((int)atomic_load(&note->denied), arch, name, sizeof name));
	message_set(f, r, text);
	r->place = (uint8_t)strlen(text);
}

static void
setup_failed_set(const struct job_facts *f, struct wire_result *r, const char *what, int error)
{
	char text[400];

	r->outcome = FORKPOOL_SETUP_FAILED;
	r->error = error;
	(void)snprintf(text, sizeof text, "%s: %s", what, strerror(error));
	message_set(f, r, text);
}

/* What could not be set up before the function was called. */
static void
refused_describe(const struct mailbox_refusal *refusal, uint32_t step, char *what, size_t size)
{
	const bool link = atomic_load(&refusal->error) == ELOOP;

	if (step == STEP_PATHS && refusal->path[0] != '\0')
		(void)snprintf(what, size, "its path %.*s could not be opened up%s",
		    (int)strnlen(refusal->path, sizeof refusal->path), refusal->path,
		    link ? ", since a symbolic link is on the way" : "");
	else
		(void)snprintf(what, size, "%s could not be set up", job_step_name(step));
}

/* The claim has decided: the run timed out or was cancelled.  A whole reply keeps its message. */
static void
stopped_set(const struct job_facts *f, struct wire_result *r, int whole)
{
	char how[120], text[400];

	r->outcome = (uint8_t)outcome_of_claim(f->claim);
	(void)outcome_status_text(f->status, how, sizeof how);
	(void)outcome_message(text, sizeof text, r->outcome, FORKPOOL_LIMIT_NONE, 0, how);
	if (whole)
		message_set_own(f, r);
	else
		message_set(f, r, text);
}

/* Somebody killed the first process of its pid namespace, and the system all others there. */
static void
lost_set(const struct job_facts *f, struct wire_result *r, const char *when)
{
	char text[120];

	r->outcome = FORKPOOL_LOST;
	(void)snprintf(text, sizeof text,
	    "its pid namespace was lost %s: the first process there was killed", when);
	message_set(f, r, text);
}

/* The process died without a whole reply (in_order: it exited like one that has replied), or its
   function returned this error after it had met a limit. */
static void
death_set(const struct job_facts *f, struct wire_result *r, enum forkpool_limit limit, int in_order,
    int error)
{
	const struct crash_note *note = &f->mailbox->note;
	char how[120], text[400];

	if (is_denied(f)) {
		denied_set(f, r);
	} else {
		r->outcome = (uint8_t)outcome_of_death(f->status, limit);
		r->limit = (uint8_t)limit;
		r->error = error;
		if (error != 0)
			(void)strlcpy(how, own_text(f) > 0 ? "" : strerror(error), sizeof how);
		else if (in_order && limit == FORKPOOL_LIMIT_NONE)
			(void)strlcpy(how, "its reply is damaged", sizeof how);
		else
			(void)outcome_status_text(f->status, how, sizeof how);
		size_t place = outcome_message(text, sizeof text, r->outcome, limit,
		    atomic_load(&note->stack_full) != 0, how);
		message_set(f, r, text);
		if (r->outcome == FORKPOOL_EXITED)
			return;
		r->place = place <= r->message_len ? (uint8_t)place : 0;
	}
	r->frames = (uint8_t)crash_note_frames(note, f->address);
	r->addresses = (const unsigned char *)f->address;
}

/* The first reason that applies is the one reported, so the order of these tests matters. */
void
job_judge(const struct job_facts *f, struct wire_result *r)
{
	const struct mailbox *mailbox = f->mailbox;
	int status = f->status;
	uint32_t stage = atomic_load_explicit(&mailbox->stage, memory_order_acquire);
	int32_t returned = atomic_load_explicit(&mailbox->returned, memory_order_relaxed);
	uint32_t refused = atomic_load(&f->refusal->step);
	int in_order = stage == MAILBOX_RETURNED && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	int whole = in_order && lengths_hold(f);
	int stopped = outcome_of_claim(f->claim) != FORKPOOL_OK;

	if (whole && returned == 0 && !stopped) {
		r->outcome = FORKPOOL_OK;
		value_set(f, r);
		message_set_own(f, r);
		return;
	}
	if (WIFSIGNALED(status)) {
		r->signal = WTERMSIG(status);
		r->core_dumped = WCOREDUMP(status) != 0;
	}
	if (!stopped && refused != STEP_NONE) {
		char what[300];
		refused_describe(f->refusal, refused, what, sizeof what);
		setup_failed_set(f, r, what, atomic_load(&f->refusal->error));
		return;
	}
	if (!whole && WIFEXITED(status))
		r->exit_code = WEXITSTATUS(status);
	if (stopped) {
		stopped_set(f, r, whole);
		return;
	}
	/* A kill for the memory of its own cgroup is another one. */
	if (f->namespace_gone && (f->met & 1u << FORKPOOL_LIMIT_MEMORY) == 0) {
		lost_set(f, r, "while it ran");
		return;
	}
	/* exit(0) in time is no death at a limit, whatever the process met before. */
	int well = !whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	enum forkpool_limit limit = well || is_denied(f) ? FORKPOOL_LIMIT_NONE : limit_of(f, r);
	if (whole && limit == FORKPOOL_LIMIT_NONE) {
		r->outcome = FORKPOOL_FAILED;
		r->error = returned;
		message_set_own(f, r);
	} else {
		death_set(f, r, limit, in_order, whole ? returned : 0);
	}
}

void
job_not_forked(const struct job_facts *f, struct wire_result *r, int error)
{
	r->cpu_ns = r->user_ns = r->max_rss = -1;
	if (f->namespace_gone)
		lost_set(f, r, "before it ran");
	else
		setup_failed_set(f, r, "its process could not be forked", error);
}
