/* SPDX-License-Identifier: BSD-2-Clause */
/* The caller's options: checked, copied, and with their defaults filled in. */
#include "config.h"
#include "lib/pool/pool_options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ipc/shared.h"
#include "lib/job/outcome.h"
#include "lib/os/os.h"
#include "lib/os/processors.h"
#include "lib/pool/sized.h"
#include "lib/sandbox/limits.h"

#define QUEUE_LIMIT_MAX   ((size_t)1 << 24)
#define VALUE_MAX_DEFAULT ((size_t)64 << 20)
#if SIZE_MAX > UINT32_MAX
#define VALUE_MAX_MAX ((size_t)1 << 40)
#define VALUE_MAX_TEXT "a terabyte"
#else
/* Values and output of a run together fit a size_t. */
#define VALUE_MAX_MAX ((size_t)1 << 29)
#define VALUE_MAX_TEXT "512 megabytes"
#endif
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
	if (o->max_value_len > VALUE_MAX_MAX)
		return error_set(to, EINVAL, "max_value_len: %zu is more than " VALUE_MAX_TEXT,
		    o->max_value_len);
	if ((o->retry_on & ~((1u << OUTCOME_COUNT) - 1)) != 0 ||
	    (o->retry_on & 1u << FORKPOOL_OK) != 0)
		return error_set(to, EINVAL, "retry_on: %#x is not a set of outcomes other than OK",
		    o->retry_on);
	if (o->isolation != FORKPOOL_ISOLATE_WORKER && o->isolation != FORKPOOL_ISOLATE_JOB &&
	    o->isolation != FORKPOOL_ISOLATE_SANDBOX)
		return error_set(to, EINVAL, "isolation: %d is no level", (int)o->isolation);
	if (o->job_exit != NULL && o->isolation == FORKPOOL_ISOLATE_WORKER)
		return error_set(to, EINVAL,
		    "job_exit: is for FORKPOOL_ISOLATE_JOB and FORKPOOL_ISOLATE_SANDBOX only; a "
		    "worker has worker_exit()");
	if (o->job_exit != NULL && o->executes)
		return error_set(to, EINVAL,
		    "job_exit: with .executes a job's process ends as the program that it "
		    "executes");
	if (o->core_dumps && o->isolation == FORKPOOL_ISOLATE_SANDBOX)
		return error_set(to, EINVAL, "core_dumps: a sandboxed process cannot be dumped");
	if (o->environment != NULL && o->isolation == FORKPOOL_ISOLATE_WORKER)
		return error_set(to, EINVAL,
		    "environment: is for FORKPOOL_ISOLATE_JOB and FORKPOOL_ISOLATE_SANDBOX only");
	if (o->executes != 0 && o->isolation == FORKPOOL_ISOLATE_WORKER)
		return error_set(to, EINVAL,
		    "executes: is for FORKPOOL_ISOLATE_JOB and FORKPOOL_ISOLATE_SANDBOX only");
	if (o->sandbox != NULL && o->isolation == FORKPOOL_ISOLATE_WORKER)
		return error_set(to, EINVAL,
		    "sandbox: is for FORKPOOL_ISOLATE_SANDBOX only (for FORKPOOL_ISOLATE_JOB its "
		    "cgroup)");
	if (o->sandbox != NULL && o->isolation == FORKPOOL_ISOLATE_JOB &&
	    (o->sandbox->readable != NULL || o->sandbox->writable != NULL || o->sandbox->network ||
		o->sandbox->exec || o->sandbox->namespaces || o->sandbox->uid != 0 ||
		o->sandbox->gid != 0 || o->sandbox->private_root || o->sandbox->scratch != 0 ||
		o->sandbox->threads || o->sandbox->job_paths || o->sandbox->best_effort))
		return error_set(to, EINVAL, "sandbox: FORKPOOL_ISOLATE_JOB takes its cgroup only");
	if (o->sandbox != NULL && (o->sandbox->network < 0 ||
		o->sandbox->network > FORKPOOL_NETWORK_LOOPBACK))
		return error_set(to, EINVAL, "sandbox: network: %d is none of none, open, loopback",
		    o->sandbox->network);
	if (o->sandbox != NULL && o->sandbox->scratch < 0)
		return error_set(to, EINVAL, "sandbox: scratch: must not be negative");
	if (o->sandbox != NULL && o->sandbox->scratch > 0 && !o->sandbox->private_root)
		return error_set(to, EINVAL, "sandbox: scratch: is for a private_root only");
	if (o->sandbox != NULL && o->sandbox->job_paths && o->sandbox->private_root)
		return error_set(to, EINVAL,
		    "sandbox: job_paths: a private_root has the same paths for all jobs");
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

/* Take over a structure of the program's. */
static int
structure_take(void *own, size_t own_size, const void *given, size_t size, const char *name,
    const struct error_text *to)
{
	if (sized_take(own, own_size, given, size) == 0)
		return 0;
	if (errno == E2BIG)
		return error_set(to, E2BIG,
		    "%s: a member is set that this version of forkpool does not know", name);
	return error_set(to, EINVAL, "%zu bytes are no size of struct forkpool_%s", size, name);
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

int
pool_options_take(struct forkpool_options *o, struct forkpool_sandbox *sandbox,
    const struct options_given *given, const struct error_text *to)
{
	if (structure_take(o, sizeof *o, given->options, given->options_size, "options", to) ==
		-1 ||
	    structure_take(sandbox, sizeof *sandbox, o->sandbox, given->sandbox_size, "sandbox",
		to) == -1)
		return -1;
	if (o->sandbox != NULL)
		o->sandbox = sandbox;
	return options_check(o, to);
}

void
pool_options_fill(struct dispatch_options *to, const struct forkpool_options *o)
{
	uint64_t value_max = o->max_value_len > 0 ? o->max_value_len : VALUE_MAX_DEFAULT;
	unsigned processors = processors_usable();
	unsigned most = processors < SHARED_WORKERS_MAX ? processors : SHARED_WORKERS_MAX;
	unsigned workers = o->workers > 0 ? o->workers : most;
	uint64_t output_max = 0;

	if (o->output == FORKPOOL_OUTPUT_CAPTURE)
		output_max = o->limits.output > 0 ? (uint64_t)o->limits.output : value_max;
	if (output_max > VALUE_MAX_MAX)
		output_max = VALUE_MAX_MAX;
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
