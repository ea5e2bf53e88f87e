/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress: the line of --bar and --eta on a terminal, and plain lines elsewhere. */
#include "config.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/base/terminal.h"
#include "tool/display/progress.h"

#define MS INT64_C(1000000)
#define START (INT64_C(5000) * MS)

static int terminal, saved;
static char seen[65536];

/* Makes standard error a terminal of so many columns; terminal is its other side. */
static void
terminal_open(unsigned columns)
{
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = 24 };
	struct termios raw;

	ck_assert_int_ne(terminal = posix_openpt(O_RDWR | O_NOCTTY), -1);
	ck_assert_int_eq(grantpt(terminal) | unlockpt(terminal), 0);
	int fd = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(tcgetattr(fd, &raw), 0);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	ck_assert_int_eq(tcsetattr(fd, TCSANOW, &raw), 0);
	ck_assert_int_eq(ioctl(fd, TIOCSWINSZ, &size), 0);
	ck_assert_int_ne(saved = dup(STDERR_FILENO), -1);
	ck_assert_int_ne(dup2(fd, STDERR_FILENO), -1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(setenv("TERM", "xterm", 1), 0);
}

static void
pipe_open_there(void)
{
	int end[2];

	ck_assert_int_eq(pipe(end), 0);
	terminal = end[0];
	ck_assert_int_eq(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_ne(saved = dup(STDERR_FILENO), -1);
	ck_assert_int_ne(dup2(end[1], STDERR_FILENO), -1);
	ck_assert_int_eq(close(end[1]), 0);
}

static void
terminal_close(void)
{
	ck_assert_int_ne(dup2(saved, STDERR_FILENO), -1);
	ck_assert_int_eq(close(saved) | close(terminal), 0);
}

/*
 * What was written since the last call.  A terminal hands text on late, but in order: so we write a
 * mark and read up to that.
 */
static const char *
new_text(void)
{
	static const char mark[] = "\1\2\3";
	size_t len = 0;
	char *end;

	ck_assert_int_eq(write(STDERR_FILENO, mark, 3), 3);
	for (seen[0] = '\0'; (end = strstr(seen, mark)) == NULL; seen[len] = '\0') {
		struct pollfd fd = { .fd = terminal, .events = POLLIN };
		ck_assert_int_eq(poll(&fd, 1, 20000), 1);
		ssize_t n = read(terminal, seen + len, sizeof seen - 1 - len);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
	}
	*end = '\0';
	return seen;
}

START_TEST(bar_on_a_terminal)
{
	struct options o = { .bar = 1 };

	terminal_open(100);
	progress_open(&o);
	progress_update(0, 0, 200, 4, START);
	ck_assert_str_eq(new_text(),
	    "\r  0% 0/200 done, 4 running, 0.0/s, 0:00 [..............................]"
	    "\033[K");
	progress_update(50, 2, 200, 4, START + 10000 * MS);
	ck_assert_str_eq(new_text(),
	    "\r 25% 50/200 done, 2 failed, 4 running, 5.0/s, 0:30 left [#####.................]"
	    "\033[K");
	/* It is drawn at most ten times a second, and then shows the latest state. */
	progress_update(51, 2, 200, 4, START + 10050 * MS);
	ck_assert_str_eq(new_text(), "");
	ck_assert_int_eq(progress_timeout(START + 10050 * MS), 50);
	progress_update(51, 2, 200, 4, START + 10100 * MS);
	ck_assert_ptr_nonnull(strstr(new_text(), "51/200"));
	/* Without news it is drawn each second. */
	ck_assert_int_eq(progress_timeout(START + 10100 * MS), 1000);
	progress_update(51, 2, 200, 4, START + 10200 * MS);
	ck_assert_str_eq(new_text(), "");
	progress_update(51, 2, 200, 4, START + 11100 * MS);
	ck_assert_ptr_nonnull(strstr(new_text(), "51/200"));
	progress_update(200, 2, 200, 0, START + 11101 * MS);
	(void)new_text();
	progress_close();
	ck_assert_str_eq(new_text(),
	    "\r100% 200/200 done, 2 failed, 0 running, 18.0/s, 0:11 "
	    "[#######################]\033[K\n");
	terminal_close();
}
END_TEST

START_TEST(message_stands_alone)
{
	struct options o = { .bar = 1 };

	terminal_open(80);
	message("before");
	ck_assert_str_eq(new_text(), "forkpool: before\n");
	progress_open(&o);
	progress_update(1, 0, 2, 1, START);
	(void)new_text();
	message("job %d failed", 1);
	ck_assert_str_eq(new_text(), "\r\033[Kforkpool: job 1 failed\n");
	message("and %d", 2);
	ck_assert_str_eq(new_text(), "forkpool: and 2\n");
	/* The line comes back, though nothing has changed. */
	ck_assert_int_eq(progress_timeout(START), 100);
	progress_update(1, 0, 2, 1, START + 100 * MS);
	ck_assert_ptr_nonnull(strstr(new_text(), "1/2 done"));
	progress_close();
	(void)new_text();
	message("after");
	ck_assert_str_eq(new_text(), "forkpool: after\n");
	terminal_close();
}
END_TEST

/* The jobs' output goes to the same terminal. */
START_TEST(output_has_its_turn)
{
	struct options o = { .bar = 1 };

	terminal_open(80);
	progress_open(&o);
	ck_assert_int_eq(progress_is_fresh(START), 0);
	progress_update(1, 0, 2, 1, START);
	(void)new_text();
	/* Output that comes just after a drawing is held until the next one is due. */
	ck_assert_int_eq(progress_is_fresh(START + 99 * MS), 1);
	ck_assert_int_eq(progress_is_fresh(START + 100 * MS), 0);
	progress_output(OUTPUT_HELD);
	progress_update(1, 0, 2, 1, START + 10 * MS);
	ck_assert_int_eq(progress_timeout(START + 10 * MS), 90);
	/* The terminal has taken a part of the output. */
	message_before();
	ck_assert_str_eq(new_text(), "\r\033[K");
	terminal_wrote('x');
	progress_output(OUTPUT_HALF_OUT);
	progress_update(2, 0, 2, 1, START + 100 * MS);
	ck_assert_str_eq(new_text(), "");
	ck_assert_int_eq(progress_timeout(START + 100 * MS), -1);
	/* The terminal has taken all of it, and its last line is not complete. */
	progress_output(OUTPUT_NONE);
	progress_update(2, 0, 2, 1, START + 101 * MS);
	ck_assert_int_eq(strncmp(new_text(), "\r\n\r100% 2/2 done", 16), 0);
	/* Others have written to the terminal: nothing is to be removed. */
	progress_lost();
	progress_hide();
	ck_assert_str_eq(new_text(), "");
	progress_update(2, 0, 2, 1, START + 201 * MS);
	ck_assert_int_eq(strncmp(new_text(), "\r100% 2/2 done", 14), 0);
	progress_close();
	(void)new_text();
	terminal_close();
}
END_TEST

/* The line stays one at each width. */
START_TEST(fits_at_every_width)
{
	for (unsigned columns = 1; columns < 200; columns += columns < 90 ? 1 : 13) {
		terminal_open(columns);
		for (int eta = 0; eta < 2; eta++) {
			struct options o = { .bar = !eta, .eta = eta };
			progress_open(&o);
			progress_update(0, 0, 0, 0, START);
			(void)new_text();
			progress_update(12345678, 123, 987654321, 256, START + 123456 * MS);
			const char *text = new_text();
			size_t len = strlen(text);
			ck_assert_uint_gt(len, 3);
			ck_assert_int_eq(text[0], '\r');
			ck_assert_str_eq(text + len - 3, "\033[K");
			for (size_t at = 1; at < len - 3; at++)
				ck_assert(text[at] >= ' ' && text[at] <= '~');
			ck_assert_uint_lt(len - 4, columns);
			progress_close();
			(void)new_text();
		}
		terminal_close();
	}
}
END_TEST

START_TEST(plain_lines_elsewhere)
{
	struct options o = { .bar = 1 };

	pipe_open_there();
	progress_open(&o);
	progress_update(0, 0, 0, 2, START);
	progress_update(500, 0, 0, 2, START + 9999 * MS);
	ck_assert_str_eq(new_text(), "");
	ck_assert_int_eq(progress_timeout(START + 9999 * MS), 1);
	progress_update(50000, 1, 0, 2, START + 10000 * MS);
	ck_assert_str_eq(new_text(), "forkpool: 50000 done, 1 failed, 2 running, 5.0k/s, 0:10\n");
	message("in between");
	ck_assert_str_eq(new_text(), "forkpool: in between\n");
	progress_update(50001, 1, 50001, 0, START + 3700000 * MS);
	ck_assert_str_eq(new_text(),
	    "forkpool: 50001/50001 done, 1 failed, 0 running, 13.5/s, 1:01:40\n");
	progress_close();
	ck_assert_str_eq(new_text(),
	    "forkpool: 50001/50001 done, 1 failed, 0 running, 13.5/s, 1:01:40\n");
	terminal_close();
}
END_TEST

START_TEST(a_dumb_terminal_gets_plain_lines)
{
	struct options o = { .eta = 1 };

	terminal_open(80);
	ck_assert_int_eq(setenv("TERM", "dumb", 1), 0);
	progress_open(&o);
	progress_update(0, 0, 10, 2, START);
	progress_update(5, 0, 10, 2, START + 10000 * MS);
	ck_assert_str_eq(new_text(),
	    "forkpool: ETA: 10s Left: 5 AVG: 2.00s  local:2/5/100%/2.0s\n");
	progress_close();
	terminal_close();
}
END_TEST

START_TEST(nothing_unless_asked)
{
	struct options o = { 0 };

	pipe_open_there();
	progress_open(&o);
	progress_update(1, 1, 1, 1, START);
	progress_update(1, 1, 1, 1, START + 100000 * MS);
	ck_assert_int_eq(progress_timeout(START), -1);
	progress_close();
	ck_assert_str_eq(new_text(), "");
	terminal_close();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_progress");
	TCase *tc = support_case("progress", 30);

	tcase_add_test(tc, bar_on_a_terminal);
	tcase_add_test(tc, message_stands_alone);
	tcase_add_test(tc, output_has_its_turn);
	tcase_add_test(tc, fits_at_every_width);
	tcase_add_test(tc, plain_lines_elsewhere);
	tcase_add_test(tc, a_dumb_terminal_gets_plain_lines);
	tcase_add_test(tc, nothing_unless_asked);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
