/* SPDX-License-Identifier: BSD-2-Clause */
/* Confirmation: the question and the answer on /dev/tty, since standard input may be the items. */
#include "config.h"
#include "tool/display/confirm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"

static int
ask(int terminal, const char *command)
{
	return write(terminal, command, strlen(command)) == -1 ||
	    write(terminal, " ?...", 5) == -1 ? -1 : 0;
}

/* Wait for a byte of the answer; 0, or -1: no answer counts any more. */
static int
answer_await(int terminal, const char *command, const struct confirm_signals *signals)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = terminal, .events = POLLIN },
			{ .fd = signals->fd, .events = POLLIN },
		};
		int n = poll(fds, 2, -1);
		if (n == -1 && errno != EINTR)
			return 0; /* read() waits, then */
		enum confirm_signal signal =
		    n > 0 && fds[1].revents != 0 ? signals->take(signals->arg) : CONFIRM_GO_ON;
		if (signal == CONFIRM_OVER ||
		    (signal == CONFIRM_AGAIN && ask(terminal, command) == -1))
			return -1;
		if (n > 0 && fds[0].revents != 0)
			return 0;
	}
}

int
confirm_job(const char *command, const struct confirm_signals *signals)
{
	static int terminal = -2; /* not opened yet */
	char answer[256];
	size_t len = 0;

	if (terminal == -2 && (terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) == -1)
		fail_errno("-p: there is no terminal to ask at, so no job is run");
	if (ask(terminal, command) == -1)
		return 0;
	/* Read the whole line, also where it is longer than answer. */
	for (char c; ;) {
		if (answer_await(terminal, command, signals) == -1)
			return -1;
		ssize_t n = read(terminal, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		if (len < sizeof answer)
			answer[len++] = c;
	}
	return len > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}
