/* SPDX-License-Identifier: BSD-2-Clause */
/* A job's descendants: end them, and measure their processor time. */
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
#include <time.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/os.h"

/* Children read and killed at a time. */
#define AT_ONCE 512
/* So often in a row may reading the children fail, or find none, although there are some. */
#define READ_FAILURES_MAX 100
/* Threads of one process whose children are looked for. */
#define THREADS_SEEN_MAX 256
/* How long to wait before looking again for children that have been killed and have not ended. */
#define NAP_NS (100 * CLOCK_US)
/* So many descendants are reaped, and then their worker looks for what else has become due. */
#define REAPED_AT_ONCE 64
/* For waits for this thread's own children; Linux knows this for waitid(2) since 4.7. */
#ifdef __WNOTHREAD
#define OWN_CHILDREN __WNOTHREAD
#else
#define OWN_CHILDREN 0
#endif
/* A process that dies while the sum is read may be in neither its own nor its parent's part: read
   again. */
#define READS_MAX 3

/* Reap a child if it has ended: 1.  No waiting for it: one that another process traces stays until
   that process has ended as well.  A stop that this process would see as its tracer is no end. */
static int
reap(pid_t pid, struct descendants *d)
{
	struct rusage usage;
	int status;

	if (wait4(pid, &status, WNOHANG, &usage) <= 0 || WIFSTOPPED(status))
		return 0;
	d->count++;
	d->user_ns += clock_from_timeval(&usage.ru_utime);
	d->system_ns += clock_from_timeval(&usage.ru_stime);
	return 1;
}

/* Kill all that are still in the job's group at once: no fork escapes, since a process with a
   pending SIGKILL forks no more.  The group's number cannot be reused while a child of ours that is
   not reaped is in it. */
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

/* The children but for init (0: there is none).  How many; -1. */
static ssize_t
children_read(int children, pid_t init, pid_t *pids, size_t capacity)
{
	ssize_t n = os_children_read(children, pids, capacity), kept = 0;

	for (ssize_t i = 0; i < n; i++)
		if (pids[i] != init)
			pids[kept++] = pids[i];
	return n < 0 ? n : kept;
}

/* Until no child is left: a child's own children come to this process when it ends. */
static void
rest_end(int children, pid_t init, pid_t job, struct descendants *d)
{
	pid_t pids[AT_ONCE];

	for (int failures = 0; failures < READ_FAILURES_MAX && has_children();) {
		ssize_t n = children_read(children, init, pids, AT_ONCE);
		failures = n > 0 ? 0 : failures + 1;
		group_kill(job, pids, n);
		for (ssize_t i = 0; i < n; i++)
			(void)kill(pids[i], SIGKILL);
		int reaped = 0;
		for (ssize_t i = 0; i < n; i++)
			reaped += reap(pids[i], d);
		if (n > 0 && reaped == 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	}
}

static int
namespace_end(struct pid_namespace *ns, struct descendants *d)
{
	struct pid_namespace_left left;
	int result = pid_namespace_sweep(ns, &left);

	d->count += left.count;
	d->user_ns += left.user_ns;
	d->system_ns += left.system_ns;
	return result;
}

int
descendants_end(int children, struct pid_namespace *ns, pid_t job, struct descendants *d)
{
	*d = (struct descendants){ 0 };
	/* Mostly there is no child, and has_children() is the cheapest way to know. */
	if (ns->init == 0) {
		if (children != -1)
			rest_end(children, 0, job, d);
		return 0;
	}
	if (namespace_end(ns, d) == -1)
		return -1;
	if (children == -1 || !has_children())
		return 0;
	/* A job can make siblings of its own (CLONE_PARENT), which are children of this process;
	   what they leave comes to init when they are dead. */
	rest_end(children, ns->init, job, d);
	return namespace_end(ns, d);
}

/* The processor time of children that the process has waited for: proc(5) stat, fields 16 and 17,
   in ticks. */
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

size_t
descendants_add_children(pid_t of, pid_t *pids, size_t have, size_t capacity)
{
	pid_t tids[THREADS_SEEN_MAX];
	size_t threads = os_process_threads(of, tids, THREADS_SEEN_MAX);

	for (size_t i = 0; i < threads; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)of,
		    (long)tids[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			continue;
		ssize_t n = os_children_read(fd, pids + have, capacity - have);
		(void)close(fd);
		have += n > 0 ? (size_t)n : 0;
	}
	return have;
}

size_t
descendants_list(int children, pid_t init, pid_t job, pid_t pids[DESCENDANTS_SEEN_MAX])
{
	ssize_t own =
	    children == -1 ? -1 : children_read(children, init, pids, DESCENDANTS_SEEN_MAX);
	size_t have = own > 0 ? (size_t)own : 0;

	if (have == 0)
		pids[have++] = job;
	/* init's own time is no job's; what it has reaped it tells itself. */
	if (init != 0)
		have = descendants_add_children(init, pids, have, DESCENDANTS_SEEN_MAX);
	/* The array grows on the way by each process's children. */
	for (size_t i = 0; i < have; i++)
		have = descendants_add_children(pids[i], pids, have, DESCENDANTS_SEEN_MAX);
	return have;
}

void
descendants_kill(int children, pid_t init, pid_t job)
{
	pid_t pids[DESCENDANTS_SEEN_MAX], self = os_self();
	size_t n = descendants_list(children, init, job, pids);

	for (size_t i = 0; i < n; i++) {
		/* The number may be another process's by now: the handle comes first, and then the
		   look at whose child its process is. */
		int handle = pids[i] == job ? -1 : os_process_handle(pids[i]);
		if (handle == -1)
			continue;
		pid_t parent = os_process_parent(pids[i]);
		size_t j = 0;
		while (j < n && pids[j] != parent)
			j++;
		if (j < n || parent == self || (init != 0 && parent == init))
			(void)os_handle_kill(handle, SIGKILL);
		(void)close(handle);
	}
}

struct reading {
	int64_t cpu_ns;     /* that the job's process and its descendants show now */
	size_t  processes;  /* how many they are */
	bool    is_whole;   /* init has reaped none of them meanwhile */
};

static struct reading
cpu_read(const struct descendants_meter *m, int children, const struct pid_namespace *ns, pid_t job)
{
	struct pid_namespace_left before, after;
	pid_t pids[DESCENDANTS_SEEN_MAX];
	int64_t total = os_process_cpu_ns(job);

	/* A process that init reaps after this is in one part of the sum, or in neither, and so not
	   in both. */
	bool is_whole = pid_namespace_reaped(ns, &before);
	if (total < 0)
		total = 0;
	total += m->reaped.user_ns + m->reaped.system_ns + before.user_ns + before.system_ns;
	size_t have = descendants_list(children, ns->init, job, pids);
	for (size_t i = 0; i < have; i++) {
		if (pids[i] != job) {
			int64_t used = os_process_cpu_ns(pids[i]);
			total += used > 0 ? used : 0;
		}
		total += waited_for_ns(pids[i]);
	}
	is_whole = pid_namespace_reaped(ns, &after) && is_whole && after.count == before.count;
	return (struct reading){ .cpu_ns = total, .processes = have, .is_whole = is_whole };
}

int64_t
descendants_cpu_ns(struct descendants_meter *m, int children, const struct pid_namespace *ns,
    pid_t job, int may_have_children)
{
	int64_t now = 0, unseen = 0;
	bool is_whole = false;

	if (!may_have_children) {
		now = os_process_cpu_ns(job);
		return now > 0 ? now : 0;
	}
	for (int i = 0; i < READS_MAX && (i == 0 || now + m->gone < m->most); i++) {
		struct reading seen = cpu_read(m, children, ns, job);
		now = seen.cpu_ns > now ? seen.cpu_ns : now;
		is_whole |= seen.is_whole;
		/* Ticks are rounded down: up to one of user and one of system time of each process
		   is not shown. */
		int64_t ticks = (int64_t)seen.processes * 2 * (CLOCK_S / sysconf(_SC_CLK_TCK));
		unseen = ticks > unseen ? ticks : unseen;
	}
	/* What a reading that is not whole lacks may be there again in the next. */
	if (is_whole && now + m->gone < m->most - unseen)
		m->gone = m->most - unseen - now;
	m->most = now + m->gone > m->most ? now + m->gone : m->most;
	return now + m->gone;
}

bool
descendants_reap(struct descendants_meter *m, pid_t job, bool own_only)
{
	const int options = WEXITED | WNOHANG | (own_only ? OWN_CHILDREN : 0);
	siginfo_t info;

	for (int i = 0; i < REAPED_AT_ONCE; i++) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, options | WNOWAIT) == -1 || info.si_pid == 0)
			return false;
		/* A stop would hide what comes behind it: take it, and the process stays as it
		   is. */
		if (!descendants_is_end(&info))
			(void)waitid(P_PID, (id_t)info.si_pid, &info, WSTOPPED | WNOHANG);
		else if (info.si_pid == job || !reap(info.si_pid, &m->reaped))
			return false;
	}
	return true;
}
