/* SPDX-License-Identifier: BSD-2-Clause */
/* The caller's options: checked, copied, and with their defaults filled in. */
#include "config.h"
#include "lib/pool/pool_options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ipc/shared.h"
#include "lib/job/outcome.h"
#include "lib/os/os.h"
#include "lib/sandbox/limits.h"

#define QUEUE_LIMIT_MAX   ((size_t)1 << 24)
#define VALUE_MAX_DEFAULT ((size_t)64 << 20)
#define VALUE_MAX_MAX     ((uint64_t)1 << 40)
#define RETRY_DEFAULT     (1u << FORKPOOL_CRASHED | 1u << FORKPOOL_TIMED_OUT | 1u << FORKPOOL_LOST)

int
error_set(const struct error_text *to, int error, const char *format, ...)
{
	va_list arguments;

	if (to->size > 0) {
		va_start(arguments, format);
		(void)vsnprintf(to->text, to->size, format, arguments);
		va_end(arguments);
	}
	errno = error;
	return -1;
}

static int
options_check(const struct forkpool_options *o, const struct error_text *to)
{
	if (o->workers > SHARED_WORKERS_MAX)
		return error_set(to, EINVAL, "workers: %u is more than %u", o->workers,
		    SHARED_WORKERS_MAX);
	if (o->queue_limit > QUEUE_LIMIT_MAX)
		return error_set(to, EINVAL, "queue_limit: %zu is more than %zu", o->queue_limit,
		    QUEUE_LIMIT_MAX);
	if (o->grace_ns < 0)
		return error_set(to, EINVAL, "grace_ns: must not be negative");
	if ((uint64_t)o->max_value_len > VALUE_MAX_MAX)
		return error_set(to, EINVAL, "max_value_len: %zu is more than a terabyte",
		    o->max_value_len);
	if ((o->retry_on & ~((1u << OUTCOME_COUNT) - 1)) != 0 ||
	    (o->retry_on & 1u << FORKPOOL_OK) != 0)
		return error_set(to, EINVAL, "retry_on: %#x is not a set of outcomes other than OK",
		    o->retry_on);
	if (o->isolation != FORKPOOL_ISOLATE_WORKER && o->isolation != FORKPOOL_ISOLATE_JOB &&
	    o->isolation != FORKPOOL_ISOLATE_SANDBOX)
		return error_set(to, EINVAL, "isolation: %d is no level", (int)o->isolation);
	if (o->environment != NULL && o->isolation == FORKPOOL_ISOLATE_WORKER)
		return error_set(to, EINVAL,
		    "environment: is for FORKPOOL_ISOLATE_JOB and FORKPOOL_ISOLATE_SANDBOX only");
	if (o->sandbox != NULL && o->isolation == FORKPOOL_ISOLATE_WORKER)
		return error_set(to, EINVAL,
		    "sandbox: is for FORKPOOL_ISOLATE_SANDBOX only (for FORKPOOL_ISOLATE_JOB its "
		    "cgroup)");
	if (o->sandbox != NULL && o->isolation == FORKPOOL_ISOLATE_JOB &&
	    (o->sandbox->readable != NULL || o->sandbox->writable != NULL || o->sandbox->network ||
		o->sandbox->exec || o->sandbox->namespaces || o->sandbox->uid != 0 ||
		o->sandbox->gid != 0))
		return error_set(to, EINVAL, "sandbox: FORKPOOL_ISOLATE_JOB takes its cgroup only");
	if (o->output != FORKPOOL_OUTPUT_INHERIT && o->output != FORKPOOL_OUTPUT_DISCARD &&
	    o->output != FORKPOOL_OUTPUT_CAPTURE)
		return error_set(to, EINVAL, "output: %d is none of inherit, discard, capture",
		    (int)o->output);
	if (o->limits.output > 0 && o->output != FORKPOOL_OUTPUT_CAPTURE)
		return error_set(to, EINVAL, "limits.output: is for FORKPOOL_OUTPUT_CAPTURE only");
	/* Jobs run on a copy of the stack of the thread that opens the pool. */
	if (o->limits.stack > 0 && !os_is_first_thread())
		return error_set(to, ENOTSUP,
		    "limits.stack: holds only where the process's first thread opens the pool");
	return limits_check(&o->limits, o->isolation, to->text, to->size);
}

/* Copy a structure that begins with its own size: the caller's version may have fewer members (the
   rest is zero here), or more, of which none may be set. */
static int
structure_copy(void *copy, size_t known, const void *given, const char *name,
    const struct error_text *to)
{
	size_t size;

	memset(copy, 0, known);
	if (given == NULL)
		return 0;
	memcpy(&size, given, sizeof size);
	if (size == 0)
		size = known;
	if (size < sizeof size)
		return error_set(to, EINVAL, "struct_size: %zu is no size of struct forkpool_%s",
		    size, name);
	for (size_t i = known; i < size; i++)
		if (((const unsigned char *)given)[i] != 0)
			return error_set(to, EINVAL,
			    "%s: a member is set that this version of forkpool does not know",
			    name);
	memcpy(copy, given, size < known ? size : known);
	return 0;
}

void
environment_free(char **environment)
{
	for (char **at = environment; at != NULL && *at != NULL; at++)
		free(*at);
	free(environment);
}

int
environment_copy(char ***copy, const char *const *given, const struct error_text *to)
{
	size_t n = 0, kept = 0;

	*copy = NULL;
	if (given == NULL)
		return 0;
	while (given[n] != NULL)
		n++;
	if ((*copy = calloc(n + 1, sizeof **copy)) == NULL)
		return error_set(to, ENOMEM, "no memory for the environment");
	for (size_t i = 0; i < n; i++) {
		int whole = strchr(given[i], '=') != NULL;
		const char *value = whole ? "" : getenv(given[i]);
		if (given[i][0] == '=' || given[i][0] == '\0')
			return error_set(to, EINVAL, "environment: entry %zu has no name", i);
		if (value == NULL)
			continue;
		if (asprintf(&(*copy)[kept], "%s%s%s", given[i], whole ? "" : "=", value) == -1) {
			(*copy)[kept] = NULL;
			return error_set(to, ENOMEM, "no memory for the environment");
		}
		kept++;
	}
	return 0;
}

static unsigned
processors_online(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > (long)SHARED_WORKERS_MAX ? SHARED_WORKERS_MAX : (unsigned)n;
}

int
pool_options_take(struct forkpool_options *o, struct forkpool_sandbox *sandbox,
    const struct forkpool_options *given, const struct error_text *to)
{
	if (structure_copy(o, sizeof *o, given, "options", to) == -1 ||
	    structure_copy(sandbox, sizeof *sandbox, o->sandbox, "sandbox", to) == -1)
		return -1;
	if (o->sandbox != NULL)
		o->sandbox = sandbox;
	return options_check(o, to);
}

void
pool_options_fill(struct dispatch_options *to, const struct forkpool_options *o)
{
	uint64_t value_max = o->max_value_len > 0 ? o->max_value_len : VALUE_MAX_DEFAULT;
	unsigned processors = processors_online();
	unsigned workers = o->workers > 0 ? o->workers : processors;
	uint64_t output_max = 0;

	if (o->output == FORKPOOL_OUTPUT_CAPTURE)
		output_max = o->limits.output > 0 ? (uint64_t)o->limits.output : value_max;
	*to = (struct dispatch_options){
		.workers = workers,
		.processors = processors,
		.queue_limit = o->queue_limit > 0 ? o->queue_limit : 1024 + 16 * (size_t)workers,
		.timeout_ns = o->timeout_ns > 0 ? o->timeout_ns : 0,
		.value_max = value_max,
		.output_max = output_max,
		.max_attempts = o->max_attempts > 0 ? o->max_attempts : 1,
		.retry_on = o->retry_on != 0 ? o->retry_on : RETRY_DEFAULT,
		.ordered = o->ordered != 0,
	};
}
