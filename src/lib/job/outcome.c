/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/job/outcome.h"

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

char *
outcome_status_text(int wait_status, char *text, size_t size)
{
	if (WIFSIGNALED(wait_status)) {
		int signo = WTERMSIG(wait_status);
		const char *name = strsignal(signo);
		(void)snprintf(text, size, "killed by signal %d (%s)%s", signo,
		    name != NULL ? name : "unknown",
		    WCOREDUMP(wait_status) ? ", core dumped" : "");
	} else if (WIFEXITED(wait_status)) {
		(void)snprintf(text, size, "exited with status %d", WEXITSTATUS(wait_status));
	} else {
		(void)snprintf(text, size, "ended with wait status %#x", (unsigned)wait_status);
	}
	return text;
}
