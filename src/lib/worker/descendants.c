/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/worker/descendants.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/os.h"

#define AT_ONCE 512
/* So often in a row who they are cannot be told though there are some. */
#define READ_FAILURES_MAX 100
/* A process that dies between two reads of one look is seen in neither place: so often is it looked again. */
#define LOOKS 3

/* Reap one that is dead or dying. */
static void
reap(pid_t pid, struct descendants *d)
{
	struct rusage usage;
	int status;

	while (wait4(pid, &status, 0, &usage) == -1)
		if (errno != EINTR)
			return;
	d->count++;
	d->user_ns += clock_from_timeval(&usage.ru_utime);
	d->system_ns += clock_from_timeval(&usage.ru_stime);
}

/* All at once those that are still in the job's group: no fork can get away from that, since a process that is to
   die makes no more children.  The number is the group's as long as a child of ours, not reaped, is in it. */
static void
group_kill(pid_t job, const pid_t *pids, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++)
		if (getpgid(pids[i]) == job) {
			(void)kill(-job, SIGKILL);
			return;
		}
}

static int
has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != -1 || errno != ECHILD;
}

static void
rest_end(int children, pid_t job, struct descendants *d)
{
	pid_t pids[AT_ONCE];

	for (int failures = 0; failures < READ_FAILURES_MAX && has_children();) {
		ssize_t n = os_children_read(children, pids, AT_ONCE);
		failures = n > 0 ? 0 : failures + 1;
		group_kill(job, pids, n);
		for (ssize_t i = 0; i < n; i++)
			(void)kill(pids[i], SIGKILL);
		for (ssize_t i = 0; i < n; i++)
			reap(pids[i], d);
	}
}

void
descendants_end(int children, pid_t job, struct descendants *d)
{
	*d = (struct descendants){ 0 };
	/* As a rule there is nobody, and has_children() is the cheapest way to be told. */
	if (children != -1)
		rest_end(children, job, d);
}

/* proc(5) stat, fields 16 and 17: what its children had used that it has waited for, in clock ticks. */
static int64_t
waited_for_ns(pid_t pid)
{
	char path[40], text[1024];
	int64_t ticks = 0, number = 0;
	int field = 2;

	(void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
	if (fd != -1)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (const char *at = strrchr(text, ')'); at != NULL && *at != '\0' && field < 18; at++) {
		if (*at == ' ') {
			if (field == 16 || field == 17)
				ticks += number;
			number = 0;
			field++;
		} else if (*at >= '0' && *at <= '9') {
			number = number * 10 + (*at - '0');
		}
	}
	return ticks * (CLOCK_S / sysconf(_SC_CLK_TCK));
}

/* Its children's pids, appended; how many there are then. */
static size_t
children_add(pid_t of, pid_t *pids, size_t have)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)of, (long)of);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return have;
	ssize_t n = os_children_read(fd, pids + have, DESCENDANTS_LOOK_MAX - have);
	(void)close(fd);
	return n > 0 ? have + (size_t)n : have;
}

/* What it and all of them show now, and how many they are. */
static int64_t
look(int children, pid_t job, size_t *processes)
{
	pid_t pids[DESCENDANTS_LOOK_MAX];
	int64_t total = os_process_cpu_ns(job);

	if (total < 0)
		total = 0;
	ssize_t own = children == -1 ? -1 : os_children_read(children, pids, DESCENDANTS_LOOK_MAX);
	size_t have = own > 0 ? (size_t)own : 0;
	if (have == 0)
		pids[have++] = job;
	/* Those found on the way are looked at in their turn. */
	for (size_t i = 0; i < have; i++) {
		if (pids[i] != job) {
			int64_t used = os_process_cpu_ns(pids[i]);
			total += used > 0 ? used : 0;
		}
		total += waited_for_ns(pids[i]);
		have = children_add(pids[i], pids, have);
	}
	*processes = have;
	return total;
}

int64_t
descendants_cpu_ns(struct descendants_meter *m, int children, pid_t job, int may_have_children)
{
	int64_t now = 0, unseen = 0;

	if (!may_have_children) {
		now = os_process_cpu_ns(job);
		return now > 0 ? now : 0;
	}
	for (int i = 0; i < LOOKS && (i == 0 || now + m->gone < m->most); i++) {
		size_t processes;
		int64_t seen = look(children, job, &processes);
		now = seen > now ? seen : now;
		/* Of what each has waited for up to a tick of user and one of system time is not shown. */
		int64_t ticks = (int64_t)processes * 2 * (CLOCK_S / sysconf(_SC_CLK_TCK));
		unseen = ticks > unseen ? ticks : unseen;
	}
	if (now + m->gone < m->most - unseen)
		m->gone = m->most - unseen - now;
	m->most = now + m->gone > m->most ? now + m->gone : m->most;
	return now + m->gone;
}
