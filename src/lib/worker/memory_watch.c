/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at the memory of a job's processes while they run. */
#include "config.h"
#include "lib/worker/memory_watch.h"

#include "lib/os/clock.h"
#include "lib/os/os.h"
#include "lib/worker/descendants.h"

#define PAUSE_MIN CLOCK_MS
#define PAUSE_MAX (10 * CLOCK_MS)

void
memory_watch_init(struct memory_watch *w, uint64_t base, int64_t limit)
{
	*w = (struct memory_watch){ .at = CLOCK_NEVER };
	if (limit > 0)
		w->near = base + (uint64_t)limit - (uint64_t)limit / 16;
}

void
memory_watch_begin(struct memory_watch *w, int64_t now)
{
	w->data = 0;
	w->met = 0;
	w->pause = PAUSE_MIN;
	if (w->near > 0)
		w->at = clock_after(now, w->pause);
}

void
memory_watch_check(struct memory_watch *w, int children, pid_t init, pid_t job,
    int may_have_children, int64_t now)
{
	pid_t pids[DESCENDANTS_SEEN_MAX];
	uint64_t data = 0;
	size_t n = 1;

	if (now < w->at)
		return;
	pids[0] = job;
	if (may_have_children)
		n = descendants_list(children, init, job, pids);
	for (size_t i = 0; i < n; i++) {
		uint64_t has = os_process_memory(pids[i]);
		data = has > data ? has : data;
	}
	w->met |= data >= w->near;
	/* What does not grow is looked at ever less often. */
	w->pause = data > w->data + w->near / 64 ? PAUSE_MIN : 2 * w->pause;
	w->data = data;
	if (w->pause > PAUSE_MAX)
		w->pause = PAUSE_MAX;
	w->at = clock_after(now, w->pause);
}
