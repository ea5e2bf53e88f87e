/* SPDX-License-Identifier: BSD-2-Clause */
/* Other processes: which there are, what the system shows of them, and signals to them. */
#include "config.h"
#include "lib/os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/syscall_gate.h"

#ifdef __linux__
#include <sys/ptrace.h>
#include <sys/syscall.h>
#endif

/* Threads of one process that are looked at: a stop signal stops all or none. */
#define THREADS_SEEN_MAX 256

int
os_process_handle(pid_t pid)
{
#if defined(__linux__) && defined(SYS_pidfd_open)
	return (int)gate_call(SYS_pidfd_open, pid, 0, 0, 0, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

/* The next pid in text of the form "12 345 6 "; 0 at its end. */
static pid_t
pid_parse(const char **at, const char *end)
{
	long pid = 0;
	const char *p = *at;

	while (p < end && (*p < '0' || *p > '9'))
		p++;
	while (p < end && *p >= '0' && *p <= '9' && pid < 100000000)
		pid = pid * 10 + (*p++ - '0');
	*at = p;
	return (pid_t)pid;
}

int
os_children_open(void)
{
#ifdef __linux__
	return open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
#else
	errno = ENOSYS;
	return -1;
#endif
}

int
os_children_open_of(pid_t pid)
{
#ifdef __linux__
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

ssize_t
os_children_read(int fd, pid_t *pids, size_t capacity)
{
	/* proc(5): the file needs CONFIG_PROC_CHILDREN, and may miss children if one ends while
	   it is read; so callers read again until they find no new child. */
	char text[4096];
	size_t kept = 0, found = 0;
	off_t offset = 0;
	ssize_t n;

	while ((n = pread(fd, text + kept, sizeof text - kept, offset)) > 0 || kept > 0) {
		size_t have = kept + (n > 0 ? (size_t)n : 0);
		size_t whole = have;
		/* Keep a number that the buffer's end has cut until its other half is read. */
		if (n > 0)
			while (whole > 0 && text[whole - 1] != ' ')
				whole--;
		const char *at = text, *end = text + whole;
		pid_t pid;
		while (found < capacity && (pid = pid_parse(&at, end)) > 0)
			pids[found++] = pid;
		kept = n > 0 ? have - whole : 0;
		for (size_t i = 0; i < kept; i++)
			text[i] = text[whole + i];
		if (n <= 0 || kept == sizeof text)
			break;
		offset += n;
	}
	return (ssize_t)found;
}

ssize_t
os_children(pid_t *pids, size_t capacity)
{
	int fd = os_children_open();
	ssize_t n = fd == -1 ? -1 : os_children_read(fd, pids, capacity);

	if (fd != -1)
		(void)close(fd);
	return n;
}

int64_t
os_process_cpu_ns(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 ? clock_read(clock) : -1;
}

#ifdef __linux__
/* Read a file of /proc/PID from its beginning; text ends with a NUL. */
static void
proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	long fd = gate_call(SYS_openat, AT_FDCWD, (long)(intptr_t)path, O_RDONLY | O_CLOEXEC, 0, 0);
	ssize_t n = fd == -1 ? -1 : read((int)fd, text, size - 1);
	if (fd != -1)
		(void)close((int)fd);
	text[n > 0 ? n : 0] = '\0';
}

/* The number behind a label of proc(5) status; 0 where the label is not there: a zombie has no
   memory. */
static uint64_t
status_number(const char *text, const char *label)
{
	const char *at = strstr(text, label);
	uint64_t number = 0;

	if (at == NULL)
		return 0;
	at += strlen(label);
	while (*at == ' ' || *at == '\t')
		at++;
	while (*at >= '0' && *at <= '9')
		number = number * 10 + (uint64_t)(*at++ - '0');
	return number;
}
#endif

uint64_t
os_process_memory(pid_t pid)
{
#ifdef __linux__
	char text[4096];

	proc_read(pid, "status", text, sizeof text);
	return 1024 * status_number(text, "\nVmData:");
#else
	(void)pid;
	return 0;
#endif
}

pid_t
os_process_parent(pid_t pid)
{
#ifdef __linux__
	char text[1024];

	proc_read(pid, "status", text, sizeof text);
	return (pid_t)status_number(text, "\nPPid:");
#else
	(void)pid;
	return 0;
#endif
}

size_t
os_process_threads(pid_t pid, pid_t *tids, size_t capacity)
{
	size_t found = 0;
#ifdef __linux__
	/* getdents64(2): what a directory's entry begins with. */
	struct entry {
		uint64_t inode;
		int64_t  offset;
		uint16_t length;
		uint8_t  type;
		char     name[];
	};
	alignas(8) char text[2048];
	char path[40];
	ssize_t n;

	(void)snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	while ((n = syscall(SYS_getdents64, fd, text, sizeof text)) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct entry *e = (const struct entry *)(const void *)(text + at);
			const char *name = e->name;
			pid_t tid = pid_parse(&name, name + strlen(name));
			if (tid > 0 && found < capacity)
				tids[found++] = tid;
			at += e->length;
		}
	(void)close(fd);
#else
	(void)pid;
	(void)tids;
	(void)capacity;
#endif
	return found;
}

#ifdef __linux__
/* The state of one thread as proc(5) stat shows it; 0: it is gone, or is not shown. */
static char
thread_state(pid_t pid, pid_t tid)
{
	char name[32], text[1024];

	(void)snprintf(name, sizeof name, "task/%ld/stat", (long)tid);
	proc_read(pid, name, text, sizeof text);
	const char *at = strrchr(text, ')'); /* the name before it may hold anything */
	return at != NULL && at[1] == ' ' ? at[2] : '\0';
}
#endif

enum os_motion
os_process_motion(pid_t pid)
{
#ifdef __linux__
	pid_t tids[THREADS_SEEN_MAX];
	size_t n = os_process_threads(pid, tids, THREADS_SEEN_MAX);
	bool waits = false, stopped = false, traced = false;

	for (size_t i = 0; i < n; i++) {
		switch (thread_state(pid, tids[i])) {
		case 'T':
			stopped = true;
			break;
		case 't':
			traced = true;
			break;
		case 'D':
			waits = true;
			break;
		case 'Z':
		case 'X':
		case '\0':
			break;
		default:
			return OS_RUNS;
		}
	}
	if (waits)
		return OS_WAITS;
	if (traced)
		return OS_TRACED;
	return stopped ? OS_STOPPED : OS_ENDED;
#else
	(void)pid;
	return OS_RUNS;
#endif
}

int
os_handle_kill(int handle, int signo)
{
#if defined(__linux__) && defined(SYS_pidfd_send_signal)
	return (int)gate_call(SYS_pidfd_send_signal, handle, signo, 0, 0, 0);
#else
	(void)handle;
	(void)signo;
	errno = ENOSYS;
	return -1;
#endif
}

void
os_trace_end(pid_t pid, int signo)
{
#ifdef __linux__
	(void)ptrace(PTRACE_DETACH, pid, NULL, (void *)(intptr_t)signo);
#else
	(void)pid;
	(void)signo;
#endif
}
