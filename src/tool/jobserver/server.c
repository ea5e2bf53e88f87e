/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/jobserver/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/cli/makeflags.h"
#include "tool/jobserver/token_pipe.h"

/* What GNU make itself writes; nobody may care. */
#define TOKEN '+'
/* How long a token may lie idle before one job while another has none. */
#define IDLE_NS INT64_C(50000000)

struct seat {
	struct token_pipe pipe;
	struct command_jobserver told;
	struct bytes makeflags;
	int      is_taken;
	int      dealt;     /* tokens that lie in the pipe or that the job has in hand */
};

static struct seat *seats;
static unsigned seat_count, turn; /* whose turn it is when tokens are dealt */
static int *descriptors;          /* of all seats, for the pool */
static int free_tokens;           /* below 0: there are to be fewer, and they are in use still */
static int64_t dealt_ns;
static int has_fifos;
static char fifo_directory[PATH_MAX];
static size_t fifo_directory_len;

/* ------------------------------------------------------------------------------------------- open */

/* Into the buffer behind the directory's name; async-signal-safe. */
static const char *
fifo_path(unsigned seat)
{
	char digits[12], *to = fifo_directory + fifo_directory_len;
	int n = 0;

	do
		digits[n++] = (char)('0' + seat % 10);
	while ((seat /= 10) > 0);
	*to++ = '/';
	while (n > 0)
		*to++ = digits[--n];
	*to = '\0';
	return fifo_directory;
}

static void
fifo_directory_make(void)
{
	const char *parent = getenv("TMPDIR");
	char shown[512], real[PATH_MAX];

	if (parent == NULL || parent[0] == '\0')
		parent = "/tmp";
	(void)message_word(shown, sizeof shown, parent, strlen(parent));
	/* Jobs may be elsewhere. */
	if (realpath(parent, real) == NULL)
		fail_errno("cannot make a directory for FIFOs in TMPDIR, %s", shown);
	/* Not every program that reads MAKEFLAGS knows how make quotes there. */
	if (real[strcspn(real, " \t\n\\$'\"#")] != '\0')
		fail("--jobserver-style=fifo: TMPDIR, %s, must have a name without blanks, quotes, "
		     "\\, $ and #",
		    shown);
	int n = snprintf(fifo_directory, sizeof fifo_directory - 16, "%s/forkpool-XXXXXX", real);
	if (n < 0 || (size_t)n >= sizeof fifo_directory - 16)
		fail("TMPDIR, %s, has too long a name", shown);
	if (mkdtemp(fifo_directory) == NULL) {
		fifo_directory[0] = '\0';
		fail_errno("cannot make a directory for FIFOs in TMPDIR, %s", shown);
	}
	fifo_directory_len = (size_t)n;
}

/* Two ends for the job, at numbers in a row with those of the other seats, which make short work of closing all that is
   between; and for us one more opening of the pipe. */
static void
stdin_blocks_open(struct seat *s)
{
	char why[256];
	int end[2];

	if (pipe(end) == -1)
		fail_errno("cannot make a pipe for the jobserver");
	for (int i = 0; i < 2; i++) {
		s->told.fds[i] = fcntl(end[i], F_DUPFD_CLOEXEC, 4 * (int)seat_count);
		if (s->told.fds[i] == -1)
			fail_errno("cannot make a pipe for the jobserver");
		(void)close(end[i]);
	}
	if (token_pipe_join(&s->pipe, s->told.fds[0], s->told.fds[1], why, sizeof why) == -1)
		fail("cannot use a pipe for the jobserver: %s", why);
}

static void
seat_open(struct seat *s, unsigned number, unsigned tokens, const char *makeflags)
{
	struct bytes words = { 0 };

	bytes_printf(&words, "-j%u ", tokens);
	if (has_fifos) {
		if (token_pipe_make(&s->pipe, fifo_path(number)) == -1)
			fail_errno("cannot make a FIFO for the jobserver, %s", fifo_path(number));
		bytes_printf(&words, "--jobserver-auth=fifo:%s", fifo_path(number));
	} else {
		stdin_blocks_open(s);
		/* The older name is all that makes before 4.2 know; those after it take the last. */
		bytes_printf(&words, "--jobserver-fds=%d,%d --jobserver-auth=%d,%d", s->told.fds[0],
		    s->told.fds[1], s->told.fds[0], s->told.fds[1]);
	}
	makeflags_write(&s->makeflags, makeflags, words.at);
	s->told.makeflags = s->makeflags.at;
	bytes_free(&words);
}

void
server_open(unsigned tokens, unsigned count, int with_fifos, const char *makeflags)
{
	size_t n = 0;

	seats = calloc(count, sizeof *seats);
	descriptors = calloc(2 * (size_t)count + 1, sizeof *descriptors);
	if (seats == NULL || descriptors == NULL)
		fail_memory();
	for (unsigned i = 0; i < count; i++) {
		seats[i].pipe = TOKEN_PIPE_NONE;
		seats[i].told.fds[0] = seats[i].told.fds[1] = -1;
	}
	seat_count = count;
	has_fifos = with_fifos;
	free_tokens = (int)tokens;
	if (with_fifos)
		fifo_directory_make();
	for (unsigned i = 0; i < count; i++) {
		seat_open(&seats[i], i, tokens, makeflags);
		for (int j = 0; j < 2; j++)
			if (seats[i].told.fds[j] != -1)
				descriptors[n++] = seats[i].told.fds[j];
	}
	descriptors[n] = -1;
}

const int *
server_descriptors(void)
{
	return descriptors;
}

/* ----------------------------------------------------------------------------------------- tokens */

/* What lies idle before jobs comes back; at most that much of it is ours. */
static void
tokens_collect(void)
{
	char token;

	for (unsigned i = 0; i < seat_count; i++) {
		struct seat *s = &seats[i];
		while (s->dealt > 0 && token_pipe_take(&s->pipe, &token) == 1) {
			s->dealt--;
			free_tokens++;
		}
	}
}

int
server_take(void)
{
	unsigned i = 0;

	if (free_tokens <= 0)
		tokens_collect();
	while (i < seat_count && seats[i].is_taken)
		i++;
	if (free_tokens <= 0 || i == seat_count)
		return -1;
	seats[i].is_taken = 1;
	free_tokens--;
	return (int)i;
}

/* As it was made: a job may have made it one that does not wait. */
static void
waits_again(int fd)
{
	int flags = fd == -1 ? -1 : fcntl(fd, F_GETFL);

	if (flags != -1 && (flags & O_NONBLOCK) != 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

void
server_give(int seat)
{
	struct seat *s = &seats[seat];
	char token;

	/* Nobody is left who could have one in hand, or write one (but another user's process, which we could not end). */
	for (unsigned left = token_pipe_count(&s->pipe);
	     left > 0 && token_pipe_take(&s->pipe, &token) == 1; left--)
		continue;
	free_tokens += 1 + s->dealt;
	s->dealt = 0;
	s->is_taken = 0;
	waits_again(s->told.fds[0]);
	waits_again(s->told.fds[1]);
}

const struct command_jobserver *
server_seat(int seat)
{
	return &seats[seat].told;
}

/* Whether one has tokens before it that it does not take, and another has none: how many are taken by jobs. */
static int
is_uneven(void)
{
	unsigned idle = 0, without = 0;

	for (unsigned i = 0; i < seat_count; i++)
		if (seats[i].is_taken) {
			unsigned n = token_pipe_count(&seats[i].pipe);
			idle += n > 0;
			without += n == 0;
		}
	return idle > 0 && without > 0;
}

void
server_deal(int64_t now)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < seat_count; i++)
		taken += (unsigned)seats[i].is_taken;
	if (taken > 1 && now - dealt_ns >= IDLE_NS) {
		dealt_ns = now;
		if (is_uneven())
			tokens_collect();
	}
	if (free_tokens < 0)
		tokens_collect();
	for (unsigned tried = 0; taken > 0 && free_tokens > 0 && tried < seat_count;
	     turn = (turn + 1) % seat_count) {
		struct seat *s = &seats[turn];
		tried++;
		if (s->is_taken && token_pipe_give(&s->pipe, TOKEN) == 0) {
			s->dealt++;
			free_tokens--;
			tried = 0;
		}
	}
}

int
server_timeout(int64_t now)
{
	unsigned taken = 0;
	int dealt = 0;

	for (unsigned i = 0; i < seat_count; i++) {
		taken += (unsigned)seats[i].is_taken;
		dealt += seats[i].dealt;
	}
	if (taken < 2 || dealt == 0)
		return -1;
	int64_t left = dealt_ns + IDLE_NS - now;
	return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

size_t
server_pollfds(struct pollfd *fds)
{
	size_t n = 0;

	for (unsigned i = 0; i < seat_count; i++)
		if (seats[i].is_taken && seats[i].dealt > 0)
			fds[n++] = (struct pollfd){ .fd = seats[i].pipe.read_fd, .events = POLLIN };
	return n;
}

unsigned
server_seats(void)
{
	return seat_count;
}

void
server_resize(unsigned tokens)
{
	int all = free_tokens;

	for (unsigned i = 0; i < seat_count; i++)
		all += seats[i].is_taken + seats[i].dealt;
	free_tokens += (int)tokens - all;
}

/* ------------------------------------------------------------------------------------------ close */

void
server_on_fatal_signal(void)
{
	if (fifo_directory[0] == '\0')
		return;
	for (unsigned i = 0; i < seat_count; i++)
		(void)unlink(fifo_path(i));
	fifo_directory[fifo_directory_len] = '\0';
	(void)rmdir(fifo_directory);
	fifo_directory[0] = '\0';
}

void
server_close(void)
{
	server_on_fatal_signal();
	for (unsigned i = 0; i < seat_count; i++) {
		token_pipe_close(&seats[i].pipe);
		for (int j = 0; j < 2; j++)
			if (seats[i].told.fds[j] != -1)
				(void)close(seats[i].told.fds[j]);
		bytes_free(&seats[i].makeflags);
	}
	free(seats);
	free(descriptors);
	seats = NULL;
	descriptors = NULL;
	seat_count = 0;
}
