/* SPDX-License-Identifier: BSD-2-Clause */
/* The clients of 06-server.c: accepted, read, answered, closed.  Nothing here is about the pool. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem() */
#endif
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct client clients[HTTP_CLIENTS];
static TAILQ_HEAD(, client) unused = TAILQ_HEAD_INITIALIZER(unused),
    awaited = TAILQ_HEAD_INITIALIZER(awaited); /* READING, WRITING, LEAVING; by .until */
static int set, listener = -1, listening, accept_due, in_use, stopping;
static int64_t patience;

/* ------------------------------------------------------------------------------- connections */

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
watch(int how, int fd, uint32_t events, void *whose)
{
	struct epoll_event event = { .events = events, .data.ptr = whose };

	return epoll_ctl(set, how, fd, &event);
}

/* Without a place for a connection, leave it in the system's queue. */
static void
listen_set(int on)
{
	if (listener != -1 && listening != on &&
	    watch(EPOLL_CTL_MOD, listener, on ? EPOLLIN : 0, &listener) == 0)
		listening = on;
}

static int
is_awaited(const struct client *c)
{
	return c->state == READING || c->state == WRITING || c->state == LEAVING;
}

/* Begin to await that of a client, which one of these events will tell. */
static void
enter(struct client *c, enum client_state state, uint32_t events)
{
	if (is_awaited(c))
		TAILQ_REMOVE(&awaited, c, link);
	c->state = state;
	c->until = now_ms() + patience;
	if (is_awaited(c)) /* at the end: we have the same patience with all */
		TAILQ_INSERT_TAIL(&awaited, c, link);
	if (c->events != events && watch(EPOLL_CTL_MOD, c->fd, events, c) == 0)
		c->events = events;
}

static void
place_free(struct client *c)
{
	TAILQ_INSERT_HEAD(&unused, c, link);
	in_use--;
	listen_set(1);
}

static void
client_close(struct client *c)
{
	(void)close(c->fd); /* that takes it out of the set as well */
	if (c->state == WORKING) {
		c->state = GONE;
		http_gone(c);
	} else {
		TAILQ_REMOVE(&awaited, c, link);
		place_free(c);
	}
}

static int
client_accept(struct client *c)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return -1;
	if (watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP, c) == -1) {
		(void)close(fd);
		return -1;
	}
	TAILQ_REMOVE(&unused, c, link);
	c->state = GONE;
	c->fd = fd;
	c->events = EPOLLIN | EPOLLRDHUP;
	c->in_len = 0;
	c->last_answer = 0;
	in_use++;
	enter(c, READING, c->events);
	return 0;
}

/* Send what is left of the answer, and go on to the next request. */
static void
client_write(struct client *c)
{
	ssize_t n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		client_close(c);
		return;
	}
	c->out_sent += n > 0 ? (size_t)n : 0;
	if (c->out_sent < c->out_len) {
		if (c->events != EPOLLOUT)
			enter(c, WRITING, EPOLLOUT);
	} else if (c->last_answer) {
		/* Closed with input unread, the system would take the answer back. */
		(void)shutdown(c->fd, SHUT_WR);
		enter(c, LEAVING, EPOLLIN);
	} else {
		c->in_len -= c->request_len; /* what follows is the next one */
		memmove(c->in, c->in + c->request_len, c->in_len);
		enter(c, READING, EPOLLIN | EPOLLRDHUP);
	}
}

/* ---------------------------------------------------------------------------------- requests */

/* Write the answer, and send what can be sent at once.  text may hold any bytes. */
static void
answer_send(struct client *c, const char *status, const void *text, size_t len)
{
	if (len > HTTP_ANSWER_MAX)
		len = HTTP_ANSWER_MAX;
	c->last_answer |= stopping;
	c->out_len = (size_t)snprintf(c->out, sizeof c->out,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n", status, len,
	    c->last_answer ? "Connection: close\r\n" : "");
	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
	c->out_sent = 0;
	client_write(c);
}

/* Answer what is no request that we know: where the next one begins is unknown too. */
static int
refuse(struct client *c, const char *status)
{
	c->last_answer = 1;
	answer_send(c, status, status, strlen(status));
	return 0;
}

/* Read what a head says of its body and of the connection.  -1: nothing that we understand. */
static int
head_read(struct client *c, const char *line, size_t *body_len)
{
	int lengths = 0;

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, "Transfer-Encoding:", 18) == 0)
			return -1;
		if (strncasecmp(line, "Connection: close", 17) == 0)
			c->last_answer = 1;
		if (strncasecmp(line, "Content-Length:", 15) == 0) {
			line += 15 + strspn(line + 15, " \t");
			if (lengths++ > 0 || *line < '0' || *line > '9')
				return -1;
			*body_len = strtoul(line, NULL, 10);
		}
	}
	return 0;
}

/* Take one request of what was read.  1: it is under way, or answered; 0: there is no whole one. */
static int
request_take(struct client *c)
{
	char method[8], minor, *end = memmem(c->in, c->in_len, "\r\n\r\n", 4), *body;
	int from, to;
	size_t body_len = 0;

	if (end == NULL)
		return c->in_len < HTTP_REQUEST_MAX ? 0 :
		    refuse(c, "431 Request Header Fields Too Large");
	*end = '\0';
	if (strlen(c->in) != (size_t)(end - c->in) ||
	    sscanf(c->in, "%7[A-Z] %n%*[^ \r\n]%n HTTP/1.%c", method, &from, &to, &minor) != 2 ||
	    head_read(c, c->in, &body_len) == -1)
		return refuse(c, "400 Bad Request");
	*end = '\r';
	body = end + 4;
	if (body_len > HTTP_REQUEST_MAX - (size_t)(body - c->in))
		return refuse(c, "413 Content Too Large");
	c->request_len = (size_t)(body - c->in) + body_len;
	if (c->in_len < c->request_len)
		return 0;
	c->last_answer |= minor == '0';
	/* Move the target to just before the body, over what is not needed any more. */
	size_t target_len = (size_t)(to - from);
	char *request = memmove(body - 1 - target_len, c->in + from, target_len);
	body[-1] = '\n';
	if (http_request(c, request, target_len + 1 + body_len) == HTTP_LATER)
		enter(c, WORKING, c->events); /* the same ones: that costs no system call */
	return 1;
}

static void
requests_take(struct client *c)
{
	while (c->state == READING && c->in_len > 0 && request_take(c))
		continue;
}

static void
client_read(struct client *c)
{
	if (c->state == LEAVING)
		c->in_len = 0; /* what comes now is thrown away */
	ssize_t n = read(c->fd, c->in + c->in_len, HTTP_REQUEST_MAX - c->in_len);
	if (n > 0) {
		c->in_len += (size_t)n;
		requests_take(c);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		client_close(c);
	}
}

/* ------------------------------------------------------------------------------- the interface */
void
http_answer(struct client *c, const char *status, const void *text, size_t len)
{
	int later = c->state == WORKING;

	if (c->state == GONE) {
		place_free(c);
		return;
	}
	if (later)
		enter(c, WRITING, c->events);
	answer_send(c, status, text, len);
	if (later)
		requests_take(c); /* what had come with the one that is answered now */
}

void
http_event(void *whose, uint32_t events)
{
	struct client *c = whose;

	if (whose == &listener)
		accept_due = 1; /* later: a new connection must not get an old one's event */
	else if (c->state == WORKING && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
		client_close(c); /* it has closed its side, so it wants no answer */
	else if (c->state == WORKING)
		enter(c, WORKING, EPOLLRDHUP); /* its next request can wait */
	else if (c->state != WRITING)
		client_read(c);
	else {
		client_write(c);
		requests_take(c);
	}
}

int
http_wait_ms(void)
{
	struct client *c;
	int64_t now = now_ms();

	while (accept_due && (c = TAILQ_FIRST(&unused)) != NULL && client_accept(c) == 0)
		continue;
	if (accept_due && (c == NULL || (errno != EAGAIN && errno != ECONNABORTED))) {
		if (in_use == 0)
			return -2; /* no descriptor is left, and none will be given back */
		listen_set(0);
	}
	accept_due = 0;
	while ((c = TAILQ_FIRST(&awaited)) != NULL && c->until <= now)
		if (c->state == READING && c->in_len > 0)
			(void)refuse(c, "408 Request Timeout");
		else
			client_close(c);
	return c == NULL ? -1 : (int)(c->until - now);
}

int
http_open(int epoll, uint16_t port, int64_t patience_ms)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof address;
	struct sockaddr *any = (struct sockaddr *)&address;
	const int on = 1;

	set = epoll;
	patience = patience_ms;
	for (int i = 0; i < HTTP_CLIENTS; i++)
		TAILQ_INSERT_TAIL(&unused, &clients[i], link);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener == -1 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
	    bind(listener, any, len) == -1 || listen(listener, HTTP_CLIENTS) == -1 ||
	    getsockname(listener, any, &len) == -1 ||
	    watch(EPOLL_CTL_ADD, listener, EPOLLIN, &listener) == -1)
		return -1;
	listening = 1;
	return ntohs(address.sin_port);
}

void
http_stop(void)
{
	struct client *c, *next;

	stopping = 1;
	(void)close(listener);
	listener = -1;
	accept_due = 0;
	for (c = TAILQ_FIRST(&awaited); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state == READING)
			client_close(c);
	}
}

int
http_clients(void)
{
	return in_use;
}
