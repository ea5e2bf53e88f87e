/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions that a job may call: reply, fail, progress, and questions about its run. */
#include "config.h"
#include "lib/job/context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/os/clock.h"
#include "lib/os/os.h"

static int
large_append(struct forkpool_context *c, const void *data, size_t len)
{
	if (c->spool != NULL)
		return spool_append(c->spool, data, len);
	if (len > c->area_room - c->value_len) {
		errno = EFBIG;
		return -1;
	}
	if (len > 0)
		memcpy(c->area + c->value_len, data, len);
	return 0;
}

/* Move the reply so far from the context to the spool or area, where there is room for more. */
static int
large_begin(struct forkpool_context *c)
{
	size_t len = c->value_len;

	if (c->spool != NULL)
		spool_begin(c->spool);
	c->value_len = 0;
	int r = large_append(c, c->value, len);
	c->value_len = len;
	c->is_large = r == 0;
	return r;
}

/* Whether the job has forked this process, which must not touch the reply: at WORKER a large value
   would go into the worker's part of the spool. */
static int
is_offspring(const struct forkpool_context *c)
{
	if (c->process != 0)
		return os_self() != c->process;
	return c->canary != NULL && !canary_holds(c->canary, CANARY_WORKER);
}

/* What a job function calls answers as the function itself does, with an error number. */
static int
refuse(int error)
{
	errno = error;
	return error;
}

int
forkpool_reply(struct forkpool_context *c, const void *data, size_t len)
{
	if (is_offspring(c))
		return refuse(ECHILD);
	if (data == NULL && len > 0)
		return refuse(EINVAL);
	if (len > c->value_max - c->value_len)
		return refuse(EMSGSIZE);
	if (!c->is_large && len <= sizeof c->value - c->value_len) {
		wire_copy(c->value + c->value_len, data, len);
		c->value_len += len;
		return 0;
	}
	if ((!c->is_large && large_begin(c) == -1) || large_append(c, data, len) == -1)
		return errno;
	c->value_len += len;
	return 0;
}

int
forkpool_fail(struct forkpool_context *c, int error, const char *format, ...)
{
	va_list arguments;
	int n = 0;

	if (is_offspring(c))
		return error;
	if (format != NULL) {
		va_start(arguments, format);
		n = vsnprintf(c->message, sizeof c->message, format, arguments);
		va_end(arguments);
	}
	size_t len = n < 0 ? 0 : (size_t)n;
	c->message_len = len < sizeof c->message ? len : sizeof c->message - 1;
	return error;
}

int
forkpool_cancelled(const struct forkpool_context *c)
{
	return c->cancelled ||
	    (c->deadline != CLOCK_NEVER && slot_clock(c->paused_ns) >= c->deadline);
}

int64_t
forkpool_time_left(const struct forkpool_context *c)
{
	if (c->deadline == CLOCK_NEVER)
		return INT64_MAX;
	int64_t left = c->deadline - slot_clock(c->paused_ns);
	return left > 0 ? left : 0;
}

int
forkpool_progress(struct forkpool_context *c, uint64_t done, uint64_t total)
{
	if (c->canary != NULL && !canary_holds(c->canary, CANARY_WORKER))
		return refuse(ECHILD);
	c->has_progress = 1;
	atomic_store_explicit(&c->progress[1], total, memory_order_relaxed);
	atomic_store_explicit(&c->progress[0], done, memory_order_relaxed);
	return 0;
}

uint64_t
forkpool_job_seq(const struct forkpool_context *c)
{
	return c->seq;
}

const char *
forkpool_job_id(const struct forkpool_context *c)
{
	return c->id;
}

unsigned
forkpool_attempt(const struct forkpool_context *c)
{
	return c->attempt;
}

unsigned
forkpool_worker_index(const struct forkpool_context *c)
{
	return c->worker;
}

void *
forkpool_worker_state(const struct forkpool_context *c)
{
	return c->state;
}
