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

/* The part of the process's resident memory that its limit does not count: what it was born with,
   and what it shares with its worker. */
static int64_t
memory_not_counted(const struct job_facts *f)
{
	const struct forkpool_context *c = &f->mailbox->context;
	uint64_t value = c->is_large ? c->value_len : 0;

	if (value > f->setup->value_max)
		value = f->setup->value_max;
	return f->max_rss_before + (int64_t)(f->args_mapped + value);
}

/* The limit that ended the process, or that it stood at when it ended. */
static enum limit
limit_of(const struct job_facts *f, const struct wire_result *r)
{
	const struct forkpool_limits *limits = &f->setup->limits;
	const struct crash_note *note = &f->mailbox->note;
	int signo = WIFSIGNALED(f->status) ? WTERMSIG(f->status) : 0;
	enum limit by_signal = outcome_limit_of_signal(limits, f->status, note);
	/* The process's own word is exact.  The worker's view from outside is less so, and counts
	   only where the process could say nothing. */
	int spoke = atomic_load(&note->spoke) != 0;
	unsigned met = f->met | atomic_load(&note->met);
	int64_t memory_most = limits->memory - limits->memory / 16;

	if (limits->cpu_ns > 0 &&
	    (f->over_cpu ||
		((signo == SIGXCPU || signo == SIGKILL) && r->cpu_ns >= limits->cpu_ns)))
		return LIMIT_CPU;
	if (by_signal != LIMIT_NONE)
		return by_signal;
	if (limits->memory > 0 &&
	    ((met & 1u << LIMIT_MEMORY) != 0 ||
		(!spoke && r->max_rss - memory_not_counted(f) >= memory_most)))
		return LIMIT_MEMORY;
	if (limits->open_files > 0 && (met & 1u << LIMIT_OPEN_FILES) != 0)
		return LIMIT_OPEN_FILES;
	/* In a sandbox without other processes it was not this limit that refused a fork. */
	if (limits->processes > 0 && sandbox_allows_processes(&f->setup->sandbox) &&
	    ((met & 1u << LIMIT_PROCESSES) != 0 ||
		(!spoke && f->descendants > 0 &&
		    f->descendants + 1 >= (uint64_t)limits->processes)))
		return LIMIT_PROCESSES;
	if (limits->file_size > 0 && (met & 1u << LIMIT_FILE_SIZE) != 0)
		return LIMIT_FILE_SIZE;
	return LIMIT_NONE;
}

/* Send our message, or the job's own where ours is NULL.  That output was lost is appended to ours;
   to an empty message of the job's own the caller's process appends it. */
static void
message_set(const struct job_facts *f, struct wire_result *r, const char *ours)
{
	size_t own = f->mailbox->context.message_len;
	char *text = f->text;
	size_t len = 0;

	if (ours != NULL) {
		(void)strlcpy(text, ours, f->text_size);
		if (f->output_lost > 0)
			outcome_add_output_lost(text, f->text_size, f->output_lost);
		len = strlen(text);
	} else if (own <= WIRE_MESSAGE_MAX) {
		memcpy(text, f->mailbox->context.message, len = own);
	}
	r->message = text;
	r->message_len = len < WIRE_MESSAGE_MAX ? len : WIRE_MESSAGE_MAX;
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

/* The claim has decided: the run timed out or was cancelled.  A whole reply keeps its message. */
static void
stopped_set(const struct job_facts *f, struct wire_result *r, int whole)
{
	char how[120], text[400];

	r->outcome = (uint8_t)outcome_of_claim(f->claim);
	(void)outcome_status_text(f->status, how, sizeof how);
	outcome_message(text, sizeof text, r->outcome, LIMIT_NONE, 0, how);
	message_set(f, r, whole ? NULL : text);
}

/* The process died without a whole reply (in_order: it exited like one that has replied), or its
   function returned this error after it had met a limit. */
static void
death_set(const struct job_facts *f, struct wire_result *r, enum limit limit, int in_order,
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
			(void)strlcpy(how, strerror(error), sizeof how);
		else if (in_order && limit == LIMIT_NONE)
			(void)strlcpy(how, "its reply is damaged", sizeof how);
		else
			(void)outcome_status_text(f->status, how, sizeof how);
		outcome_message(text, sizeof text, r->outcome, limit,
		    atomic_load(&note->stack_full) != 0, how);
		message_set(f, r, text);
	}
	r->frames = (uint16_t)crash_note_frames(note, f->address);
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
	const char *step = job_step_name(atomic_load(&mailbox->setup_step));
	int in_order = stage == MAILBOX_RETURNED && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	int whole = in_order && lengths_hold(f);
	int stopped = outcome_of_claim(f->claim) != FORKPOOL_OK;

	if (whole && returned == 0 && !stopped) {
		r->outcome = FORKPOOL_OK;
		value_set(f, r);
		message_set(f, r, NULL);
		return;
	}
	if (WIFSIGNALED(status)) {
		r->signal = WTERMSIG(status);
		r->core_dumped = WCOREDUMP(status) != 0;
	}
	if (!stopped && stage == MAILBOX_BORN && step != NULL) {
		char what[200];
		(void)snprintf(what, sizeof what, "%s could not be set up", step);
		setup_failed_set(f, r, what, atomic_load(&mailbox->setup_error));
		return;
	}
	if (!whole && WIFEXITED(status))
		r->exit_code = WEXITSTATUS(status);
	if (stopped) {
		stopped_set(f, r, whole);
		return;
	}
	enum limit limit = is_denied(f) ? LIMIT_NONE : limit_of(f, r);
	if (whole && limit == LIMIT_NONE) {
		r->outcome = FORKPOOL_FAILED;
		r->error = returned;
		message_set(f, r, NULL);
	} else {
		death_set(f, r, limit, in_order, whole ? returned : 0);
	}
}

void
job_not_forked(const struct job_facts *f, struct wire_result *r, int error)
{
	r->cpu_ns = r->user_ns = r->max_rss = -1;
	setup_failed_set(f, r, "its process could not be forked", error);
}
