/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/supervisor/orphans.h"

#include <signal.h>
#include <unistd.h>

#include "lib/os/os.h"

/* Orphaned descendants of workers are this process's children.  They end with their worker: a living
   worker's are those of its session; one with a session of its own has been detached from whatever job it
   was, and goes.  -1: it cannot tell who they are. */
int
orphans_kill(struct supervisor *s)
{
	static pid_t children[SHARED_WORKERS_MAX + 1024];
	ssize_t n = os_children(children, sizeof children / sizeof children[0]);

	s->orphans_due = 0;
	if (n <= 0 || (size_t)n == s->alive)
		return n < 0 ? -1 : 0;
	for (ssize_t i = 0; i < n; i++) {
		pid_t session = getsid(children[i]);
		unsigned j = 0;
		while (j < s->slots && (s->process[j].pid == 0 ||
		    (s->process[j].pid != children[i] && s->process[j].pid != session)))
			j++;
		if (j == s->slots) {
			(void)kill(children[i], SIGKILL);
			/* Its end rings the bell, and its own children are looked for then. */
		}
	}
	return 0;
}

/*
 * What the job of a dead worker left behind has the window of its slot, and must be gone before that slot's next
 * worker uses it.  All of it has come to this process when the one before it was dead: so it is gone when there
 * is no child but the workers.
 */
int
orphans_hold_mailbox(struct supervisor *s)
{
	static pid_t children[SHARED_WORKERS_MAX + 1024];

	if (!jobs_have_own_process(&s->setup->worker) ||
	    os_children(children, sizeof children / sizeof children[0]) <= (ssize_t)s->alive)
		return 0;
	(void)orphans_kill(s);
	s->orphans_due = 1;
	return 1;
}
