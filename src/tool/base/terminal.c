/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/base/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int midline;

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

/* Of those in use xterm is the one that does not, and it says that it is there; but tmux may run in it. */
int
terminal_breaks_lines(void)
{
	return !is_set("XTERM_VERSION") || is_set("TMUX");
}

int
terminal_is_ours(void)
{
	pid_t foreground = tcgetpgrp(STDERR_FILENO);

	/* -1: it is not the one that controls us, and has no say. */
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
	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(STDERR_FILENO, b->at + at, b->len - at);
		/* Who has it open as well may have told it not to wait. */
		if (n == -1 && errno == EAGAIN)
			(void)poll(&(struct pollfd){ .fd = STDERR_FILENO, .events = POLLOUT }, 1,
			    -1);
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
