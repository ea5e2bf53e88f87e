/* SPDX-License-Identifier: BSD-2-Clause */
/* Client: taking tokens from the make that runs us, and giving them back on every way out. */
#include "config.h"
#include "tool/jobserver/client.h"

#include <errno.h>
#include <stdio.h>

#include "tool/base/fatal_signals.h"
#include "tool/base/message.h"
#include "tool/jobserver/token_pipe.h"

enum { HELD_MAX = 4096 };

static struct token_pipe server;
static char held[HELD_MAX]; /* the bytes that are tokens */
static volatile sig_atomic_t held_count; /* read by client_on_fatal_signal() */
static int running;   /* jobs that may run */
static int has_ended; /* the jobserver has: no token comes any more */

int
client_open(const struct makeflags *flags, char *why, size_t size)
{
	char shown[128];

	switch (flags->server) {
	case MAKEFLAGS_PIPE:
		return token_pipe_join(&server, flags->read_fd, flags->write_fd, why, size);
	case MAKEFLAGS_FIFO:
		return token_pipe_open(&server, flags->text.at, why, size);
	case MAKEFLAGS_CLOSED:
		(void)snprintf(why, size, "make keeps it from this recipe");
		return -1;
	default:
		(void)snprintf(why, size, "%s is of no kind that is known here",
		    message_word(shown, sizeof shown, flags->text.at, flags->text.len));
		return -1;
	}
}

/* As token_pipe_take().  No fatal signal comes between taking the token and counting it. */
static int
token_take(void)
{
	sigset_t before;

	fatal_signals_block(&before);
	int got = token_pipe_take(&server, &held[held_count]), error = errno;
	if (got == 1)
		held_count++;
	fatal_signals_unblock(&before);
	errno = error;
	return got;
}

/* The caller holds off fatal signals, or is their handler. */
static void
token_give(void)
{
	held_count--;
	/* This fails where the pipe is full: then there are tokens enough that nobody has taken. */
	(void)token_pipe_give(&server, held[held_count]);
}

int
client_take(void)
{
	if (running > 0) {
		int got = has_ended || held_count == HELD_MAX ? 0 : token_take();
		if (got == -1) {
			has_ended = 1;
			message_errno(
			    "make's jobserver has come to an end, so one job runs at a time");
		}
		if (got != 1)
			return 0;
	}
	running++;
	return 1;
}

void
client_give(void)
{
	sigset_t before;

	running--;
	fatal_signals_block(&before);
	while (held_count > 0 && held_count >= running)
		token_give();
	fatal_signals_unblock(&before);
}

void
client_on_fatal_signal(void)
{
	while (held_count > 0)
		token_give();
}

size_t
client_pollfds(struct pollfd *fds)
{
	if (has_ended)
		return 0;
	*fds = (struct pollfd){ .fd = server.read_fd, .events = POLLIN };
	return 1;
}

void
client_close(void)
{
	while (held_count > 0)
		token_give();
	token_pipe_close(&server);
}
