/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contest_verdict.c - compares what a submission has printed with the answer, and says how it
 * ended.
 *
 * The answers are in the memory of this program alone, and it believes nothing that a submission
 * says about itself.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contest.h"

/* --------------------------------------------------------------------------------- the answers */

/* The next word of a text, its length in *len: 0 at the end.  A NUL is part of a word. */
static const char *
word_next(const char *at, const char *end, size_t *len)
{
	static const char blank[] = " \t\r\n";
	const char *word;

	while (at < end && *at != '\0' && strchr(blank, *at) != NULL)
		at++;
	for (word = at; at < end && (*at == '\0' || strchr(blank, *at) == NULL);)
		at++;
	*len = (size_t)(at - word);
	return word;
}

/* The same words, whatever is between them. */
static int
answer_is_right(const struct contest *c, const struct entry *e, const struct forkpool_result *r)
{
	char path[PATH_MAX];
	size_t len, word_len, other_len;

	path_make(path, sizeof path, "%s/tasks/%s/%u.out", c->directory, e->task, e->passed + 1);
	char *answer = file_read(path, &len);
	const char *word = answer, *other = r->output, *other_end = r->output + r->output_len;
	do {
		word = word_next(word, answer + len, &word_len);
		other = word_next(other, other_end, &other_len);
		if (word_len != other_len || memcmp(word, other, word_len) != 0)
			break;
		word += word_len;
		other += other_len;
	} while (word_len > 0);
	free(answer);
	return word_len == 0 && other_len == 0;
}

/* -------------------------------------------------------------------------------- the verdicts */

/* A line of what a stranger's program has printed: what could command a terminal is left out. */
static void
message_take(char *message, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && text[i] != '\n' && n + 1 < size; i++)
		message[n++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	message[n] = '\0';
}

/* Of a compiler's output the first line with an error, without what comes before that. */
static void
compiler_message(struct entry *e, const struct forkpool_result *r)
{
	static const char *const signs[] = { "fatal error: ", "error: ", "Error: " };
	const char *end = r->output + r->output_len;

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		const char *at = memmem(r->output, r->output_len, signs[i], strlen(signs[i]));
		if (at == NULL)
			continue;
		at += strlen(signs[i]);
		message_take(e->message, sizeof e->message, at, (size_t)(end - at));
		return;
	}
	/* Python's last line says what is wrong. */
	const char *last = end > r->output ? memrchr(r->output, '\n', r->output_len - 1) : NULL;
	last = last != NULL ? last + 1 : r->output;
	message_take(e->message, sizeof e->message, last, (size_t)(end - last));
}

static void
verdict_set(struct entry *e, const char *verdict, const char *detail)
{
	(void)snprintf(e->verdict, sizeof e->verdict, "%s%s%s", verdict,
	    *detail != '\0' ? ": " : "", detail);
}

/* How a run ended that did not end by itself with status 0. */
static void
ending_tell(struct entry *e, const struct forkpool_result *r)
{
	char text[32];

	/* The pool looks at the memory of a program from outside, and on a busy machine may miss
	   what it comes to in its last milliseconds.  So much was resident in any case. */
	if ((r->outcome == FORKPOOL_EXITED || r->outcome == FORKPOOL_CRASHED) &&
	    r->max_rss >= memory_limit(e->phase)) {
		verdict_set(e, "memory limit", "");
		return;
	}
	switch (r->outcome) {
	case FORKPOOL_EXITED:
		(void)snprintf(text, sizeof text, "exit status %d", r->exit_code);
		verdict_set(e, "runtime error", text);
		break;
	case FORKPOOL_CRASHED:
		verdict_set(e, "runtime error", strsignal(r->signal));
		break;
	case FORKPOOL_TIMED_OUT: verdict_set(e, "time limit", "wall"); break;
	case FORKPOOL_DENIED:
		verdict_set(e, "denied", "");
		message_take(e->message, sizeof e->message, r->message, strlen(r->message));
		break;
	case FORKPOOL_OVER_LIMIT:
		if (r->limit == FORKPOOL_LIMIT_CPU)
			verdict_set(e, "time limit", "cpu");
		else
			(void)snprintf(e->verdict, sizeof e->verdict, "%s limit",
			    forkpool_limit_name(r->limit));
		break;
	default: /* not made, or lost */
		verdict_set(e, "judge error", "");
		message_take(e->message, sizeof e->message, r->message, strlen(r->message));
		break;
	}
}

void
compile_end(struct entry *e, const struct forkpool_result *r)
{
	if (r->outcome == FORKPOOL_EXITED && r->exit_code == 0)
		return;
	if (r->outcome == FORKPOOL_EXITED) {
		verdict_set(e, "compile error", "");
		compiler_message(e, r);
		return;
	}
	ending_tell(e, r);
	if (strcmp(e->verdict, "judge error") == 0)
		return;
	char how[48];
	(void)snprintf(how, sizeof how, "%.47s", e->verdict);
	verdict_set(e, "compile error", how);
}

void
run_end(const struct contest *c, struct entry *e, const struct forkpool_result *r)
{
	e->wall = r->run_ns > e->wall ? r->run_ns : e->wall;
	e->cpu = r->cpu_ns > e->cpu ? r->cpu_ns : e->cpu;
	e->memory = r->max_rss > e->memory ? r->max_rss : e->memory;
	if (r->outcome != FORKPOOL_EXITED || r->exit_code != 0)
		ending_tell(e, r);
	else if (r->output_len > OUTPUT_MAX) /* the pool keeps one byte more, to show this */
		verdict_set(e, "output limit", "");
	else if (!answer_is_right(c, e, r))
		verdict_set(e, "wrong answer", "");
	else if (++e->passed == e->tests)
		verdict_set(e, "accepted", "");
}
