/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tool_records - for tests of what is noted of jobs: tasks, pockets and files of a test's own.
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

/* A directory for each test, that it runs in; removed with all that is in it. */
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
	/* Not at the end of each test's process. */
	if (getpid() != tool_owner || chdir("/") == -1)
		return;
	(void)nftw(tool_directory, tool_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* In main(): libcheck's test processes inherit it, and it is there until all have ended. */
static inline void
tool_enter(void)
{
	tool_owner = getpid();
	if (mkdtemp(tool_directory) == NULL || chdir(tool_directory) == -1 ||
	    atexit(tool_leave) != 0)
		abort();
}

/* items: with a NUL behind each; words likewise. */
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
	ck_assert_int_eq(output_buffer_add(p, data, len), 0);
	return p;
}

/* All of that file, and a NUL. */
static inline char *
tool_read(const char *path, size_t *len)
{
	FILE *in = fopen(path, "r");
	struct stat st;

	if (in == NULL || fstat(fileno(in), &st) == -1)
		ck_abort_msg("%s: %s", path, strerror(errno));
	char *text = calloc((size_t)st.st_size + 1, 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(fread(text, 1, (size_t)st.st_size + 1, in), (size_t)st.st_size);
	ck_assert_int_eq(fclose(in), 0);
	*len = (size_t)st.st_size;
	return text;
}

static inline void
tool_write(const char *path, const char *data, size_t len)
{
	FILE *out = fopen(path, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(data, 1, len, out), len);
	ck_assert_int_eq(fclose(out), 0);
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

/* What call says before it ends the tool with status 1. */
static inline char *
tool_refused(void (*call)(const void *), const void *arg)
{
	static char text[4096];
	int end[2], status;
	size_t len = 0;
	ssize_t n;

	ck_assert_int_eq(pipe(end), 0);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (dup2(end[1], STDERR_FILENO) != -1)
			call(arg);
		_exit(0);
	}
	(void)close(end[1]);
	while ((n = read(end[0], text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(end[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
		ck_abort_msg("ended with wait status %#x after saying: %s", (unsigned)status, text);
	return text;
}

#endif
