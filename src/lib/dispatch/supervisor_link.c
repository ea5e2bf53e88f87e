/* SPDX-License-Identifier: BSD-2-Clause */
/* The caller's link to its supervisor: started, extended, rung, lost, closed. */
#include "config.h"
#include "lib/dispatch/supervisor_link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"

/* The supervisor takes a descriptor within this time. */
#define PASS_MS        2000
/* Closing, we wait for the supervisor as long as the grace and this. */
#define CLOSE_EXTRA_NS (5 * CLOCK_S)

static int
link_failed(struct supervisor_link *link, const char *step)
{
	int error = errno;

	(void)snprintf(link->error_text, sizeof link->error_text, "%s: %s", step, strerror(error));
	errno = error;
	return -1;
}

/* There is no supervisor at this moment: the next one gets the pipes of all slots. */
static void
slots_put_off(struct supervisor_link *link, unsigned slots)
{
	for (; link->slots < slots; link->slots++) {
		struct results_pipe *pipe = &link->results[link->slots];
		results_pipe_init(pipe, -1, pipe->packets);
	}
}

int
supervisor_link_init(struct supervisor_link *link, unsigned workers)
{
	link->workers = workers;
	link->results = calloc(SHARED_WORKERS_MAX, sizeof *link->results);
	if (link->results == NULL)
		return -1;
	slots_put_off(link, workers);
	return 0;
}

void
supervisor_link_release(struct supervisor_link *link)
{
	fd_close(&link->socket);
	for (unsigned i = 0; i < link->slots; i++)
		results_pipe_close(&link->results[i]);
	free(link->results);
}

void
supervisor_link_ring(const struct supervisor_link *link)
{
	if (link->socket != -1)
		(void)control_ring_supervisor(link->setup.worker.control, link->socket);
}

/* Pass the write end of a results pipe to the supervisor: 0, or -1 and errno. */
static int
pipe_pass(const struct supervisor_link *link, int write_end)
{
	const struct control *control = link->setup.worker.control;
	int sent;

	while ((sent = fd_ring_with(link->socket, write_end)) == 0) {
		struct pollfd room = { .fd = link->socket, .events = POLLOUT };
		uint64_t started = atomic_load(&control->workers_started);
		if (poll(&room, 1, PASS_MS) != 0)
			continue;
		/* Many in a row: the supervisor takes none while it forks a worker for each of
		   those that it has, which takes as long as the machine needs for it. */
		if (atomic_load(&control->workers_started) == started) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return sent == -1 ? -1 : 0;
}

/* Give the supervisor's next slots a results pipe each. */
static int
slots_extend(struct supervisor_link *link, unsigned slots)
{
	while (link->socket != -1 && link->slots < slots) {
		int fds[2], passed;
		if (packet_pipe_open(fds) == -1)
			return -1;
		if (fd_set_nonblocking(fds[0], 1) == -1) {
			fd_close(&fds[0]);
			fd_close(&fds[1]);
			return -1;
		}
		passed = pipe_pass(link, fds[1]);
		fd_close(&fds[1]);
		if (passed == -1) {
			fd_close(&fds[0]);
			if (errno != EPIPE && errno != ECONNRESET)
				return -1;
			break; /* the supervisor has been killed: deaths_check() will notice */
		}
		results_pipe_init(&link->results[link->slots], fds[0],
		    results_pipe_written(link->setup.worker.shared, link->slots));
		link->slots++;
		link->renewed++;
	}
	slots_put_off(link, slots);
	return 0;
}

int
supervisor_link_start(struct supervisor_link *link)
{
	int pair[2];
	unsigned slots = link->slots;

	control_restart(link->setup.worker.control);
	if (fd_socketpair(pair) == -1)
		return link_failed(link, "cannot make the socket pair to the supervisor");
	link->setup.socket = pair[1];
	link->setup.worker.fd_base = fd_above_all();
	link->pid = supervisor_start(&link->setup);
	fd_close(&pair[1]);
	if (link->pid == -1) {
		link->pid = 0;
		fd_close(&pair[0]);
		return link_failed(link, "cannot fork the supervisor");
	}
	link->socket = pair[0];
	link->slots = 0;
	link->renewed++;
	if (slots_extend(link, slots) == 0)
		return 0;
	(void)link_failed(link,
	    errno == EMFILE || errno == ENFILE ?
		"cannot make a results pipe for each worker (RLIMIT_NOFILE)" :
		"cannot make a results pipe for each worker");
	slots_put_off(link, slots);
	return -1;
}

/*
 * A job's process ends a moment after its worker, and one that escaped its parent-death signal does
 * not: with the supervisor dead nobody can tell when it is gone.  It keeps its mailbox, and the
 * next workers get others.
 */
static int
mailboxes_renew(struct supervisor_link *link)
{
	struct mailbox *mailboxes;

	if (!jobs_have_own_process(&link->setup.worker))
		return 0;
	if ((mailboxes = mailboxes_create()) == NULL)
		return link_failed(link, "cannot map memory to share with the jobs' processes");
	mailboxes_destroy(link->setup.worker.mailboxes);
	link->setup.worker.mailboxes = mailboxes;
	return 0;
}

int
supervisor_link_restart(struct supervisor_link *link)
{
	return mailboxes_renew(link) == -1 ? -1 : supervisor_link_start(link);
}

int
supervisor_link_resize(struct supervisor_link *link, unsigned workers)
{
	if (workers > link->slots && slots_extend(link, workers) == -1)
		return -1;
	link->workers = workers;
	return 0;
}

void
supervisor_link_resized(struct supervisor_link *link)
{
	atomic_store(&link->setup.worker.control->workers_wanted, link->workers);
	supervisor_link_ring(link);
}

void
supervisor_link_kill(const struct supervisor_link *link, unsigned worker, uint32_t generation)
{
	atomic_store(&link->setup.worker.control->slot[worker].kill_generation, generation);
	supervisor_link_ring(link);
}

size_t
supervisor_link_read(struct supervisor_link *link, unsigned worker, struct wire_packet *packet)
{
	struct results_pipe *pipe = &link->results[worker];
	bool open = pipe->fd != -1;
	size_t n = results_pipe_read(pipe, packet);

	link->renewed += open && pipe->fd == -1;
	return n;
}

void
supervisor_link_close_pipe(struct supervisor_link *link, unsigned worker)
{
	link->renewed += link->results[worker].fd != -1;
	results_pipe_close(&link->results[worker]);
}

int
supervisor_link_hear(const struct supervisor_link *link)
{
	int heard, passed;

	while ((heard = fd_heard(link->socket, &passed)) == 1)
		if (passed >= 0)
			(void)close(passed); /* only we pass descriptors */
	return heard;
}

/* Reap the supervisor, which is killed first or else is ending. */
static void
supervisor_reap(struct supervisor_link *link, bool kill_it)
{
	bool running = link->pid != 0;

	/* Only while it is unreaped is the number surely its own: a waitpid(-1) of the caller's may
	   have taken it. */
	if (running && kill_it) {
		running = waitpid(link->pid, NULL, WNOHANG) == 0;
		if (running)
			(void)kill(link->pid, SIGKILL);
	}
	while (running && waitpid(link->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	link->pid = 0;
}

void
supervisor_link_lost(struct supervisor_link *link)
{
	fd_close(&link->socket);
	link->renewed++;
	supervisor_reap(link, true);
}

/* When the last worker is gone each results pipe is at its end. */
static void
pipes_await_end(struct supervisor_link *link, int64_t until)
{
	struct wire_packet packet;

	for (unsigned i = 0; i < link->slots; i++) {
		while (link->results[i].fd != -1 && clock_now() < until) {
			ssize_t n = packet_pipe_read(link->results[i].fd, &packet);
			if (n == -1 && errno != EINTR)
				break;
			struct pollfd fd = { .fd = link->results[i].fd, .events = POLLIN };
			if (n == 0)
				(void)poll(&fd, 1, clock_poll_ms(until, clock_now()));
		}
	}
}

void
supervisor_link_close(struct supervisor_link *link)
{
	int64_t until = clock_after(clock_after(clock_now(), link->setup.grace_ns), CLOSE_EXTRA_NS);
	int heard = 0;

	atomic_store(&link->setup.worker.control->stop, 1);
	supervisor_link_ring(link);
	while (link->socket != -1 && heard != -1 && clock_now() < until) {
		struct pollfd fd = { .fd = link->socket, .events = POLLIN };
		(void)poll(&fd, 1, clock_poll_ms(until, clock_now()));
		heard = supervisor_link_hear(link);
	}
	fd_close(&link->socket);
	/* One that has closed its end is ending in order.  One that was stopped, or killed before,
	   takes its workers along. */
	supervisor_reap(link, heard != -1);
	/* The supervisor may have ended before it could remove its cgroup. */
	cgroup_remove(&link->setup.worker.sandbox.cgroup, link->slots);
	pipes_await_end(link, clock_after(clock_now(), CLOCK_S));
}
