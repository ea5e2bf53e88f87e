/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobserver: deciding whether we are client or server, and handing calls on to that file. */
#include "config.h"
#include "tool/jobserver/jobserver.h"

#include <stdlib.h>

#include "tool/base/fatal_signals.h"
#include "tool/base/message.h"
#include "tool/cli/makeflags.h"
#include "tool/jobserver/client.h"
#include "tool/jobserver/server.h"
#include "tool/jobserver/token_pipe.h"

static enum { NEITHER = 0, CLIENT, SERVER } role;
static int passed[3] = { -1, -1, -1 }; /* a list that -1 ends: the two ends of make's pipe */

static void
on_fatal_signal(void)
{
	if (role == CLIENT)
		client_on_fatal_signal();
	else if (role == SERVER)
		server_on_fatal_signal();
}

/* Becomes a client of make.  Where that fails, one job runs at a time, as with make itself. */
static void
join_make(const struct makeflags *flags, unsigned *workers)
{
	const char *advice = "put + before the recipe's line, or give -j";
	char why[512];

	if (client_open(flags, why, sizeof why) == 0) {
		role = CLIENT;
		if (flags->jobs > 0)
			*workers = flags->jobs;
		return;
	}
	*workers = 1;
	if (flags->server == MAKEFLAGS_FIFO || flags->server == MAKEFLAGS_UNKNOWN)
		advice = "-j gives another number";
	message("make's jobserver cannot be had, so one job runs at a time: %s (%s)", why, advice);
}

/* Lets jobs that are makes find the jobserver that we have; sandboxed jobs are told of none. */
static void
pass_on(const struct options *o, const struct makeflags *flags)
{
	struct token_pipe trial;
	char why[256];

	if (o->sandbox) {
		struct bytes without = { 0 };
		if (flags->server == MAKEFLAGS_NONE)
			return;
		makeflags_write(&without, getenv("MAKEFLAGS"), "");
		if (setenv("MAKEFLAGS", without.at, 1) == -1)
			fail_memory();
		bytes_free(&without);
	} else if (flags->server == MAKEFLAGS_PIPE && o->plugin_file == NULL &&
	    token_pipe_join(&trial, flags->read_fd, flags->write_fd, why, sizeof why) == 0) {
		token_pipe_close(&trial);
		passed[0] = flags->read_fd;
		passed[1] = flags->write_fd;
	}
}

void
jobserver_open(const struct options *o, unsigned *workers)
{
	struct makeflags flags;

	role = NEITHER;
	if (o->jobserver) {
		role = SERVER;
	} else {
		makeflags_read(&flags, getenv("MAKEFLAGS"));
		/*
		 * xargs and GNU parallel know nothing of jobservers, nor do we when we stand in for
		 * them.
		 */
		if (flags.server != MAKEFLAGS_NONE && !o->workers_given &&
		    o->dialect == DIALECT_NATIVE)
			join_make(&flags, workers);
		pass_on(o, &flags);
		makeflags_free(&flags);
	}
	if (role != NEITHER)
		fatal_signals_open(on_fatal_signal);
}

void
jobserver_seats_open(const struct options *o, unsigned tokens, unsigned seats)
{
	/*
	 * By default pipes, which every make can use: makes before 4.4 end where they are told of a
	 * FIFO.
	 */
	if (role == SERVER)
		server_open(tokens, seats, o->jobserver_style == JOBSERVER_FIFO,
		    getenv("MAKEFLAGS"));
}

const int *
jobserver_descriptors(void)
{
	if (role == SERVER)
		return server_descriptors();
	return passed[0] != -1 ? passed : NULL;
}

int
jobserver_wanted(void)
{
	return role != NEITHER;
}

int
jobserver_take(void)
{
	if (role == CLIENT)
		return client_take() ? 0 : JOBSERVER_LATER;
	return role == SERVER ? server_take() : 0;
}

void
jobserver_give(int seat)
{
	if (role == CLIENT)
		client_give();
	else if (role == SERVER)
		server_give(seat);
}

const struct command_jobserver *
jobserver_seat(int seat)
{
	return role == SERVER ? server_seat(seat) : NULL;
}

void
jobserver_settle(int64_t now)
{
	if (role == SERVER)
		server_deal(now);
}

int
jobserver_timeout(int64_t now)
{
	return role == SERVER ? server_timeout(now) : -1;
}

size_t
jobserver_pollfds(struct pollfd *fds)
{
	if (role == CLIENT)
		return client_pollfds(fds);
	return role == SERVER ? server_pollfds(fds) : 0;
}

size_t
jobserver_pollfds_most(void)
{
	return role == SERVER ? server_seats() : 1;
}

unsigned
jobserver_most(unsigned most)
{
	return role == SERVER && server_seats() < most ? server_seats() : most;
}

void
jobserver_resize(unsigned workers)
{
	if (role == SERVER)
		server_resize(workers);
}

void
jobserver_close(void)
{
	if (role == CLIENT)
		client_close();
	else if (role == SERVER)
		server_close();
	role = NEITHER;
}
