/* SPDX-License-Identifier: BSD-2-Clause */
/* The one descriptor that a caller's own event loop waits for. */
#include "config.h"
#include "lib/dispatch/loop_fd.h"

#include <errno.h>

#include "lib/os/fd.h"
#include "lib/os/os.h"

/* The names of the outer set's two; nobody asks for them. */
enum { OUTER_TIMER, OUTER_SET };

/* Where there is no memory to watch a descriptor, look so often instead. */
#define UNWATCHED_POLL_NS (5 * CLOCK_MS)

/* Put the pool's descriptors into a new inner set.  -1: not all of them. */
static int
set_fill(struct loop_fd *f, const struct dispatcher *d)
{
	const struct supervisor_link *link = &d->link;

	if (os_event_add(f->set, d->bell[0], 0, LOOP_BELL) == -1 ||
	    (link->socket != -1 &&
		os_event_add(f->set, link->socket, 0, LOOP_SUPERVISOR) == -1))
		return -1;
	for (unsigned i = 0; i < link->slots; i++)
		if (link->results[i].fd != -1 &&
		    os_event_add(f->set, link->results[i].fd, 0, i) == -1)
			return -1;
	return os_event_add(f->fd, f->set, 0, OUTER_SET);
}

static void
set_drop(struct loop_fd *f)
{
	if (f->set != -1)
		(void)os_event_remove(f->fd, f->set);
	fd_close(&f->set);
	f->watches_room = 0;
}

static int
set_renew(struct loop_fd *f, const struct dispatcher *d)
{
	set_drop(f);
	f->set = fd_raise(os_event_set());
	if (f->set == -1 || set_fill(f, d) == -1) {
		int error = errno;
		set_drop(f);
		errno = error;
		return -1;
	}
	f->renewed = d->link.renewed;
	return 0;
}

int
loop_fd_open(struct dispatcher *d)
{
	struct loop_fd *f = &d->loop.fd;

	if (f->fd != -1)
		return f->fd;
	if ((f->fd = fd_raise(os_event_set())) == -1)
		return -1;
	if ((f->timer = fd_raise(os_event_timer())) == -1 ||
	    os_event_add(f->fd, f->timer, 0, OUTER_TIMER) == -1 || set_renew(f, d) == -1) {
		int error = errno;
		loop_fd_close(d);
		errno = error;
		return -1;
	}
	f->armed = CLOCK_NEVER;
	loop_fd_ring(d); /* whatever has happened before is to be seen */
	return f->fd;
}

void
loop_fd_close(struct dispatcher *d)
{
	struct loop_fd *f = &d->loop.fd;

	set_drop(f);
	fd_close(&f->timer);
	fd_close(&f->fd);
}

static void
timer_set(struct dispatcher *d, int64_t at)
{
	struct loop_fd *f = &d->loop.fd;

	if (os_event_timer_set(f->timer, at) == 0)
		f->armed = at;
	else
		(void)fd_ring_pipe(d->bell[1]); /* too early: the next turn tries again */
}

void
loop_fd_ring(struct dispatcher *d)
{
	struct loop_fd *f = &d->loop.fd;

	if (f->fd != -1 && f->armed != 0)
		timer_set(d, 0);
}

/* Watch the job pipe only while a packet waits for room in it.  -1: that failed. */
static int
room_watch(struct loop_fd *f, const struct dispatcher *d)
{
	int wanted = d->out.packet_len > 0, fd = d->job_pipe[1];

	if (f->watches_room == wanted)
		return 0;
	if ((wanted ? os_event_add(f->set, fd, 1, LOOP_JOB_PIPE) : os_event_remove(f->set, fd)) ==
	    -1)
		return -1;
	f->watches_room = wanted;
	return 0;
}

void
loop_fd_settle(struct dispatcher *d, int64_t until)
{
	struct loop_fd *f = &d->loop.fd;
	int64_t now = clock_now();

	int watched = (f->set != -1 && f->renewed == d->link.renewed) || set_renew(f, d) == 0;
	watched = watched && room_watch(f, d) == 0;
	if (!watched)
		until = clock_earlier(until, clock_after(now, UNWATCHED_POLL_NS));
	if (f->more)
		until = 0;
	/* One that is set for earlier may stay: it costs a turn of the loop, and not one for each
	   job.  One that has gone off is readable until it is set again; it is, even if for now,
	   since whoever waits for edges has had that one. */
	if (f->armed > now && f->armed <= until)
		return;
	if (f->armed != until || until <= now)
		timer_set(d, until);
}

int
loop_fd_ready(struct dispatcher *d, uint32_t *names, int room)
{
	struct loop_fd *f = &d->loop.fd;

	f->more = false;
	if (f->fd == -1 || f->set == -1 || f->renewed != d->link.renewed)
		return -1;
	int n = os_event_ready(f->set, names, room);
	f->more = n == room;
	return n;
}
