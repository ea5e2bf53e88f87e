/* SPDX-License-Identifier: BSD-2-Clause */
/* Orphans: find and kill what the jobs of dead workers left behind. */
#include "config.h"
#include "lib/supervisor/orphans.h"

#include <signal.h>
#include <unistd.h>

#include "lib/os/os.h"

/* All children of this process: workers, and more orphans than are expected at a time. */
static pid_t children[SHARED_WORKERS_MAX + 1024];

static ssize_t
children_read(void)
{
	return os_children(children, sizeof children / sizeof children[0]);
}

/* A child is a living worker, or belongs to one: it is in that worker's session.  A process in a
   session of its own has been detached from its job, whichever that was, and is nobody's. */
static int
is_of_living_worker(const struct supervisor *s, pid_t child)
{
	pid_t session = getsid(child);

	for (unsigned i = 0; i < s->slots; i++) {
		pid_t worker = s->slot[i].pid;
		if (worker != 0 && (worker == child || worker == session))
			return 1;
	}
	return 0;
}

int
orphans_kill(struct supervisor *s)
{
	ssize_t n = children_read();

	s->orphans_due = 0;
	if (n <= 0 || (size_t)n == s->alive)
		return n < 0 ? -1 : 0;
	/* Each death raises SIGCHLD; only then do the dead process's own children come to this
	   process. */
	for (ssize_t i = 0; i < n; i++)
		if (!is_of_living_worker(s, children[i]))
			(void)kill(children[i], SIGKILL);
	return 0;
}

/*
 * What the job of a dead worker left behind has the mailbox of that worker's slot, and must be gone
 * before the slot's next worker uses it.  All of it has become a child of this process by the time
 * its ancestors are dead: so all of it is gone when no child but the workers is left.
 */
int
orphans_hold_mailbox(struct supervisor *s)
{
	if (!jobs_have_own_process(s->env.setup) || children_read() <= (ssize_t)s->alive)
		return 0;
	(void)orphans_kill(s);
	s->orphans_due = 1;
	return 1;
}
