/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/display/rss.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/base/message.h"

/* Processes and threads that are looked at: a fork bomb is not to hold up its picture. */
#define LOOKS_MAX 400

/* A small file, or its beginning; -1: it cannot be read. */
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

/* Resident pages are the second number there. */
static int64_t
process_resident(pid_t pid)
{
	char text[128];
	long long pages;

	if (file_read(text, sizeof text, "/proc/%d/statm", (int)pid) <= 0 ||
	    sscanf(text, "%*s %lld", &pages) != 1)
		return -1;
	return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t children_resident(pid_t pid, unsigned *looks);

static int64_t
sum(int64_t a, int64_t b)
{
	return a == -1 ? b : b == -1 ? a : a + b;
}

/* Those that this thread of it has started. */
static int64_t
thread_children(pid_t pid, const char *thread, unsigned *looks)
{
	char text[4096];
	int64_t all = -1;

	if (file_read(text, sizeof text, "/proc/%d/task/%.16s/children", (int)pid, thread) <= 0)
		return -1;
	for (char *at = text, *end; *looks < LOOKS_MAX; at = end) {
		long child = strtol(at, &end, 10);
		/* One that is cut off at the end of the buffer would be another. */
		if (end == at || child <= 0 || *end != ' ')
			break;
		++*looks;
		all = sum(all,
		    sum(process_resident((pid_t)child), children_resident((pid_t)child, looks)));
	}
	return all;
}

static int64_t
children_resident(pid_t pid, unsigned *looks)
{
	char path[32];
	int64_t all = -1;

	(void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *threads = opendir(path);
	if (threads == NULL)
		return -1;
	for (struct dirent *entry; *looks < LOOKS_MAX && (entry = readdir(threads)) != NULL;
	     ++*looks)
		if (entry->d_name[0] != '.')
			all = sum(all, thread_children(pid, entry->d_name, looks));
	(void)closedir(threads);
	return all;
}

int64_t
rss_of(pid_t pid, int with_itself)
{
	unsigned looks = 0;
	int64_t below = children_resident(pid, &looks);

	return with_itself ? sum(process_resident(pid), below) : below;
}
