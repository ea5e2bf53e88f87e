/* SPDX-License-Identifier: BSD-2-Clause */
/* The markers of GitHub Actions and GitLab CI, before and behind a job's output. */
#include "config.h"
#include "tool/run/group_markers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool/base/clock.h"
#include "tool/run/output_writer.h"

/* What stands before a job's output, and what stands behind it. */
struct markers {
	struct bytes begin, end;
};

/* A name that no job can have guessed, since it is made when the job has ended. */
static void
secret_add(struct bytes *b)
{
	for (int i = 0; i < 4; i++)
		bytes_printf(b, "%08" PRIx32, arc4random());
}

/*
 * In a command % begins an escape.  In other lines ##[ begins a command, wherever it stands, and a
 * title has the text of items in it.
 */
static void
github_add_title(struct bytes *b, const struct bytes *title, int in_command)
{
	for (const char *at = title->at; *at != '\0'; at++) {
		if (in_command && *at == '%')
			bytes_add_text(b, "%25");
		else if (!in_command && *at == '[' && at - title->at >= 2 && at[-1] == '#' &&
		    at[-2] == '#')
			bytes_add_text(b, "\\133");
		else
			bytes_add_byte(b, *at);
	}
	bytes_add_byte(b, '\n');
}

/* A group is always folded there, so a job that has failed has none. */
static void
github_set(struct markers *m, const struct options *o, const struct bytes *title,
    const struct job *job)
{
	const int folded = !outcome_is_failure(&job->outcome);
	struct bytes token = { 0 };

	if (folded)
		bytes_add_text(&m->begin, "::group::");
	github_add_title(&m->begin, title, folded);
	if (o->sandbox && job->out.len + job->err.len > 0) {
		secret_add(&token);
		bytes_printf(&m->begin, "::stop-commands::%s\n", token.at);
		bytes_printf(&m->end, "::%s::\n", token.at);
	}
	if (folded)
		bytes_add_text(&m->end, "::endgroup::\n");
	bytes_free(&token);
}

static void
gitlab_set(struct markers *m, const struct bytes *title, const struct outcome *outcome,
    uint64_t seq)
{
	static const char clear[] = "\033[0K";
	const int64_t start =
	    outcome->start_ns > 0 ? outcome->start_ns : clock_ns(CLOCK_REALTIME);
	const int64_t second = INT64_C(1000000000);
	struct bytes name = { 0 };

	bytes_printf(&name, "forkpool_%" PRIu64 "_", seq);
	secret_add(&name);
	bytes_printf(&m->begin, "%ssection_start:%" PRId64 ":%s%s\r%s%s\n", clear, start / second,
	    name.at, outcome_is_failure(outcome) ? "" : "[collapsed=true]", clear, title->at);
	bytes_printf(&m->end, "%ssection_end:%" PRId64 ":%s\r%s\n", clear,
	    (start + outcome->run_ns) / second, name.at, clear);
	bytes_free(&name);
}

/* Hands the output on, and ends its last line. */
static int
lines_out(struct output_buffer *from, const struct bytes *tag)
{
	char last = '\n';

	if (from->len > 0 && output_buffer_read(from, from->len - 1, &last, 1) != 1)
		last = '\0';
	if (output_writer_take(PUBLISH_OUT, from, tag) == -1)
		return -1;
	return last == '\n' ? 0 : output_writer_add(PUBLISH_OUT, "\n", 1);
}

int
group_markers_out(const struct options *o, const struct bytes *title, struct job *job,
    const struct bytes *tag)
{
	struct markers m = { 0 };

	if (o->group_markers == MARKERS_GITHUB)
		github_set(&m, o, title, job);
	else
		gitlab_set(&m, title, &job->outcome, job->task->seq);
	int failed = output_writer_add(PUBLISH_OUT, m.begin.at, m.begin.len) == -1 ||
	    lines_out(&job->out, tag) == -1 || lines_out(&job->err, tag) == -1 ||
	    (m.end.len > 0 && output_writer_add(PUBLISH_OUT, m.end.at, m.end.len) == -1);
	bytes_free(&m.begin);
	bytes_free(&m.end);
	return failed ? -1 : 0;
}
