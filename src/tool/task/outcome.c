/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns results of the library into outcomes, and outcomes into words. */
#include "config.h"
#include "tool/task/outcome.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/escape.h"

/* The longest brief, in columns, and the longest message, in bytes, in a line that explains. */
#define BRIEF_SHOWN   160
#define MESSAGE_SHOWN 400

static const char *const name[VERDICTS] = {
	[VERDICT_OK] = "ok",
	[VERDICT_FAILED] = "failed",
	[VERDICT_CRASHED] = "crashed",
	[VERDICT_TIMED_OUT] = "timed_out",
	[VERDICT_CANCELLED] = "cancelled",
	[VERDICT_OVER_LIMIT] = "over_limit",
	[VERDICT_DENIED] = "denied",
	[VERDICT_SETUP_FAILED] = "setup_failed",
	[VERDICT_LOST] = "lost",
	[VERDICT_SKIPPED] = "skipped",
	[VERDICT_UNKNOWN] = "unknown",
};

const char *
verdict_name(enum verdict verdict)
{
	return (unsigned)verdict < VERDICTS ? name[verdict] : "unknown";
}

int
outcome_exit_status(const struct outcome *e)
{
	return e->signal != 0 ? -1 : e->exit_code;
}

int
outcome_is_failure(const struct outcome *e)
{
	return e->verdict != VERDICT_OK && e->verdict != VERDICT_SKIPPED;
}

int
outcome_stops_xargs(const struct outcome *e)
{
	if (e->verdict == VERDICT_SETUP_FAILED)
		return e->exit_code;
	if (e->signal != 0)
		return 125;
	return e->verdict != VERDICT_OK && e->exit_code == 255 ? 124 : 0;
}

static enum verdict
verdict_of(const struct forkpool_result *r, int is_command)
{
	switch (r->outcome) {
	case FORKPOOL_OK:
		return VERDICT_OK;
	case FORKPOOL_FAILED:
		/* The function that executes a command returns only if that fails. */
		return is_command ? VERDICT_SETUP_FAILED : VERDICT_FAILED;
	case FORKPOOL_CRASHED:
		return VERDICT_CRASHED;
	case FORKPOOL_EXITED:
		return is_command && r->exit_code == 0 ? VERDICT_OK : VERDICT_FAILED;
	case FORKPOOL_TIMED_OUT:
		return VERDICT_TIMED_OUT;
	case FORKPOOL_CANCELLED:
		return r->attempts > 0 ? VERDICT_CANCELLED : VERDICT_SKIPPED;
	case FORKPOOL_OVER_LIMIT:
		return VERDICT_OVER_LIMIT;
	case FORKPOOL_DENIED:
		return VERDICT_DENIED;
	case FORKPOOL_SETUP_FAILED:
		return VERDICT_SETUP_FAILED;
	case FORKPOOL_LOST:
		return VERDICT_LOST;
	}
	return VERDICT_LOST;
}

static int
exit_code_of(enum verdict verdict, const struct forkpool_result *r, int is_command)
{
	switch (verdict) {
	case VERDICT_OK:
		return 0;
	case VERDICT_SKIPPED:
		return -1;
	case VERDICT_SETUP_FAILED:
		return r->error == ENOENT ? 127 : 126;
	case VERDICT_FAILED:
		/* exit(0) in a function is a failure too; a function may return any number. */
		if (!is_command && r->outcome == FORKPOOL_EXITED)
			return r->exit_code > 0 ? r->exit_code : 1;
		if (!is_command)
			return r->error > 0 && r->error <= 255 ? r->error : 1;
		break;
	default:
		break;
	}
	return r->signal > 0 ? 128 + r->signal : r->exit_code;
}

void
outcome_of_result(struct outcome *e, const struct forkpool_result *r, int64_t submitted_ns,
    int is_command)
{
	int began = r->attempts > 0;

	*e = (struct outcome){
		.verdict = verdict_of(r, is_command),
		.signal = r->signal,
		.core = r->core_dumped,
		.slot = began ? r->worker + 1 : 0,
		.attempt = r->attempts,
		.start_ns = began ? submitted_ns + r->queued_ns : 0,
		.run_ns = began ? r->run_ns : 0,
		.user_ns = began && r->cpu_ns >= 0 ? r->user_ns : -1,
		.system_ns = began && r->cpu_ns >= 0 ? r->cpu_ns - r->user_ns : -1,
		.max_rss = began ? r->max_rss : -1,
		.limit = r->limit != FORKPOOL_LIMIT_NONE ? forkpool_limit_name(r->limit) : NULL,
		.message = r->message != NULL ? r->message : "",
	};
	e->exit_code = exit_code_of(e->verdict, r, is_command);
	/* The library's "exited with status 3" only repeats the exit code of a command. */
	if (is_command && r->outcome == FORKPOOL_EXITED)
		e->message = "";
}

const char *
signal_word(int signo)
{
	/* In the order of their numbers on Linux.  Only glibc has sigabbrev_np(). */
	static const struct {
		int number;
		char word[8];
	} known[] = {
		{ SIGHUP, "HUP" },
		{ SIGINT, "INT" },
		{ SIGQUIT, "QUIT" },
		{ SIGILL, "ILL" },
		{ SIGTRAP, "TRAP" },
		{ SIGABRT, "ABRT" },
		{ SIGBUS, "BUS" },
		{ SIGFPE, "FPE" },
		{ SIGKILL, "KILL" },
		{ SIGUSR1, "USR1" },
		{ SIGSEGV, "SEGV" },
		{ SIGUSR2, "USR2" },
		{ SIGPIPE, "PIPE" },
		{ SIGALRM, "ALRM" },
		{ SIGTERM, "TERM" },
		{ SIGCHLD, "CHLD" },
		{ SIGCONT, "CONT" },
		{ SIGSTOP, "STOP" },
		{ SIGTSTP, "TSTP" },
		{ SIGTTIN, "TTIN" },
		{ SIGTTOU, "TTOU" },
		{ SIGURG, "URG" },
		{ SIGXCPU, "XCPU" },
		{ SIGXFSZ, "XFSZ" },
		{ SIGVTALRM, "VTALRM" },
		{ SIGPROF, "PROF" },
		{ SIGWINCH, "WINCH" },
		{ SIGIO, "IO" },
		{ SIGSYS, "SYS" },
#ifdef SIGSTKFLT
		{ SIGSTKFLT, "STKFLT" },
#endif
#ifdef SIGPWR
		{ SIGPWR, "PWR" },
#endif
	};
	static char number[16];

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].number == signo)
			return known[i].word;
	(void)snprintf(number, sizeof number, "%d", signo);
	return number;
}

/* Adds before, and message or, if that is empty, otherwise; escaped, since it comes from
   outside. */
static void
add_message(struct bytes *line, const char *before, const char *message, const char *otherwise)
{
	char shown[MESSAGE_SHOWN];

	if (message == NULL || *message == '\0')
		message = otherwise;
	if (*message == '\0')
		return;
	(void)escape_text(shown, sizeof shown, message, strlen(message));
	bytes_printf(line, "%s%s", before, shown);
}

static void
add_signal(struct bytes *line, const struct outcome *e)
{
	const char *word = signal_word(e->signal);
	const char *meaning = strsignal(e->signal);

	bytes_printf(line, "killed by %s%s (%s)", *word >= '0' && *word <= '9' ? "signal " : "SIG",
	    word, meaning != NULL ? meaning : "?");
}

/* What the library tells of a crash beside the signal: where it was, what the job said, and where
   its core is.  "": nothing. */
static const char *
crash_rest(const struct outcome *e)
{
	const char *meaning = strsignal(e->signal), *message = e->message;
	char beginning[200];

	(void)snprintf(beginning, sizeof beginning, "killed by signal %d (%s)", e->signal,
	    meaning != NULL ? meaning : "unknown");
	if (message == NULL || strncmp(message, beginning, strlen(beginning)) != 0)
		return "";
	return message + strlen(beginning);
}

static void
add_crash(struct bytes *line, const struct outcome *e)
{
	const char *rest = crash_rest(e);

	add_signal(line, e);
	add_message(line, "", rest, "");
	/* The library's sentence has these words, but they may be cut off. */
	if (e->core && strstr(rest, ", core ") == NULL)
		bytes_add_text(line, ", core dumped");
}

static void
add_seconds(struct bytes *line, int64_t ns)
{
	bytes_printf(line, "%.*f s", ns < INT64_C(10000000000) ? 3 : 1, (double)ns / 1e9);
}

void
outcome_what(const struct outcome *e, struct bytes *line)
{
	int has_message = e->message != NULL && *e->message != '\0';

	switch (e->verdict) {
	case VERDICT_OK:
		bytes_add_text(line, "all went well");
		break;
	case VERDICT_FAILED:
		bytes_printf(line, "exit status %d", e->exit_code);
		add_message(line, ": ", e->message, "");
		break;
	case VERDICT_CRASHED:
		add_crash(line, e);
		break;
	case VERDICT_TIMED_OUT:
		bytes_add_text(line, "timed out after ");
		add_seconds(line, e->run_ns);
		if (e->signal == SIGKILL)
			bytes_add_text(line, ", and had to be killed");
		break;
	case VERDICT_CANCELLED:
		bytes_add_text(line, "was ended before it was done, after ");
		add_seconds(line, e->run_ns);
		break;
	case VERDICT_OVER_LIMIT:
		if (has_message)
			add_message(line, "", e->message, "");
		else
			bytes_printf(line, "went over its limit of %s",
			    e->limit != NULL ? e->limit : "something");
		break;
	case VERDICT_DENIED:
		add_message(line, "", e->message, "denied: a system call");
		break;
	case VERDICT_SETUP_FAILED:
		add_message(line, "", e->message, "could not be started");
		break;
	case VERDICT_LOST:
		bytes_add_text(line, "lost");
		add_message(line, ": ", e->message, "nobody knows how it ended");
		break;
	case VERDICT_SKIPPED:
		bytes_add_text(line, "was not run");
		break;
	case VERDICT_UNKNOWN:
	case VERDICTS:
		bytes_add_text(line,
		    "had begun when an earlier run was killed: nobody knows how it ended");
		break;
	}
}

void
outcome_cause(const struct outcome *e, const char *where, struct bytes *line)
{
	outcome_what(e, line);
	if (e->attempt > 1)
		bytes_printf(line, ", at attempt %u", e->attempt);
	if (where != NULL)
		add_message(line, "; its output is in ", where, "");
}

void
outcome_explain(const struct outcome *e, uint64_t seq, const struct brief *brief, const char *where,
    struct bytes *line)
{
	bytes_printf(line, "job %llu: ", (unsigned long long)seq);
	size_t before = line->len;
	brief_add(brief, BRIEF_SHOWN, line);
	if (line->len > before)
		bytes_add_text(line, ": ");
	outcome_cause(e, where, line);
}
