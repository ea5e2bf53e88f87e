/* SPDX-License-Identifier: BSD-2-Clause */
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

/* What of its resident memory the limit does not count: what it was born with, and what it shares with its worker. */
static int64_t
not_its_memory(const struct job_facts *f)
{
	const struct forkpool_context *c = &f->mailbox->context;
	uint64_t value = c->is_large ? c->value_len : 0;

	if (value > f->setup->value_max)
		value = f->setup->value_max;
	return f->max_rss_before + (int64_t)(f->args_mapped + value);
}

/* The limit that ended it, or that it stood at when it ended. */
static enum limit
limit_of(const struct job_facts *f, const struct wire_result *r)
{
	const struct forkpool_limits *limits = &f->setup->limits;
	const struct crash_note *note = &f->mailbox->note;
	int signo = WIFSIGNALED(f->status) ? WTERMSIG(f->status) : 0;
	/* What can be seen from outside is less exact than what it says itself, and is for when it could not say anything. */
	int spoke = atomic_load(&note->spoke) != 0;
	unsigned met = f->met | atomic_load(&note->met);

	if (limits->cpu_ns > 0 &&
	    (f->over_cpu ||
		((signo == SIGXCPU || signo == SIGKILL) && r->cpu_ns >= limits->cpu_ns)))
		return LIMIT_CPU;
	if (limits->file_size > 0 && signo == SIGXFSZ && !atomic_load(&note->raised))
		return LIMIT_FILE_SIZE;
	if (limits->stack > 0 && atomic_load(&note->stack_full) && signo != 0)
		return LIMIT_STACK;
	if (limits->memory > 0 && ((met & 1u << LIMIT_MEMORY) != 0 ||
	    (!spoke && r->max_rss - not_its_memory(f) >= limits->memory - limits->memory / 16)))
		return LIMIT_MEMORY;
	if (limits->open_files > 0 && (met & 1u << LIMIT_OPEN_FILES) != 0)
		return LIMIT_OPEN_FILES;
	/* Where it may have one process anyway, no fork has met this limit. */
	if (limits->processes > 0 && sandbox_allows_processes(&f->setup->sandbox) &&
	    ((met & 1u << LIMIT_PROCESSES) != 0 ||
		(!spoke && f->descendants > 0 &&
		    f->descendants + 1 >= (uint64_t)limits->processes)))
		return LIMIT_PROCESSES;
	if (limits->file_size > 0 && (met & 1u << LIMIT_FILE_SIZE) != 0)
		return LIMIT_FILE_SIZE;
	return LIMIT_NONE;
}

/* Its own message, or ours; NULL for none of ours.  In ours what its output has lost is told as well, in an empty
   one of its own the parent tells that. */
static void
message_set(const struct job_facts *f, struct wire_result *r, const char *ours)
{
	size_t own = f->mailbox->context.message_len;
	char *text = f->text;
	size_t len = 0;

	if (ours != NULL && f->output_lost > 0)
		(void)snprintf(text, f->text_size,
		    "%s; %llu bytes of output past the limit were dropped", ours,
		    (unsigned long long)f->output_lost);
	else if (ours != NULL)
		(void)strlcpy(text, ours, f->text_size);
	if (ours != NULL)
		len = strlen(text);
	else if (own <= WIRE_MESSAGE_MAX)
		memcpy(text, f->mailbox->context.message, len = own);
	r->message = text;
	r->message_len = len < WIRE_MESSAGE_MAX ? len : WIRE_MESSAGE_MAX;
}

/* Whether what it says of its reply can be. */
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

/* The filter's signal; raise(SIGSYS) is a crash as any other.  The note is the job's own to write: it can make the one
   look like the other. */
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

/* What became of it, in the order in which one reason hides the others. */
void
job_judge(const struct job_facts *f, struct wire_result *r)
{
	const struct mailbox *w = f->mailbox;
	enum claim_state claim = f->claim;
	int status = f->status;
	const struct crash_note *note = &w->note;
	uint32_t stage = atomic_load_explicit(&w->stage, memory_order_acquire);
	int32_t returned = atomic_load_explicit(&w->returned, memory_order_relaxed);
	char how[120], text[400];
	const char *step = job_step_name(atomic_load(&w->setup_step));
	int clean = stage == MAILBOX_RETURNED && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	int whole = clean && lengths_hold(f);

	if (whole && returned == 0 && claim != CLAIM_TIMED_OUT && claim != CLAIM_CANCELLED) {
		r->outcome = FORKPOOL_OK;
		value_set(f, r);
		message_set(f, r, NULL);
		return;
	}
	(void)outcome_status_text(status, how, sizeof how);
	if (WIFSIGNALED(status)) {
		r->signal = WTERMSIG(status);
		r->core_dumped = WCOREDUMP(status) != 0;
	}
	if (claim == CLAIM_TIMED_OUT || claim == CLAIM_CANCELLED) {
		r->outcome = claim == CLAIM_TIMED_OUT ? FORKPOOL_TIMED_OUT : FORKPOOL_CANCELLED;
		(void)snprintf(text, sizeof text, "%s while it ran: %s", claim == CLAIM_TIMED_OUT ?
		    "its deadline passed" : "cancelled", how);
		if (!whole)
			message_set(f, r, text);
		else
			message_set(f, r, NULL);
		if (!whole && WIFEXITED(status))
			r->exit_code = WEXITSTATUS(status);
		return;
	}
	if (stage == MAILBOX_BORN && step != NULL) {
		r->outcome = FORKPOOL_SETUP_FAILED;
		r->error = atomic_load(&w->setup_error);
		(void)snprintf(text, sizeof text, "%s could not be set up: %s", step,
		    strerror(r->error));
		message_set(f, r, text);
		return;
	}
	enum limit limit = is_denied(f) ? LIMIT_NONE : limit_of(f, r);
	if (!whole && WIFEXITED(status))
		r->exit_code = WEXITSTATUS(status);
	if (limit != LIMIT_NONE) {
		r->outcome = FORKPOOL_OVER_LIMIT;
		r->limit = (uint8_t)limit;
		r->error = whole ? returned : 0;
		(void)snprintf(text, sizeof text, "went over its %s limit: %s", limit_name(limit),
		    whole ? strerror(returned) : how);
		message_set(f, r, text);
	} else if (whole) {
		r->outcome = FORKPOOL_FAILED;
		r->error = returned;
		message_set(f, r, NULL);
		return;
	} else if (is_denied(f)) {
		denied_set(f, r);
	} else if (r->signal != 0) {
		r->outcome = FORKPOOL_CRASHED;
		(void)snprintf(text, sizeof text, "%s%s", how,
		    atomic_load(&note->stack_full) ? ": its stack was full" : "");
		message_set(f, r, text);
	} else {
		r->outcome = FORKPOOL_EXITED;
		message_set(f, r, clean ? "its reply is damaged" : how);
	}
	r->frames = (uint16_t)crash_note_frames(note, f->address);
	r->addresses = (const unsigned char *)f->address;
}

void
job_not_forked(const struct job_facts *f, struct wire_result *r, int error)
{
	char text[200];

	r->outcome = FORKPOOL_SETUP_FAILED;
	r->error = error;
	r->cpu_ns = r->user_ns = r->max_rss = -1;
	(void)snprintf(text, sizeof text, "its process could not be forked: %s", strerror(error));
	message_set(f, r, text);
}
