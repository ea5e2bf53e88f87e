/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of a job: the names, the decision, and the words for a person. */
#include "config.h"
#include "lib/job/outcome.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define OUTCOME_CHECK(constant, name, text) + 1
_Static_assert(0 OUTCOME_TABLE(OUTCOME_CHECK) == OUTCOME_COUNT, "the table and its count differ");
_Static_assert(FORKPOOL_LOST == OUTCOME_COUNT - 1, "an outcome is missing in the table");

static const char *const outcome_names[OUTCOME_COUNT] = {
#define OUTCOME_NAME(constant, name, text) [FORKPOOL_##constant] = name,
	OUTCOME_TABLE(OUTCOME_NAME)
};

const char *
forkpool_outcome_name(enum forkpool_outcome outcome)
{
	if ((unsigned)outcome >= OUTCOME_COUNT)
		return "unknown";
	return outcome_names[outcome];
}

enum forkpool_outcome
outcome_of_claim(enum claim_state state)
{
	if (state == CLAIM_TIMED_OUT)
		return FORKPOOL_TIMED_OUT;
	return state == CLAIM_CANCELLED ? FORKPOOL_CANCELLED : FORKPOOL_OK;
}

enum forkpool_outcome
outcome_of_death(int wait_status, enum forkpool_limit limit)
{
	if (limit != FORKPOOL_LIMIT_NONE)
		return FORKPOOL_OVER_LIMIT;
	return WIFSIGNALED(wait_status) ? FORKPOOL_CRASHED : FORKPOOL_EXITED;
}

enum forkpool_limit
outcome_limit_of_signal(const struct forkpool_limits *limits, int wait_status,
    const struct crash_note *note)
{
	if (!WIFSIGNALED(wait_status))
		return FORKPOOL_LIMIT_NONE;
	if (limits->file_size > 0 && WTERMSIG(wait_status) == SIGXFSZ &&
	    !atomic_load(&note->raised))
		return FORKPOOL_LIMIT_FILE_SIZE;
	return limits->stack > 0 && atomic_load(&note->stack_full) ? FORKPOOL_LIMIT_STACK :
								     FORKPOOL_LIMIT_NONE;
}

char *
outcome_status_text(int wait_status, char *text, size_t size)
{
	if (WIFSIGNALED(wait_status)) {
		int signo = WTERMSIG(wait_status);
		const char *name = strsignal(signo);
		(void)snprintf(text, size, "killed by signal %d (%s)", signo,
		    name != NULL ? name : "unknown");
	} else if (WIFEXITED(wait_status)) {
		(void)snprintf(text, size, "exited with status %d", WEXITSTATUS(wait_status));
	} else {
		(void)snprintf(text, size, "ended with wait status %#x", (unsigned)wait_status);
	}
	return text;
}

size_t
outcome_message(char *text, size_t size, enum forkpool_outcome outcome, enum forkpool_limit limit,
    int stack_full, const char *how)
{
	switch (outcome) {
	case FORKPOOL_TIMED_OUT:
		(void)snprintf(text, size, OUTCOME_DEADLINE_PASSED " while it ran: %s", how);
		break;
	case FORKPOOL_CANCELLED:
		(void)snprintf(text, size, OUTCOME_CANCELLED_RUN ": %s", how);
		break;
	case FORKPOOL_OVER_LIMIT:
		(void)snprintf(text, size, "went over its %s limit%s%s", forkpool_limit_name(limit),
		    how[0] != '\0' ? ": " : "", how);
		break;
	case FORKPOOL_LOST:
		(void)snprintf(text, size, "its worker was lost while it ran: %s", how);
		break;
	default:
		(void)snprintf(text, size, "%s", how);
	}
	size_t len = strlen(text);
	if (outcome == FORKPOOL_CRASHED && stack_full)
		(void)strlcat(text, ": its stack was full", size);
	return len;
}

void
outcome_add_output_lost(char *text, size_t size, uint64_t bytes)
{
	size_t len = strlen(text);

	if (len + 1 < size)
		(void)snprintf(text + len, size - len,
		    "%s%llu bytes of output past the limit were dropped", len > 0 ? "; " : "",
		    (unsigned long long)bytes);
}
