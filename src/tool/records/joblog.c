/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The joblog's lines, written and read.  The table columns[] below says all there is to know about
 * its columns: their names, and which texts an existing joblog may have in them.
 */
#include "config.h"
#include "tool/records/joblog.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/base/message.h"
#include "tool/records/record_writer.h"

enum form { NUMBER, TEXT, TIME, COMMAND, FORMS };

/* min and max are a number's. */
static const struct column {
	const char *name;
	enum form form;
	long long min, max;
} columns[JOBLOG_COLUMNS] = {
	[JOBLOG_SEQ] = { "Seq", NUMBER, 1, LLONG_MAX },
	[JOBLOG_HOST] = { "Host", TEXT, 0, 0 },
	[JOBLOG_STARTTIME] = { "Starttime", TIME, 0, 0 },
	[JOBLOG_JOBRUNTIME] = { "JobRuntime", TIME, 0, 0 },
	[JOBLOG_SEND] = { "Send", NUMBER, 0, LLONG_MAX },
	[JOBLOG_RECEIVE] = { "Receive", NUMBER, 0, LLONG_MAX },
	[JOBLOG_EXITVAL] = { "Exitval", NUMBER, -1, 255 },
	[JOBLOG_SIGNAL] = { "Signal", NUMBER, 0, 255 },
	[JOBLOG_COMMAND] = { "Command", COMMAND, 0, 0 },
};

static struct record_writer file = { .fd = -1 };
/* The first line, made of the columns' names. */
static char header[128];
static size_t header_len;

const char *
joblog_column_name(enum joblog_column column)
{
	return columns[column].name;
}

static void
header_make(void)
{
	header_len = 0;
	for (size_t i = 0; i < JOBLOG_COLUMNS; i++)
		header_len += (size_t)snprintf(header + header_len, sizeof header - header_len,
		    "%s%c", columns[i].name, i + 1 < JOBLOG_COLUMNS ? '\t' : '\n');
}

/* -------------------------------------------------------------------------------------- writing */

/* --joblog +FILE appends. */
const char *
joblog_path(const char *path)
{
	return *path == '+' ? path + 1 : path;
}

int
joblog_is_output(const char *path)
{
	return strcmp(joblog_path(path), "-") == 0;
}

const char *
joblog_header(void)
{
	header_make();
	return header;
}

static int
is_cut_header(const char *line, size_t len)
{
	return len < header_len && memcmp(line, header, len) == 0;
}

static int
is_header(const char *line, size_t len)
{
	return len == header_len && memcmp(line, header, len) == 0;
}

/* How much of the file are whole lines; if the file is no joblog, all of it. */
static off_t
whole_lines(int fd)
{
	char buffer[4096];
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t n = pread(fd, buffer, header_len, 0);

	if (n < 0 || !is_header(buffer, (size_t)n))
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
	header_make();
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
	/* As in GNU parallel a file that "+" appends to has its header, or needs none. */
	if (*path == '+' || (append && end > 0))
		return;
	record_begin(&file);
	record_text(&file, header);
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

void
joblog_row(const struct job_record *r, const char *command, size_t len, struct bytes *row)
{
	const struct outcome *e = r->outcome;
	char start[32];
	int exit_code, signo;

	/* A job that never began, or that was ended before it was done, has no line, so that
	   --resume runs it. */
	if (e->verdict == VERDICT_SKIPPED || e->verdict == VERDICT_CANCELLED)
		return;
	joblog_status(e, &exit_code, &signo);
	joblog_start(e, start, sizeof start);
	bytes_printf(row,
	    "%" PRIu64 "\t:\t%s\t%10.3f\t%" PRIu64 "\t%" PRIu64 "\t%d\t%d\t", r->task->seq, start,
	    (double)e->run_ns / 1e9, e->sent, e->received, exit_code, signo);
	for (const char *at = command, *end = command + len; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = newline != NULL ? (size_t)(newline - at) : (size_t)(end - at);
		bytes_add(row, at, n);
		if (newline != NULL)
			bytes_add_byte(row, '\0');
		at += n + (newline != NULL);
	}
	bytes_add_byte(row, '\n');
}

int
joblog_write(const char *rows, size_t len)
{
	if (file.fd == -1 || len == 0)
		return 0;
	record_begin(&file);
	record_add(&file, rows, len);
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

static int
is_good(enum joblog_column i, const char *text, long long *value)
{
	switch (columns[i].form) {
	case NUMBER:
		return number_of(text, columns[i].min, columns[i].max, value) == 0;
	case TEXT:
		return *text != '\0';
	case TIME:
		return is_time(text);
	default:
		return 1;
	}
}

uint64_t
joblog_command_hash(const char *command, size_t len)
{
	return checksum_hash(CHECKSUM_HASH_START, command, len);
}

/*
 * Cuts line, of len bytes and a NUL, into its columns.  NULL, or the name of a column that is
 * missing or wrong: of several wrong ones a number, else a text, else a time.
 */
static const char *
line_read(char *line, size_t len, struct joblog_entry *entry)
{
	char *text[JOBLOG_COLUMNS], *at = line, *end = line + len;
	long long value[JOBLOG_COLUMNS] = { 0 };

	for (size_t i = 0; i < JOBLOG_COMMAND; i++) {
		text[i] = at;
		if ((at = memchr(at, '\t', (size_t)(end - at))) == NULL)
			return columns[i + 1].name;
		*at++ = '\0';
	}
	for (enum form form = 0; form < FORMS; form++)
		for (enum joblog_column i = 0; i < JOBLOG_COMMAND; i++)
			if (columns[i].form == form && !is_good(i, text[i], &value[i]))
				return columns[i].name;
	*entry = (struct joblog_entry){ .seq = (uint64_t)value[JOBLOG_SEQ],
		.exit_code = (int)value[JOBLOG_EXITVAL],
		.signal = (int)value[JOBLOG_SIGNAL] };
	size_t n = (size_t)(end - at);
	for (size_t i = 0; i < n; i++)
		at[i] = at[i] == '\0' ? '\n' : at[i];
	entry->command_hash = joblog_command_hash(at, n);
	if ((entry->exit_code != 0 || entry->signal != 0) && (entry->command = strdup(at)) == NULL)
		fail_memory();
	return NULL;
}

struct joblog_entry *
joblog_read(const char *path, size_t *count)
{
	struct joblog_entry *entries = NULL;
	size_t room = 0, line_room = 0, line_count = 0;
	char *line = NULL;
	ssize_t n;

	header_make();
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
		/* This line was being written when its run ended. */
		if (line[n - 1] != '\n' && (line_count > 1 || is_cut_header(line, (size_t)n)))
			break;
		if (line_count == 1) {
			if (!is_header(line, (size_t)n))
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
			fail("--joblog: %s: line %zu is not as a joblog has it: its column %s "
			     "is %s",
			    path, line_count, wrong,
			    wrong == columns[JOBLOG_COMMAND].name ? "missing" : "missing or wrong");
		entries[*count].order = line_count;
		(*count)++;
	}
	if (ferror(in))
		fail_errno("--joblog: cannot read %s", path);
	(void)fclose(in);
	free(line);
	return entries;
}
