/* SPDX-License-Identifier: BSD-2-Clause */
/* Suspend the pool, tell the caller when all stands still, and let it go on. */
#include "config.h"
#include "lib/supervisor/suspension.h"

#include "lib/os/clock.h"
#include "lib/os/os.h"

/* What has not come to a standstill in this time makes processes faster than they can be
   stopped. */
#define SETTLE_NS (2 * CLOCK_S)
/* So long we wait for what is in the middle of a system call: a process that waits for its child to
   execute a program does not leave it before that, and the child is to be stopped, too. */
#define PATIENT_NS (20 * CLOCK_MS)
/* How soon to look again. */
#define LOOK_NS CLOCK_MS

static void
strays_look(const struct supervisor *s)
{
	static pid_t some[SHARED_WORKERS_MAX + 1];

	standstill_strays(os_children(some, sizeof some / sizeof some[0]) > (ssize_t)s->alive);
}

static void
each_slot(struct supervisor *s, enum slot_event event)
{
	strays_look(s);
	for (unsigned i = 0; i < s->slots; i++)
		if (s->slot[i].pid != 0)
			(void)slot_handle(&s->env, &s->slot[i], i, event);
}

static void
carried_out(struct supervisor *s)
{
	s->suspension.settles = false;
	atomic_store(&s->control->suspended, s->suspension.request);
	(void)control_ring_parent(s->control, s->env.socket);
}

static void
settle(struct supervisor *s)
{
	struct suspension *p = &s->suspension;
	int64_t now = clock_now();
	bool all = true;

	strays_look(s);
	for (unsigned i = 0; i < s->slots; i++) {
		struct worker_slot *w = &s->slot[i];
		if (w->pid == 0 || !w->still.is_on || w->still.is_whole || w->state == SLOT_KILLED)
			continue;
		standstill_settle(&w->still, w->pid, now < p->patient_until);
		if (!w->still.is_whole && (now >= p->settle_until || w->still.are_too_many))
			slot_spare(w);
		else
			all &= w->still.is_whole;
	}
	if (all)
		carried_out(s);
}

int64_t
suspension_check(struct supervisor *s)
{
	struct suspension *p = &s->suspension;
	uint32_t request = atomic_load(&s->control->suspend);

	if (request != p->request) {
		if (suspension_is_on(s))
			each_slot(s, EVENT_GO_ON);
		standstill_reset();
		p->request = request;
		if (!suspension_is_on(s)) {
			carried_out(s);
			return s->env.now; /* workers may be started now */
		}
		p->settles = true;
		p->patient_until = clock_after(s->env.now, PATIENT_NS);
		p->settle_until = clock_after(s->env.now, SETTLE_NS);
		each_slot(s, EVENT_SUSPEND);
	}
	if (p->settles)
		settle(s);
	return p->settles ? clock_after(clock_now(), LOOK_NS) : CLOCK_NEVER;
}
