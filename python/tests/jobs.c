/* SPDX-License-Identifier: BSD-2-Clause */
/* jobs - job functions for the tests of the Python module. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <forkpool_plugin.h>

FORKPOOL_PLUGIN;

FORKPOOL_EXPORT int
echo(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len);
}

FORKPOOL_EXPORT int
nothing(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	return 0;
}

FORKPOOL_EXPORT int
fails(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_fail(context, EIO, "%.*s", (int)args_len, (const char *)args);
}

FORKPOOL_EXPORT int
crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	printf("before");
	fflush(stdout);
	abort();
}

FORKPOOL_EXPORT int
crashes_once(struct forkpool_context *context, const void *args, size_t args_len)
{
	if (forkpool_attempt(context) == 1)
		abort();
	return forkpool_reply(context, args, args_len);
}

FORKPOOL_EXPORT int
exits(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	exit(7);
}

FORKPOOL_EXPORT int
says(struct forkpool_context *context, const void *args, size_t args_len)
{
	printf("%.*s", (int)args_len, (const char *)args);
	return forkpool_reply(context, "said", 4);
}

/* Two descriptors as a text, "OUT IN": tell OUT that it has begun, go on when IN can be read. */
static int
pass_gate(const void *args, size_t args_len)
{
	char text[32] = "", byte = 'b';
	int out, in;

	if (args_len >= sizeof text)
		return EINVAL;
	memcpy(text, args, args_len);
	if (sscanf(text, "%d %d", &out, &in) != 2)
		return EINVAL;
	return write(out, &byte, 1) == 1 && read(in, &byte, 1) >= 0 ? 0 : errno;
}

FORKPOOL_EXPORT int
gate(struct forkpool_context *context, const void *args, size_t args_len)
{
	int error = pass_gate(args, args_len);

	return error != 0 ? error : forkpool_reply(context, "through", 7);
}

/* Tell OUT, and then return when it is cancelled. */
FORKPOOL_EXPORT int
polite(struct forkpool_context *context, const void *args, size_t args_len)
{
	char text[32] = "";

	if (args_len >= sizeof text)
		return EINVAL;
	memcpy(text, args, args_len);
	if (write(atoi(text), "b", 1) != 1)
		return errno;
	while (!forkpool_cancelled(context))
		(void)poll(NULL, 0, 5);
	return 0;
}

FORKPOOL_EXPORT int
hangs(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	for (;;)
		pause();
}

FORKPOOL_EXPORT int
spins(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	for (volatile unsigned i = 0;; i++)
		;
}

FORKPOOL_EXPORT int
devours(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	for (;;) {
		char *more = malloc(1 << 20);
		if (more == NULL)
			return ENOMEM;
		memset(more, 1, 1 << 20);
	}
}

FORKPOOL_EXPORT int
connects(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args, (void)args_len;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd == -1 ? errno : forkpool_reply(context, "socket", 6);
}

FORKPOOL_EXPORT int
reads(struct forkpool_context *context, const void *args, size_t args_len)
{
	char path[256] = "", data[64];

	if (args_len >= sizeof path)
		return EINVAL;
	memcpy(path, args, args_len);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return errno;
	size_t len = fread(data, 1, sizeof data, file);
	fclose(file);
	return forkpool_reply(context, data, len);
}

FORKPOOL_EXPORT int
variable(struct forkpool_context *context, const void *args, size_t args_len)
{
	char name[64] = "";

	if (args_len >= sizeof name)
		return EINVAL;
	memcpy(name, args, args_len);
	const char *value = getenv(name);
	return value == NULL ? ENOENT : forkpool_reply(context, value, strlen(value));
}

/* Given by name as worker_init, with its text. */
FORKPOOL_PLUGIN_VISIBLE int
forkpool_plugin_init(const char *args, void **state)
{
	*state = strdup(args);
	return *state == NULL ? ENOMEM : 0;
}

FORKPOOL_EXPORT int
refuses(void *worker_arg, void **state)
{
	(void)worker_arg, (void)state;
	return EPERM;
}

FORKPOOL_EXPORT int
state(struct forkpool_context *context, const void *args, size_t args_len)
{
	const char *text = forkpool_worker_state(context);

	(void)args, (void)args_len;
	return text == NULL ? ENOENT : forkpool_reply(context, text, strlen(text));
}

FORKPOOL_EXPORT int
init_hangs(void *worker_arg, void **state)
{
	(void)worker_arg, (void)state;
	for (;;)
		pause();
}

/* Given by name as job_exit. */
FORKPOOL_EXPORT void
says_at_the_end(void *worker_arg, void *state)
{
	(void)worker_arg, (void)state;
	printf(", and at the end");
}

FORKPOOL_EXPORT int
core_limit(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct rlimit limit;
	char text[32];

	(void)args, (void)args_len;
	if (getrlimit(RLIMIT_CORE, &limit) == -1)
		return errno;
	int len = snprintf(text, sizeof text, "%llu", (unsigned long long)limit.rlim_cur);
	return forkpool_reply(context, text, (size_t)len);
}

/* Become a shell that runs the argument, a text with its NUL. */
FORKPOOL_EXPORT int
shell(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args_len;
	(void)execl("/bin/sh", "sh", "-c", args, (char *)NULL);
	return forkpool_fail(context, errno, "sh: %s", strerror(errno));
}
