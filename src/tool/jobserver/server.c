/* SPDX-License-Identifier: BSD-2-Clause */
/* Server: the seats of jobs that are makes, and dealing and collecting their tokens. */
#include "config.h"
#include "tool/jobserver/server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/clock.h"
#include "tool/base/message.h"
#include "tool/base/temporary.h"
#include "tool/cli/makeflags.h"
#include "tool/exec/job_fd.h"
#include "tool/jobserver/token_pipe.h"

/* The byte that GNU make writes; no client may depend on its value. */
#define TOKEN '+'
/* How long a token may lie unused in one job's pipe while another job's is empty. */
#define IDLE_NS INT64_C(50000000)

struct seat {
	struct token_pipe pipe;
	struct command_jobserver told; /* what the job on the seat is told */
	struct bytes makeflags;
	int      is_taken;
	int      dealt;     /* tokens that lie in the pipe or that the job has taken */
};

static struct seat *seats;
static unsigned seat_count, turn; /* turn: the seat that is dealt the next token */
static int *descriptors;          /* the jobs' ends of all seats */
static int free_tokens;           /* below 0: there are to be fewer tokens than are in use */
static int64_t dealt_ns;          /* when server_deal() last looked for idle tokens */
static int has_fifos;
static char fifo_directory[PATH_MAX];
static size_t fifo_directory_len;

/* ----------------------------------------------------------------------------------------- open */

/* The path of a seat's FIFO, in fifo_directory's buffer; async-signal-safe. */
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
	const char *parent = temporary_directory();
	char shown[512], real[PATH_MAX];

	(void)message_word(shown, sizeof shown, parent, strlen(parent));
	/* An absolute path: jobs may run in another directory. */
	if (realpath(parent, real) == NULL)
		fail_errno("cannot make a directory for FIFOs in %s", temporary_place());
	/* Not every program that reads MAKEFLAGS knows how make quotes in it. */
	if (real[strcspn(real, " \t\n\\$'\"#")] != '\0')
		fail("--jobserver-style=fifo: TMPDIR, %s, must have a name without blanks, quotes, "
		     "\\, $ and #",
		    shown);
	int n = snprintf(fifo_directory, sizeof fifo_directory - 16, "%s/forkpool-XXXXXX", real);
	if (n < 0 || (size_t)n >= sizeof fifo_directory - 16)
		fail("TMPDIR, %s, has too long a name", shown);
	if (mkdtemp(fifo_directory) == NULL) {
		fifo_directory[0] = '\0';
		fail_errno("cannot make a directory for FIFOs in %s", temporary_place());
	}
	fifo_directory_len = (size_t)n;
}

/* Makes the seat's pipe: two ends for the job, and for us the same pipe opened once more. */
static void
seat_pipe_make(struct seat *s)
{
	char why[256];

	if (pipe(s->told.fds) == -1)
		fail_errno("cannot make a pipe for the jobserver");
	for (int i = 0; i < 2; i++)
		if (job_fd_raise(&s->told.fds[i], 4 * (int)seat_count) == -1)
			fail_errno("cannot make a pipe for the jobserver");
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
		seat_pipe_make(s);
		/*
		 * Makes before 4.2 know --jobserver-fds alone; later ones know both and take the
		 * last.
		 */
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

/* --------------------------------------------------------------------------------------- tokens */

/* Takes the unused tokens back out of the pipes, from each at most as many as were dealt to it. */
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

void
server_give(int seat)
{
	struct seat *s = &seats[seat];
	char token;

	/*
	 * Empty the pipe.  No process of the job is left that could hold a token or write one, but
	 * for a process of another user, which we could not end.
	 */
	for (unsigned left = token_pipe_count(&s->pipe);
	     left > 0 && token_pipe_take(&s->pipe, &token) == 1; left--)
		continue;
	free_tokens += 1 + s->dealt;
	s->dealt = 0;
	s->is_taken = 0;
	job_fd_restore(s->told.fds[0]);
	job_fd_restore(s->told.fds[1]);
}

const struct command_jobserver *
server_seat(int seat)
{
	return &seats[seat].told;
}

/* Whether tokens lie unused in one job's pipe while another job's is empty. */
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

/* How many seats are taken; *dealt: the tokens that they have been dealt. */
static unsigned
seats_taken(int *dealt)
{
	unsigned taken = 0;

	*dealt = 0;
	for (unsigned i = 0; i < seat_count; i++) {
		taken += (unsigned)seats[i].is_taken;
		*dealt += seats[i].dealt;
	}
	return taken;
}

void
server_deal(int64_t now)
{
	int dealt;
	unsigned taken = seats_taken(&dealt);

	if (taken > 1 && now - dealt_ns >= IDLE_NS) {
		dealt_ns = now;
		if (is_uneven())
			tokens_collect();
	}
	if (free_tokens < 0)
		tokens_collect();
	/* One token for each seat in turn, until none is free or no pipe takes one. */
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
	int dealt;

	if (seats_taken(&dealt) < 2 || dealt == 0)
		return -1;
	return clock_poll_ms(dealt_ns + IDLE_NS - now);
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
	int dealt, taken = (int)seats_taken(&dealt);

	free_tokens = (int)tokens - taken - dealt;
}

/* ---------------------------------------------------------------------------------------- close */

static void
fifos_remove(void)
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
server_on_fatal_signal(void)
{
	fifos_remove();
}

void
server_close(void)
{
	fifos_remove();
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
