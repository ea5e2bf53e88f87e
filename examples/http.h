/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http - the clients of 06-server.c: connections that are bounded in number, in memory and in time.
 *
 * HTTP/1.1 with connections that stay open, on 127.0.0.1, and no more of it than that needs.
 * Nothing here blocks, and nothing here knows of the pool.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { HTTP_CLIENTS = 512, HTTP_REQUEST_MAX = 8192, HTTP_ANSWER_MAX = 256 };

/* What is awaited of a client.  While it is WORKING the job's timeout is the bound; each other
   state lasts as long as the server has patience, so that nobody keeps a place by doing nothing,
   or by sending a byte now and then. */
enum client_state {
	READING, /* a request */
	WORKING, /* nothing: the client waits for our answer */
	WRITING, /* that there is room for the answer */
	LEAVING, /* that it reads our last answer, and closes */
	GONE,    /* nothing, but the answer that was asked for is still to come */
};

struct client {
	enum client_state state;
	int fd, last_answer;
	uint32_t events;         /* that epoll looks for */
	int64_t until;           /* patience ends; in milliseconds */
	TAILQ_ENTRY(client) link;
	size_t in_len, request_len, out_len, out_sent;
	char in[HTTP_REQUEST_MAX + 1], out[HTTP_ANSWER_MAX + 200];
	uint64_t job;            /* the server's own: what makes the answer */
};

/* ----------------------------------------------------------------- what the server has to have */

/* Have http_answer() called for this request, "TARGET\nBODY", once: it was (HTTP_NOW), or it will
   be. */
enum http_when { HTTP_NOW, HTTP_LATER };
enum http_when http_request(struct client *, const char *request, size_t len);
/* Nobody will read that answer any more; it is to be given all the same, and soon. */
void http_gone(struct client *);

/* --------------------------------------------------------------------------- what it can call */

/* Listen, and have connections watched by that epoll(7) instance.  The port; -1 and errno. */
int  http_open(int epoll, uint16_t port, int64_t patience_ms);
/* Something has happened to a descriptor that is watched for http. */
void http_event(void *whose, uint32_t events);
/* Before each wait: accept and close connections.  How long to wait, for epoll_wait(2); -2: that
   cannot go on, and errno. */
int  http_wait_ms(void);
void http_answer(struct client *, const char *status, const void *text, size_t len);
/* Accept nothing more, and close each connection that has no request under way. */
void http_stop(void);
/* Connections, those included whose answer is still to come. */
int  http_clients(void);

#endif
