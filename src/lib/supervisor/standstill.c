/* SPDX-License-Identifier: BSD-2-Clause */
/* Stop and continue a worker with all processes of its jobs. */
#include "config.h"
#include "lib/supervisor/standstill.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "lib/os/os.h"
#include "lib/worker/descendants.h"

/* Processes of one worker that are seen; more of them do not come to a standstill. */
#define SEEN_MAX 4096u
/* Processes that stood still by themselves; further ones are continued with the others. */
#define OWN_STOPS_MAX 1024u

/* Of one worker at a time: its own number first, then each process behind its parent. */
static pid_t seen[SEEN_MAX];
static size_t seen_count;
/* Those of all workers that were stopped, by whomever, before standstill_begin(). */
static pid_t own_stops[OWN_STOPS_MAX];
static size_t own_stops_count;
static bool strays; /* there may be children of this process that are no workers */

void
standstill_reset(void)
{
	own_stops_count = 0;
}

void
standstill_strays(bool are_there)
{
	strays = are_there;
}

/* Where the pid stands among own_stops; own_stops_count: it is not there. */
static size_t
own_stop(pid_t pid)
{
	size_t i = 0;

	while (i < own_stops_count && own_stops[i] != pid)
		i++;
	return i;
}

/* The worker, and children of this process that its jobs have left behind: where no worker adopts
   them, they come here. */
static void
roots_see(pid_t worker)
{
	seen[0] = worker;
	seen_count = 1;
	ssize_t n = strays ? os_children(seen + 1, SEEN_MAX - 1) : 0;
	for (ssize_t i = 1; i <= n; i++)
		if (seen[i] != worker && getsid(seen[i]) == worker)
			seen[seen_count++] = seen[i];
}

static void
children_see(pid_t of)
{
	seen_count = descendants_add_children(of, seen, seen_count, SEEN_MAX);
}

/* See all of them, whether they run or not. */
static void
all_see(pid_t worker)
{
	roots_see(worker);
	for (size_t i = 0; i < seen_count; i++)
		children_see(seen[i]);
}

/* Whether the process is still one of those that were seen: by its session, which nobody else can
   have, or by its parent. */
static bool
is_one_of_us(pid_t pid)
{
	if (getsid(pid) == seen[0])
		return true;
	pid_t parent = os_process_parent(pid);
	for (size_t i = 0; i < seen_count; i++)
		if (seen[i] == parent)
			return true;
	return false;
}

/* Send a signal to one that was seen.  Its number may be another process's by now: the handle comes
   first, and then the look at whose it is.  -1 and errno. */
static int
signal_one(pid_t pid, int signo)
{
	int handle = os_process_handle(pid), result = 0;

	if (!is_one_of_us(pid))
		result = 0; /* it is gone */
	else if (handle != -1)
		result = os_handle_kill(handle, signo);
	else
		result = kill(pid, signo);
	int error = errno;
	if (handle != -1)
		(void)close(handle);
	errno = error;
	return result;
}

/* Not before it has asked to die with the supervisor: else it could outlive that, stopped. */
static int
worker_stop(pid_t worker)
{
	return getsid(worker) == worker ? kill(worker, SIGSTOP) : 0;
}

/* 0, or -1: it cannot be stopped by this process. */
static int
stop(pid_t pid)
{
	pid_t worker = seen[0];
	size_t own = own_stop(pid);

	if (own < own_stops_count)
		own_stops[own] = own_stops[--own_stops_count]; /* somebody has continued it */
	if (pid == worker)
		return worker_stop(worker);
	/* A group at once: it may make processes faster than they are seen one by one. */
	pid_t group = getpgid(pid);
	if (group > 1 && group != worker && getsid(pid) == worker)
		(void)kill(-group, SIGSTOP);
	return signal_one(pid, SIGSTOP) == -1 && errno == EPERM ? -1 : 0;
}

void
standstill_begin(struct standstill *s, pid_t worker, bool was_stopped, int64_t now)
{
	*s = (struct standstill){ .is_on = true, .spares_worker = was_stopped, .since = now };
	all_see(worker);
	for (size_t i = 1; i < seen_count && own_stops_count < OWN_STOPS_MAX; i++)
		if (os_process_motion(seen[i]) == OS_STOPPED)
			own_stops[own_stops_count++] = seen[i];
	(void)worker_stop(worker);
}

void
standstill_settle(struct standstill *s, pid_t worker, bool patient)
{
	bool all = true;

	roots_see(worker);
	for (size_t i = 0; i < seen_count; i++) {
		enum os_motion motion = os_process_motion(seen[i]);
		bool moves = motion == OS_RUNS || (motion == OS_WAITS && patient);
		if (moves && stop(seen[i]) == 0)
			all = false; /* its children come when it stands still */
		else
			children_see(seen[i]);
	}
	s->are_too_many = seen_count == SEEN_MAX;
	/* One that has ended since its parent's children were read may have left a child that went
	   elsewhere.  Nobody reaps it meanwhile: so there are more then at the next look. */
	s->is_whole = all && seen_count == s->stand && !s->are_too_many;
	s->stand = all ? seen_count : 0;
}

void
standstill_end(struct standstill *s, pid_t worker)
{
	all_see(worker);
	for (size_t i = seen_count; i-- > 1;) {
		enum os_motion motion = os_process_motion(seen[i]);
		bool stands = motion != OS_ENDED && own_stop(seen[i]) == own_stops_count;
		if (stands)
			(void)signal_one(seen[i], SIGCONT);
	}
	if (!s->spares_worker)
		(void)kill(worker, SIGCONT);
	s->is_on = false;
}
