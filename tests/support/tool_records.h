/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tool_records - for tests of what the command notes of jobs: tasks, their output, files and a
 * directory of a test's own.
 *
 * Include it after tests/support/support.h.
 */
#ifndef FORKPOOL_TESTS_TOOL_RECORDS_H
#define FORKPOOL_TESTS_TOOL_RECORDS_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/records/record.h"

/* For checks that run a million times: libcheck writes each of its own checks to a file. */
#define must(what) do { if (!(what)) ck_abort_msg("%s", #what); } while (0)

/* The directory that a test program runs in; it is removed with all that is in it. */
static char tool_directory[] = "/tmp/forkpool-records-XXXXXX";
static pid_t tool_owner;

static inline int
tool_remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void
tool_leave(void)
{
	/* Also called in libcheck's test processes: only the directory's maker removes it. */
	if (getpid() != tool_owner || chdir("/") == -1)
		return;
	(void)nftw(tool_directory, tool_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Call it in main(): the directory is there until all of libcheck's test processes have ended. */
static inline void
tool_enter(void)
{
	tool_owner = getpid();
	if (mkdtemp(tool_directory) == NULL || chdir(tool_directory) == -1 ||
	    atexit(tool_leave) != 0)
		abort();
}

/* Each of the items and words ends with a NUL, which its length includes. */
static inline struct task *
tool_task(uint64_t seq, const char *items, size_t items_len, const char *words, size_t words_len)
{
	struct task *task = task_new();

	task->seq = seq;
	bytes_add(&task->items, items, items_len);
	bytes_add(&task->words, words, words_len);
	for (size_t i = 0; i < items_len; i++)
		task->item_count += items[i] == '\0';
	for (size_t i = 0; i < words_len; i++)
		task->word_count += words[i] == '\0';
	task->columns = task->item_count;
	return task;
}

static inline struct output_buffer *
tool_output(struct output_buffer *p, const void *data, size_t len)
{
	output_buffer_init(p);
	must(output_buffer_add(p, data, len) == 0);
	return p;
}

/* All of that file, and a NUL behind it; the caller frees. */
static inline char *
tool_read(const char *path, size_t *len)
{
	FILE *in = fopen(path, "r");
	struct stat st;

	if (in == NULL || fstat(fileno(in), &st) == -1)
		ck_abort_msg("%s: %s", path, strerror(errno));
	char *text = calloc((size_t)st.st_size + 1, 1);
	must(text != NULL);
	must(fread(text, 1, (size_t)st.st_size + 1, in) == (size_t)st.st_size);
	must(fclose(in) == 0);
	*len = (size_t)st.st_size;
	return text;
}

static inline void
tool_write(const char *path, const void *data, size_t len)
{
	FILE *out = fopen(path, "w");

	must(out != NULL);
	must(fwrite(data, 1, len, out) == len);
	must(fclose(out) == 0);
}

static inline void
tool_file_is(const char *path, const char *data, size_t len)
{
	size_t have;
	char *text = tool_read(path, &have);

	if (have != len || memcmp(text, data, len) != 0)
		ck_abort_msg("%s has %zu bytes: %s; and not %zu: %s", path, have, text, len, data);
	free(text);
}

/* The text on standard error with which call(arg) ends the tool, with status 1. */
static inline char *
tool_refused(void (*call)(const void *), const void *arg)
{
	static char text[4096];
	int end[2], status;
	size_t len = 0;

	must(pipe(end) == 0);
	pid_t pid = fork();
	must(pid != -1);
	if (pid == 0) {
		if (dup2(end[1], STDERR_FILENO) != -1)
			call(arg);
		_exit(0);
	}
	(void)close(end[1]);
	for (ssize_t n; (n = read(end[0], text + len, sizeof text - 1 - len)) != 0;) {
		must(n > 0 || errno == EINTR);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	(void)close(end[0]);
	must(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
		ck_abort_msg("ended with wait status %#x after saying: %s", (unsigned)status, text);
	return text;
}

/* A field of /proc/self/status, as "VmRSS:", in KiB. */
static inline uint64_t
tool_memory(const char *field)
{
	char line[256];
	uint64_t kib = 0;
	FILE *in = fopen("/proc/self/status", "r");

	while (in != NULL && fgets(line, sizeof line, in) != NULL)
		if (strncmp(line, field, strlen(field)) == 0)
			kib = strtoull(line + strlen(field), NULL, 10);
	if (in != NULL)
		(void)fclose(in);
	return kib;
}

#endif
