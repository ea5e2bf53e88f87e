/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a process that has dumped core left the file. */
#include "config.h"
#include "lib/os/core_file.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/os/clock.h"

/* File systems note times that are behind by a tick of the kernel's clock, 10 ms at most.  And here
   they count in whole seconds, which each system has. */
#define FILE_CLOCK_LAG_NS (100 * CLOCK_MS)

struct name {
	char   text[PATH_MAX];
	size_t len;
	int    unknown; /* it holds what nobody can tell, or is too long */
	int    has_pid; /* as the system counts for core_uses_pid: by %p alone */
};

static void add(struct name *, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct name *to, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(to->text + to->len, sizeof to->text - to->len, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof to->text - to->len)
		to->unknown = 1;
	else
		to->len += (size_t)n;
}

/* A word in a file's name: the kernel writes '!' for '/'. */
static void
add_word(struct name *to, const char *word)
{
	for (; *word != '\0'; word++)
		add(to, "%c", *word == '/' ? '!' : *word);
}

/* What stands for one % and that letter. */
static void
expand(struct name *to, char letter, const struct core_facts *facts)
{
	struct utsname system;

	switch (letter) {
	case '%': add(to, "%%"); break;
	case 'p': /* seen from the process's own namespace, in which the caller is, too */
		to->has_pid = 1;
		add(to, "%d", (int)facts->pid);
		break;
	case 'P': case 'i': case 'I': add(to, "%d", (int)facts->pid); break;
	case 'u': add(to, "%u", (unsigned)getuid()); break;
	case 'g': add(to, "%u", (unsigned)getgid()); break;
	case 's': add(to, "%d", facts->signal); break;
	case 'e': add_word(to, facts->name); break;
	case 'h':
		if (uname(&system) == -1)
			to->unknown = 1;
		else
			add_word(to, system.nodename);
		break;
	default: to->unknown = 1; /* a time, a path, a limit, the program's file */
	}
}

/* Whether this file can be what such a process has left.  A file of that name may have been there
   before, where the new one could not be written. */
static bool
may_be(const struct stat *st, const struct core_facts *facts)
{
	int64_t written = st->st_mtime;

	if (!S_ISREG(st->st_mode) || st->st_uid != geteuid() || written < 0 ||
	    written > CLOCK_NEVER / CLOCK_S - 1)
		return false;
	int64_t age = clock_read(CLOCK_REALTIME) - (written + 1) * CLOCK_S;
	return age <= clock_after(facts->age_ns, FILE_CLOCK_LAG_NS);
}

int
core_file_by_pattern(char *text, size_t size, const char *pattern, int uses_pid,
    const struct core_facts *facts)
{
	struct name name = { .len = 0 };
	struct stat st;
	int n;

	if (pattern[0] == '|') {
		pattern += 1 + strspn(pattern + 1, " ");
		n = snprintf(text, size, "core given to %.*s", (int)strcspn(pattern, " "), pattern);
		return n > 0 && (size_t)n < size ? 0 : -1;
	}
	if (pattern[0] != '/') {
		if (getcwd(name.text, sizeof name.text) == NULL)
			return -1;
		name.len = strlen(name.text);
		add(&name, "/");
	}
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '%')
			add(&name, "%c", *pattern);
		else if (*++pattern == '\0')
			break;
		else
			expand(&name, *pattern, facts);
	}
	if (uses_pid && !name.has_pid)
		add(&name, ".%d", (int)facts->pid);
	if (name.unknown || lstat(name.text, &st) == -1 || !may_be(&st, facts))
		return -1;
	n = snprintf(text, size, "core dumped to %s", name.text);
	return n > 0 && (size_t)n < size ? 0 : -1;
}

/* The first line of a file of /proc. */
static int
line_read(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return -1;
	int r = fgets(line, (int)size, file) != NULL ? 0 : -1;
	(void)fclose(file);
	if (r == 0)
		line[strcspn(line, "\n")] = '\0';
	return r;
}

const char *
core_file_where(char *text, size_t size, const struct core_facts *facts)
{
	char pattern[256], uses_pid[16] = "0"; /* 128 bytes at most in the kernel */

	(void)line_read("/proc/sys/kernel/core_uses_pid", uses_pid, sizeof uses_pid);
	if (line_read("/proc/sys/kernel/core_pattern", pattern, sizeof pattern) == -1 ||
	    pattern[0] == '\0' ||
	    core_file_by_pattern(text, size, pattern, uses_pid[0] == '1', facts) == -1)
		(void)snprintf(text, size, "core dumped");
	return text;
}
