/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory in use: the sum of /proc/PID/statm over a process and its descendants. */
#include "config.h"
#include "tool/display/rss.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/base/message.h"

/* The most processes and threads that one sum visits: a fork bomb must not hold up the display. */
#define VISITS_MAX 400

/* Reads the beginning of the file of that name and adds a NUL.  -1: the file cannot be read. */
static ssize_t
file_read(char *buffer, size_t size, const char *format, ...) MESSAGE_PRINTF(3, 4);

static ssize_t
file_read(char *buffer, size_t size, const char *format, ...)
{
	char path[96];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(path, sizeof path, format, arguments);
	va_end(arguments);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	ssize_t n = read(fd, buffer, size - 1);
	(void)close(fd);
	buffer[n > 0 ? n : 0] = '\0';
	return n;
}

/* The second number of statm is the number of resident pages. */
static int64_t
process_rss(pid_t pid)
{
	char text[128];
	long long pages;

	if (file_read(text, sizeof text, "/proc/%d/statm", (int)pid) <= 0 ||
	    sscanf(text, "%*s %lld", &pages) != 1)
		return -1;
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t children_rss(pid_t pid, unsigned *visits);

/* -1: not known, and counts as nothing. */
static int64_t
sum(int64_t a, int64_t b)
{
	if (a == -1)
		return b;
	return b == -1 ? a : a + b;
}

/* Of the processes that one thread of pid has started, and of their descendants. */
static int64_t
thread_children_rss(pid_t pid, const char *thread, unsigned *visits)
{
	char text[4096];
	int64_t all = -1;

	if (file_read(text, sizeof text, "/proc/%d/task/%.16s/children", (int)pid, thread) <= 0)
		return -1;
	for (char *at = text, *end; *visits < VISITS_MAX; at = end) {
		long child = strtol(at, &end, 10);
		/* Without a blank behind it the pid may be cut off at the end of the buffer. */
		if (end == at || child <= 0 || *end != ' ')
			break;
		++*visits;
		all = sum(all, process_rss((pid_t)child));
		all = sum(all, children_rss((pid_t)child, visits));
	}
	return all;
}

static int64_t
children_rss(pid_t pid, unsigned *visits)
{
	char path[32];
	int64_t all = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	if (threads == NULL)
		return -1;
	struct dirent *entry;
	for (; *visits < VISITS_MAX && (entry = readdir(threads)) != NULL; ++*visits)
		if (entry->d_name[0] != '.')
			all = sum(all, thread_children_rss(pid, entry->d_name, visits));
	(void)closedir(threads);
	return all;
}

int64_t
rss_of(pid_t pid, int with_itself)
{
	unsigned visits = 0;
	int64_t below = children_rss(pid, &visits);

	return with_itself ? sum(process_rss(pid), below) : below;
}
