/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking standard error's terminal, and writing to it. */
#include "config.h"
#include "tool/base/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int midline; /* the last byte written was no newline */

static int
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && *value != '\0';
}

int
terminal_is_able(void)
{
	return isatty(STDERR_FILENO) && is_set("TERM") && strcmp(getenv("TERM"), "dumb") != 0;
}

int
terminal_has_colours(void)
{
	return !is_set("NO_COLOR");
}

/* Only xterm, which sets XTERM_VERSION, cuts lines off; a tmux inside it does not. */
int
terminal_breaks_lines(void)
{
	return !is_set("XTERM_VERSION") || is_set("TMUX");
}

int
terminal_is_ours(void)
{
	pid_t foreground = tcgetpgrp(STDERR_FILENO);

	/* -1: it is not our controlling terminal, and so cannot stop us. */
	return foreground == -1 || foreground == getpgrp();
}

int
terminal_is_ready(void)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&fd, 1, 0) != 0;
}

struct terminal_size
terminal_size(void)
{
	struct winsize size = { 0 };

	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	return (struct terminal_size){ size.ws_col > 0 ? size.ws_col : 80,
		size.ws_row > 0 ? size.ws_row : 24 };
}

void
terminal_put(struct bytes *b)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };

	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(STDERR_FILENO, b->at + at, b->len - at);
		/* Another process may have set O_NONBLOCK on the terminal that we share. */
		if (n == -1 && errno == EAGAIN)
			(void)poll(&ready, 1, -1);
		else if (n == -1 && errno != EINTR)
			break;
		at += n > 0 ? (size_t)n : 0;
	}
	bytes_clear(b);
	midline = 0;
}

void
terminal_wrote(char last)
{
	midline = last != '\n';
}

int
terminal_is_midline(void)
{
	return midline;
}
