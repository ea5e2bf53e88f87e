/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/records/joblog.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/records/record_writer.h"

#define HEADER "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"
enum { HEADER_LEN = sizeof HEADER - 1 };

static struct record_writer file = { .fd = -1 };

/* -------------------------------------------------------------------------------------- writing */

/* --joblog +FILE appends. */
const char *
joblog_path(const char *path)
{
	return *path == '+' ? path + 1 : path;
}

static int
is_cut_header(const char *line, size_t len)
{
	return len < HEADER_LEN && memcmp(line, HEADER, len) == 0;
}

/* Behind the last newline; the whole of it, where that is no joblog. */
static off_t
whole_lines(int fd)
{
	char buffer[4096];
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t n = pread(fd, buffer, HEADER_LEN, 0);

	if (n != HEADER_LEN || memcmp(buffer, HEADER, HEADER_LEN) != 0)
		return n > 0 && n == end && is_cut_header(buffer, (size_t)n) ? 0 : end;
	for (off_t at = end; at > 0;) {
		size_t want = at < (off_t)sizeof buffer ? (size_t)at : sizeof buffer;
		at -= (off_t)want;
		if (pread(fd, buffer, want, at) != (ssize_t)want)
			return end;
		for (size_t i = want; i > 0; i--)
			if (buffer[i - 1] == '\n')
				return at + (off_t)i;
	}
	return end;
}

void
joblog_open(const char *path, int append)
{
	append |= *path == '+';
	record_writer_open(&file, "--joblog", joblog_path(path),
	    append ? RECORD_APPEND : RECORD_REPLACE);
	off_t end = lseek(file.fd, 0, SEEK_END);
	if (append && end > 0) {
		off_t whole = whole_lines(file.fd);
		if (whole < end && ftruncate(file.fd, whole) == -1)
			fail_errno("--joblog: cannot cut the last, unfinished line off %s",
			    file.name);
		end = whole;
	}
	/* As GNU parallel does it: what is appended to with "+" has a header, or needs none. */
	if (*path == '+' || (append && end > 0))
		return;
	record_begin(&file);
	record_text(&file, HEADER);
	if (record_end(&file) == -1)
		exit(1);
}

struct record_writer *
joblog_file(void)
{
	return &file;
}

void
joblog_status(const struct outcome *e, int *exit_code, int *signo)
{
	*signo = e->signal;
	*exit_code = e->signal != 0 ? 0 : e->exit_code;
	if (e->verdict == VERDICT_TIMED_OUT ||
	    (e->verdict != VERDICT_OK && *exit_code == 0 && *signo == 0))
		*exit_code = -1;
}

void
joblog_start(const struct outcome *e, char *buffer, size_t size)
{
	int64_t ms = (e->start_ns + 500000) / 1000000;

	(void)snprintf(buffer, size, "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
}

int
joblog_add(const struct job_record *r, const char *command, size_t len)
{
	const struct outcome *e = r->outcome;
	char start[32], head[256];
	int exit_code, signo;

	/* One that never began is none of its lines: --resume is to run it. */
	if (file.fd == -1 || e->verdict == VERDICT_SKIPPED)
		return 0;
	joblog_status(e, &exit_code, &signo);
	joblog_start(e, start, sizeof start);
	(void)snprintf(head, sizeof head,
	    "%" PRIu64 "\t:\t%s\t%10.3f\t%" PRIu64 "\t%" PRIu64 "\t%d\t%d\t", r->task->seq, start,
	    (double)e->run_ns / 1e9, e->sent, e->received, exit_code, signo);
	record_begin(&file);
	record_text(&file, head);
	for (const char *at = command, *end = command + len; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = newline != NULL ? (size_t)(newline - at) : (size_t)(end - at);
		record_add(&file, at, n);
		if (newline != NULL)
			record_add(&file, "\0", 1);
		at += n + (newline != NULL);
	}
	record_text(&file, "\n");
	return record_end(&file);
}

int
joblog_close(void)
{
	return record_writer_close(&file);
}

/* -------------------------------------------------------------------------------------- reading */

static int
number_of(const char *text, long long min, long long max, long long *value)
{
	const char *error;

	if ((*text < '0' || *text > '9') && *text != '-')
		return -1;
	*value = strtonum(text, min, max, &error);
	return error == NULL ? 0 : -1;
}

static int
is_time(const char *text)
{
	char *end;

	errno = 0;
	(void)strtod(text, &end);
	return end != text && *end == '\0' && errno == 0;
}

/* Cut line, of len bytes and a NUL, into its columns; NULL, or which of them is wrong. */
static const char *
line_read(char *line, size_t len, struct joblog_entry *entry)
{
	static const char *const name[] = { "Seq", "Host", "Starttime", "JobRuntime", "Send",
		"Receive", "Exitval", "Signal" };
	enum { COLUMNS = sizeof name / sizeof name[0] };
	char *column[COLUMNS], *at = line, *end = line + len;
	long long value[COLUMNS] = { 0 };

	for (size_t i = 0; i < COLUMNS; i++) {
		column[i] = at;
		if ((at = memchr(at, '\t', (size_t)(end - at))) == NULL)
			return i + 1 < COLUMNS ? name[i + 1] : "Command";
		*at++ = '\0';
	}
	static const struct { size_t column; long long min, max;
	} number[] = {
		{ 0, 1, LLONG_MAX },
		{ 4, 0, LLONG_MAX },
		{ 5, 0, LLONG_MAX },
		{ 6, -1, 255 },
		{ 7, 0, 255 },
	};
	for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
		if (number_of(column[number[i].column], number[i].min, number[i].max,
			&value[number[i].column]) == -1)
			return name[number[i].column];
	if (*column[1] == '\0')
		return name[1];
	for (size_t i = 2; i < 4; i++)
		if (!is_time(column[i]))
			return name[i];
	*entry = (struct joblog_entry){ .seq = (uint64_t)value[0],
		.exit_code = (int)value[6],
		.signal = (int)value[7] };
	if (entry->exit_code == 0 && entry->signal == 0)
		return NULL;
	size_t n = (size_t)(end - at);
	if ((entry->command = malloc(n + 1)) == NULL)
		fail_memory();
	for (size_t i = 0; i < n; i++)
		entry->command[i] = at[i] == '\0' ? '\n' : at[i];
	entry->command[n] = '\0';
	return NULL;
}

struct joblog_entry *
joblog_read(const char *path, size_t *count)
{
	struct joblog_entry *entries = NULL;
	size_t room = 0, line_room = 0, line_count = 0;
	char *line = NULL;
	ssize_t n;

	path = joblog_path(path);
	*count = 0;
	FILE *in = fopen(path, "re");
	if (in == NULL && errno == ENOENT)
		return NULL;
	if (in == NULL)
		fail_errno("--joblog: cannot read %s", path);
	while ((n = getdelim(&line, &line_room, '\n', in)) > 0) {
		const char *wrong;
		line_count++;
		/* It was being written when its run was ended. */
		if (line[n - 1] != '\n' && (line_count > 1 || is_cut_header(line, (size_t)n)))
			break;
		if (line_count == 1) {
			if (n != HEADER_LEN || memcmp(line, HEADER, HEADER_LEN) != 0)
				fail("--joblog: %s is no joblog: its first line would be \"Seq, "
				     "Host, Starttime, ...\"",
				    path);
			continue;
		}
		if (*count == room) {
			room = room == 0 ? 256 : 2 * room;
			if ((entries = reallocarray(entries, room, sizeof *entries)) == NULL)
				fail_memory();
		}
		line[n - 1] = '\0';
		if ((wrong = line_read(line, (size_t)n - 1, &entries[*count])) != NULL)
			fail(
			    "--joblog: %s: line %zu is not as a joblog has it: its column %s is %s",
			    path, line_count, wrong,
			    strcmp(wrong, "Command") == 0 ? "missing" : "missing or wrong");
		entries[*count].order = line_count;
		(*count)++;
	}
	if (ferror(in))
		fail_errno("--joblog: cannot read %s", path);
	(void)fclose(in);
	free(line);
	return entries;
}
