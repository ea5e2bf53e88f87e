/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_rude.c - clients of the server of examples/06-server.c that do not behave.
 *
 *	http_rude PORT requests		what is no request, too large, or comes in pieces
 *	http_rude PORT silent N		N say nothing or half of it: the server closes all of them
 *	http_rude PORT leave N		N go away while their page is made
 *	http_rude PORT full N MOST	N ask for a page that hangs, of which MOST have room
 *	http_rude PORT term PID		one waits for such a page when the server is told to end
 *
 * Waits for whatever has to come, without a bound of its own.  Status 0: all came as it should.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 200

static uint16_t port;
static char answered[1024]; /* the answer that was read last, from its first byte on */

static int
client(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&address, sizeof address) == -1)
		die("connect: %s", strerror(errno));
	return fd;
}

static void
say(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
		if (n == -1)
			die("send: %s", strerror(errno));
		text += n;
		len -= (size_t)n;
	}
}

static void
ask(int fd, const char *page)
{
	char request[200];
	int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n\r\n", page);

	say(fd, request, (size_t)len);
}

/* Read one answer, at its end exactly: its status; 0: the server has closed. */
static int
answer(int fd)
{
	char *text = answered;
	size_t len = 0, want = sizeof answered;
	const char *length, *body;

	while (len < want) {
		ssize_t n = recv(fd, text + len, want < sizeof answered ? want - len : 1, 0);
		if (n == 0 && len == 0)
			return 0;
		if (n <= 0)
			die("half an answer: %s", n == 0 ? "end" : strerror(errno));
		len += (size_t)n;
		text[len < sizeof answered ? len : sizeof answered - 1] = '\0';
		if (want == sizeof answered && (body = strstr(text, "\r\n\r\n")) != NULL) {
			length = strstr(text, "Content-Length: ");
			if (length == NULL)
				die("no length: %s", text);
			want = (size_t)(body + 4 - text) + strtoul(length + 16, NULL, 10);
		}
	}
	if (strncmp(text, "HTTP/1.1 ", 9) != 0)
		die("no answer: %s", text);
	return atoi(text + 9);
}

static void
expect(int fd, int status, const char *what)
{
	int got = answer(fd);

	if (got != status)
		die("%s: %d instead of %d", what, got, status);
	/* Of a page that broke the client learns what became of it, and nothing of the inside. */
	const char *outcome = status == 500 ? "\r\n\r\ncrashed\n" :
	    status == 504 ? "\r\n\r\ntimed_out\n" : NULL;
	if (outcome != NULL && strcmp(strstr(answered, "\r\n\r\n"), outcome) != 0)
		die("%s: it says %s", what, answered);
}

/* The server is as it was. */
static void
still_serves(void)
{
	int fd = client();

	ask(fd, "/ok?still");
	expect(fd, 200, "/ok");
	close(fd);
}

static const struct {
	const char *text;
	int status, closes;
} requests[] = {
	{ "GET /ok?a HTTP/1.1\r\nHost: b\r\n\r\n", 200, 0 },
	{ "GET /ok?a HTTP/1.1\r\nConnection: close\r\n\r\n", 200, 1 },
	{ "GET /ok?a HTTP/1.0\r\n\r\n", 200, 1 },
	{ "GET /nothing HTTP/1.1\r\n\r\n", 404, 0 },
	{ "GET /crash HTTP/1.1\r\n\r\n", 500, 0 },
	{ "POST /ok HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 200, 0 },
	{ "POST /ok HTTP/1.1\r\ncontent-length:\t0\r\n\r\n", 200, 0 },
	{ "POST /ok HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, 1 },
	{ "POST /ok HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nh", 400, 1 },
	{ "POST /ok HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413, 1 },
	{ "POST /ok HTTP/1.1\r\nContent-Length: 8192\r\n\r\n", 413, 1 },
	{ "POST /ok HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 1 },
	{ "GET  HTTP/1.1\r\n\r\n", 400, 1 },
	{ "GET /ok?a\r\n\r\n", 400, 1 },
	{ "\x16\x03\x01\x02garbage\r\n\r\n", 400, 1 },
	{ "\r\n\r\n", 400, 1 },
};

static void
requests_come(void)
{
	static char large[40000];

	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		const char *text = requests[i].text;
		for (int pieces = 0; pieces < 2; pieces++) { /* at once, and byte by byte */
			int fd = client();
			for (size_t j = 0; pieces && j < strlen(text); j++)
				say(fd, text + j, 1);
			if (!pieces)
				say(fd, text, strlen(text));
			expect(fd, requests[i].status, text);
			if (requests[i].closes)
				expect(fd, 0, text);
			close(fd);
		}
	}
	/* Several with one breath, of which one crashes. */
	int fd = client();
	static const char many[] = "GET /ok?a HTTP/1.1\r\n\r\nGET /crash HTTP/1.1\r\n\r\n"
	    "POST /ok HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /none HTTP/1.1\r\n\r\n";
	say(fd, many, sizeof many - 1);
	expect(fd, 200, "first of four");
	expect(fd, 500, "second");
	expect(fd, 200, "third");
	expect(fd, 404, "fourth");
	close(fd);
	/* Bytes of all kinds, and more of them than a request may have. */
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(job_mix(i) % 255);
	fd = client();
	say(fd, large, sizeof large);
	expect(fd, 431, "garbage");
	expect(fd, 0, "garbage");
	close(fd);
	fd = client();
	say(fd, "GET /ok\0?a HTTP/1.1\r\n\r\n", 24);
	expect(fd, 400, "a zero");
	close(fd);
}

static void
silent(int n)
{
	static int fds[CLIENTS_MAX];

	for (int i = 0; i < n; i++) {
		fds[i] = client();
		if (i % 2 == 1)
			say(fds[i], "GET /ok?a HT", 12);
	}
	still_serves();
	for (int i = 0; i < n; i++) {
		if (i % 2 == 1)
			expect(fds[i], 408, "half a request");
		expect(fds[i], 0, "silence");
		close(fds[i]);
	}
}

/* The pages hang, and have a timeout that is far longer than this may take. */
static void
leave(int n)
{
	for (int i = 0; i < n; i++) {
		const struct linger at_once = { .l_onoff = 1 };
		int fd = client();
		ask(fd, "/hang");
		if (i % 2 == 1) /* with a reset instead of an orderly end */
			(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		close(fd);
		still_serves();
	}
}

static void
full(int n, int most)
{
	static struct pollfd fds[CLIENTS_MAX];
	int refused = 0;

	for (int i = 0; i < n; i++) {
		fds[i] = (struct pollfd){ .fd = client(), .events = POLLIN };
		ask(fds[i].fd, "/hang");
	}
	while (refused < n - most) {
		(void)poll(fds, (nfds_t)n, -1);
		for (int i = 0; i < n; i++) {
			if (fds[i].revents == 0)
				continue;
			expect(fds[i].fd, 503, "one too many");
			refused++;
			close(fds[i].fd);
			fds[i].fd = -1;
		}
	}
	for (int i = 0; i < n; i++)
		if (fds[i].fd != -1)
			close(fds[i].fd);
	/* There is room again as soon as the server has noticed that. */
	int status, fd = client();
	do {
		ask(fd, "/ok?room");
		status = answer(fd);
	} while (status == 503);
	if (status != 200)
		die("afterwards: %d", status);
	close(fd);
}

static void
term(pid_t pid)
{
	int idle = client(), half = client(), waits = client(), last = client();

	say(half, "GET /o", 6);
	ask(waits, "/hang");
	ask(last, "/ok?a"); /* when it is answered, the one before has begun */
	expect(last, 200, "last");
	if (kill(pid, SIGTERM) == -1)
		die("kill: %s", strerror(errno));
	expect(idle, 0, "idle");
	expect(half, 0, "half a request");
	expect(waits, 504, "begun before the end");
	expect(waits, 0, "and then");
	close(waits);
	close(half);
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		die("usage: http_rude PORT CASE [NUMBER]...");
	port = (uint16_t)parse_number(argv[1]);
	int n = argc > 3 ? (int)parse_number(argv[3]) : 0;
	if (strcmp(argv[2], "term") == 0)
		return term(n), 0;
	if (n > CLIENTS_MAX)
		die("too many");
	if (strcmp(argv[2], "requests") == 0)
		requests_come();
	else if (strcmp(argv[2], "silent") == 0)
		silent(n);
	else if (strcmp(argv[2], "leave") == 0)
		leave(n);
	else if (strcmp(argv[2], "full") == 0 && argc > 4)
		full(n, (int)parse_number(argv[4]));
	else
		die("no such case: %s", argv[2]);
	still_serves();
	return 0;
}
