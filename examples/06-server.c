/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An HTTP server whose pages are made by code that may crash or hang: no request costs another one.
 *
 *	06-server [--port N] [--workers N] [--level worker|job|sandbox] [--timeout MS]
 *	          [--queue N] [--patience MS] [--inline]
 *
 * It listens on 127.0.0.1 (port 0, the default, is one that is free), prints its address, and
 * serves until SIGTERM or SIGINT; then it answers what it has begun, and ends.  /ok?TEXT answers a
 * checksum of TEXT, /ok that of the body of a POST; /crash follows a NULL pointer; /hang never
 * ends, nor does /spin, which keeps a processor busy as well.  With --inline this process makes
 * the pages itself, as a server without a pool does, to compare.
 *
 * One thread waits for everything by epoll(7), and the pool is one of the descriptors that it
 * waits for: forkpool_fd().  http.c takes care of the clients, and calls http_request() with each
 * request.  That makes a job of it, page_job() runs in a worker, and result_answer() tells the
 * client what became of it, whatever that was; why is in the log, on standard error.
 */
#include <errno.h>
#include <forkpool.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "http.h"

static struct forkpool *pool;
static int make_inline, signals = -1; /* signals: readable when one has come */

/* ------------------------------------------------------- pages: the code that is not trusted */

/* Make the page for a request, "TARGET\nBODY".  0, or an error number. */
static int
page(const char *request, size_t len, char *text, size_t room)
{
	const char *line = memchr(request, '\n', len), *at = line + 1, *end = request + len;
	unsigned long long sum = 0xcbf29ce484222325;

	if (strncmp(request, "/crash", 6) == 0)
		*(volatile int *)NULL = 1;
	while (strncmp(request, "/hang", 5) == 0)
		(void)pause();
	while (strncmp(request, "/spin", 5) == 0)
		*(volatile char *)text = 0;
	if (strncmp(request, "/ok?", 4) == 0) {
		at = request + 4;
		end = line;
	} else if (strncmp(request, "/ok\n", 4) != 0) {
		return ENOENT;
	}
	for (; at < end; at++)
		sum = (sum ^ (unsigned char)*at) * 0x100000001b3;
	(void)snprintf(text, room, "%016llx\n", sum);
	return 0;
}

/* The job: runs in a worker, or in a process of its own. */
static int
page_job(struct forkpool_context *context, const void *args, size_t args_len)
{
	char text[HTTP_ANSWER_MAX];
	int error = page(args, args_len, text, sizeof text);

	return error == 0 ? forkpool_reply(context, text, strlen(text)) :
			    forkpool_fail(context, error, "no such page");
}

/* ------------------------------------------------------------------- from requests to answers */

static enum http_when
request_inline(struct client *c, const char *request, size_t len)
{
	char text[HTTP_ANSWER_MAX];

	if (page(request, len, text, sizeof text) == 0)
		http_answer(c, "200 OK", text, strlen(text));
	else
		http_answer(c, "404 Not Found", "", 0);
	return HTTP_NOW;
}

enum http_when
http_request(struct client *c, const char *request, size_t len)
{
	static const char busy[] = "busy\n";
	const struct forkpool_job job = {
		.fn = page_job, .args = request, .args_len = len, /* copied by forkpool_submit() */
		.user = c,                                        /* handed back with the result */
	};

	if (make_inline)
		return request_inline(c, request, len);
	if (forkpool_submit(pool, &job, &c->job) == 1)
		return HTTP_LATER;
	/* The queue is full.  To say so now is better than to let requests wait without a bound. */
	http_answer(c, "503 Service Unavailable", busy, sizeof busy - 1);
	return HTTP_NOW;
}

/* The client has gone away: do not let its job keep a worker.  A result comes all the same. */
void
http_gone(struct client *c)
{
	(void)forkpool_cancel_job(pool, c->job, FORKPOOL_CANCEL_RUNNING);
}

static const char *
status_of(const struct forkpool_result *r)
{
	switch (r->outcome) {
	case FORKPOOL_OK:
		return "200 OK";
	case FORKPOOL_FAILED: /* it has returned an error number */
		return r->error == ENOENT ? "404 Not Found" : "500 Internal Server Error";
	case FORKPOOL_TIMED_OUT:
		return "504 Gateway Timeout";
	default: /* CRASHED, OVER_LIMIT, DENIED, ... */
		return "500 Internal Server Error";
	}
}

static void
result_answer(const struct forkpool_result *r)
{
	const char *outcome = forkpool_outcome_name(r->outcome), *status = status_of(r);
	char text[HTTP_ANSWER_MAX];

	if (r->outcome == FORKPOOL_OK) {
		http_answer(r->user, status, r->value, r->value_len);
		return;
	}
	/* The message has names and places of our source: that is for the log, and for the client
	   what became of its page. */
	if (status[0] == '5' && r->outcome != FORKPOOL_CANCELLED)
		(void)fprintf(stderr, "job %" PRIu64 ": %s: %s\n", r->seq, outcome, r->message);
	(void)snprintf(text, sizeof text, "%s\n", outcome);
	http_answer(r->user, status, text, strlen(text));
}

/* What is done when forkpool_fd() is readable: let the pool work, and take all results. */
static int
pool_turn(void)
{
	const struct forkpool_result *r;
	int got;

	if (forkpool_dispatch(pool, NULL, 0) == -1)
		return -1;
	while ((got = forkpool_next(pool, &r)) == 1)
		result_answer(r);
	return got;
}

/* ---------------------------------------------------------------------------------- the loop */

/* Serve until a signal comes, and all that was begun then is answered. */
static int
serve(int epoll)
{
	struct epoll_event events[64];
	int stopping = 0;

	while (!stopping || http_clients() > 0) {
		int pool_ready = 0, wait_ms = http_wait_ms();
		if (wait_ms == -2)
			return -1;
		int n = epoll_wait(epoll, events, sizeof events / sizeof events[0], wait_ms);
		if (n == -1 && errno != EINTR)
			return -1;
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &pool) {
				pool_ready = 1;
			} else if (events[i].data.ptr == &signals) {
				struct signalfd_siginfo info;
				(void)read(signals, &info, sizeof info);
				stopping = 1;
			} else {
				http_event(events[i].data.ptr, events[i].events);
			}
		}
		/* Last, since it may close connections, which then have no event any more. */
		if (pool_ready && pool_turn() == -1)
			return -1;
		if (stopping == 1) {
			http_stop();
			stopping = 2;
		}
	}
	return 0;
}

static int
watch_input(int epoll, int fd, void *whose)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = whose };

	return fd == -1 ? -1 : epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Open all that the loop waits for, and run it. */
static int
run(uint16_t port, int64_t patience_ms)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), status = -1;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* they come by the descriptor alone */
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	int listening = epoll == -1 ? -1 : http_open(epoll, port, patience_ms);
	if (listening != -1 && watch_input(epoll, signals, &signals) == 0 &&
	    watch_input(epoll, forkpool_fd(pool), &pool) == 0) {
		printf("http://127.0.0.1:%d/\n", listening);
		(void)fflush(stdout);
		status = serve(epoll);
	}
	if (status == -1)
		perror("server");
	if (signals != -1)
		(void)close(signals);
	if (epoll != -1)
		(void)close(epoll);
	return status;
}

static void
usage(void)
{
	(void)fprintf(stderr, "usage: 06-server [--port N] [--workers N] "
	    "[--level worker|job|sandbox]\n\t[--timeout MS] [--queue N] [--patience MS] "
	    "[--inline]\n");
	exit(2);
}

static long
number(long least, long most)
{
	char *end;
	long n = strtol(optarg, &end, 10);

	if (end == optarg || *end != '\0' || n < least || n > most)
		usage();
	return n;
}

int
main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "workers", required_argument, NULL, 'w' },
		{ "level", required_argument, NULL, 'l' },
		{ "timeout", required_argument, NULL, 't' },
		{ "queue", required_argument, NULL, 'q' },
		{ "patience", required_argument, NULL, 'P' },
		{ "inline", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	/* A reply may not be longer than an answer: that bound needs no trust in the page. */
	struct forkpool_options options = {
		.workers = 4,
		.timeout_ns = 1000000000,
		.queue_limit = HTTP_CLIENTS / 2,
		.max_value_len = HTTP_ANSWER_MAX,
	};
	long patience_ms = 5000, port = 0;
	char error[300];
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (c == 'p')
			port = number(0, 65535);
		else if (c == 'w')
			options.workers = (unsigned)number(1, 4096);
		else if (c == 't')
			options.timeout_ns = number(1, 1000000) * 1000000;
		else if (c == 'q')
			options.queue_limit = (size_t)number(1, 1000000);
		else if (c == 'P')
			patience_ms = number(1, 1000000);
		else if (c == 'i')
			make_inline = 1;
		else if (c == 'l' && strcmp(optarg, "job") == 0)
			options.isolation = FORKPOOL_ISOLATE_JOB;
		else if (c == 'l' && strcmp(optarg, "sandbox") == 0)
			options.isolation = FORKPOOL_ISOLATE_SANDBOX;
		else if (c != 'l' || strcmp(optarg, "worker") != 0)
			usage();
	pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		(void)fprintf(stderr, "no pool: %s\n", error);
		return 3;
	}
	int status = run((uint16_t)port, patience_ms);
	return forkpool_close(pool) == 0 && status == 0 ? 0 : 1;
}
