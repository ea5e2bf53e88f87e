/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_load.c - clients of the server of examples/06-server.c, and how soon each was answered.
 *
 *	http_load CONNECTIONS REQUESTS CRASH_EVERY HANG_EVERY PORT
 *	http_load CONNECTIONS REQUESTS CRASH_EVERY HANG_EVERY SERVER [OPTION]...
 *
 * Each connection sends its next request when it has the answer to the one before.  Of so many
 * requests one is for the page that crashes, or for the one that hangs (0: none).  Each other one
 * asks for the checksum of a text of its own, so that an answer to somebody else is seen.  A SERVER
 * is started, has to print its address first, and is ended; its log of crashes is thrown away.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { ORDINARY, CRASH, HANG };

struct connection {
	int fd;
	enum kind kind;
	uint64_t number;          /* of its request; 0: it has none under way */
	int64_t sent_at;
	size_t len;
	char answer[1024];
};

static struct {
	uint64_t requests, sent, crash_every, hang_every;
	int64_t *all, *ordinary;  /* times to the answer */
	uint64_t answered, answered_ordinary;
	uint64_t late;            /* those that do not hang, and went past their timeout */
} load;

static uint64_t
checksum(const char *text)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return sum;
}

/* The text that a request is about. */
static void
text_of(uint64_t number, char *text, size_t room)
{
	snprintf(text, room, "%llu=%llx", (unsigned long long)number,
	    (unsigned long long)job_mix(number));
}

static void
request_send(struct connection *c)
{
	static const char *const pages[] = { "/ok?", "/crash?", "/hang?" };
	char text[64], request[200];

	c->number = ++load.sent;
	c->kind = ORDINARY;
	if (load.hang_every > 0 && c->number % load.hang_every == 0)
		c->kind = HANG;
	else if (load.crash_every > 0 && c->number % load.crash_every == 0)
		c->kind = CRASH;
	c->len = 0;
	text_of(c->number, text, sizeof text);
	int len = snprintf(request, sizeof request, "GET %s%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    pages[c->kind], text);
	c->sent_at = now_ns();
	if (send(c->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		die("request %llu: %s", (unsigned long long)c->number, strerror(errno));
}

/* The body of the answer, once that is complete; NULL: it is not yet. */
static const char *
body_of(const struct connection *c)
{
	const char *length = strstr(c->answer, "Content-Length: ");
	const char *body = strstr(c->answer, "\r\n\r\n");

	if (body == NULL)
		return NULL;
	body += 4;
	if (length == NULL || length > body)
		die("an answer without a length: %s", c->answer);
	size_t want = strtoul(length + 16, NULL, 10), got = c->len - (size_t)(body - c->answer);
	if (got > want)
		die("more than one answer to request %llu", (unsigned long long)c->number);
	return got == want ? body : NULL;
}

/* Whether it is the answer that this request has to have, and no other one could. */
static int
answer_is_right(const struct connection *c, const char *body)
{
	static const char *const statuses[] = { "200", "500", "504" },
	    *const bodies[] = { "", "crashed\n", "timed_out\n" };
	char text[64], sum[24];

	if (c->kind == ORDINARY) {
		text_of(c->number, text, sizeof text);
		snprintf(sum, sizeof sum, "%016llx\n", (unsigned long long)checksum(text));
	}
	return strncmp(c->answer, "HTTP/1.1 ", 9) == 0 &&
	    strncmp(c->answer + 9, statuses[c->kind], 3) == 0 &&
	    strcmp(body, c->kind == ORDINARY ? sum : bodies[c->kind]) == 0;
}

static void
answer_read(struct connection *c)
{
	ssize_t n = recv(c->fd, c->answer + c->len, sizeof c->answer - 1 - c->len, MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0 || c->number == 0)
		die("request %llu: %s", (unsigned long long)c->number,
		    n == 0 ? "the server has closed the connection" :
		    n == -1 ? strerror(errno) : "an answer that nobody asked for");
	c->len += (size_t)n;
	c->answer[c->len] = '\0';
	const char *body = body_of(c);
	if (body == NULL)
		return;
	if (c->kind != HANG && strncmp(c->answer, "HTTP/1.1 504", 12) == 0)
		load.late++; /* by a busy machine */
	else if (!answer_is_right(c, body))
		die("request %llu: %s", (unsigned long long)c->number, c->answer);
	int64_t took = now_ns() - c->sent_at;
	load.all[load.answered++] = took;
	if (c->kind == ORDINARY)
		load.ordinary[load.answered_ordinary++] = took;
	c->number = 0;
	if (load.sent < load.requests)
		request_send(c);
}

static int
connect_to(uint64_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&address, sizeof address) == -1)
		die("connect: %s", strerror(errno));
	return fd;
}

static void
run(uint64_t port, uint64_t connections)
{
	struct connection *all = allocate(connections, sizeof *all);
	struct epoll_event events[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	for (uint64_t i = 0; i < connections; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &all[i] };
		all[i].fd = connect_to(port);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event) == -1)
			die("epoll: %s", strerror(errno));
	}
	int64_t begun = now_ns();
	for (uint64_t i = 0; i < connections && load.sent < load.requests; i++)
		request_send(&all[i]);
	while (load.answered < load.requests) {
		int n = epoll_wait(epoll, events, 64, -1);
		if (n == -1 && errno != EINTR)
			die("epoll: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			answer_read(events[i].data.ptr);
	}
	emit("rate", (double)load.requests * 1e9 / (double)(now_ns() - begun), "requests/s");
	for (uint64_t i = 0; i < connections; i++)
		close(all[i].fd);
	close(epoll);
	free(all);
}

/* Start the server, and learn from its first line where it listens. */
static pid_t
server_start(char **command, uint64_t *port)
{
	char line[100] = "";
	int fds[2];

	if (pipe(fds) == -1)
		die("pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		int nothing = open("/dev/null", O_WRONLY);
		(void)dup2(nothing, STDERR_FILENO);
		(void)dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execvp(command[0], command);
		_exit(127);
	}
	close(fds[1]);
	if (pid == -1 || read(fds[0], line, sizeof line - 1) <= 0 ||
	    sscanf(line, "http://127.0.0.1:%5" SCNu64, port) != 1)
		die("%s does not say where it listens", command[0]);
	close(fds[0]);
	return pid;
}

static void
server_end(pid_t pid)
{
	int status;

	(void)kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		die("the server ended with status %#x", (unsigned)status);
}

int
main(int argc, char **argv)
{
	uint64_t port;
	pid_t server = 0;

	if (argc < 6)
		die("usage: http_load CONNECTIONS REQUESTS CRASH_EVERY HANG_EVERY PORT|SERVER...");
	load.requests = parse_number(argv[2]);
	load.crash_every = parse_number(argv[3]);
	load.hang_every = parse_number(argv[4]);
	load.all = allocate(load.requests + 1, sizeof *load.all);
	load.ordinary = allocate(load.requests + 1, sizeof *load.ordinary);
	if (argc > 6 || strchr(argv[5], '/') != NULL)
		server = server_start(argv + 5, &port);
	else
		port = parse_number(argv[5]);
	run(port, parse_number(argv[1]));
	if (server != 0)
		server_end(server);
	emit("late", (double)load.late, "requests");
	if (load.answered_ordinary > 0) {
		emit_times("ordinary", load.ordinary, load.answered_ordinary);
		emit("ordinary_max", (double)load.ordinary[load.answered_ordinary - 1], "ns");
	}
	if (load.answered > 0) {
		emit_times("all", load.all, load.answered);
		emit("all_max", (double)load.all[load.answered - 1], "ns");
	}
	return 0;
}
