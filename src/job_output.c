#include "config.h"
#include "job_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "os.h"

/* Kept memory up to this is not given back between two jobs. */
#define KEPT_WARM ((uint64_t)64 << 10)

/* A pipe whose write end takes the place of these descriptors. */
static int
pipe_make(struct job_output *o, int i, const int *targets, int n)
{
	int fds[2];

	if (os_pipe(fds, 0) == -1)
		return -1;
	o->from[i] = fd_raise(fds[0]);
	int end = fd_raise(fds[1]);
	if (o->from[i] == -1 || end == -1 || fd_set_nonblocking(o->from[i], 1) == -1 || os_signal_on_input(o->from[i]) == -1)
		return -1;
	for (int t = 0; t < n; t++)
		if (dup2(end, targets[t]) == -1)
			return -1;
	fd_close(&end);
	return 0;
}

int
job_output_init(struct job_output *o, enum forkpool_output output, int sandboxed, uint64_t max)
{
	static const int both[2] = { STDOUT_FILENO, STDERR_FILENO };

	*o = (struct job_output){ .from = { -1, -1 }, .to = { -1, -1 }, .max = max };
	if (output == FORKPOOL_OUTPUT_CAPTURE) {
		o->kept = os_memory_hidden(max > 0 ? (size_t)max : 1);
		return o->kept == NULL ? -1 : pipe_make(o, 0, both, 2);
	}
	if (output != FORKPOOL_OUTPUT_INHERIT || !sandboxed)
		return 0;
	for (int i = 0; i < 2; i++)
		if ((o->to[i] = fcntl(both[i], F_DUPFD_CLOEXEC, 3)) == -1 || pipe_make(o, i, &both[i], 1) == -1)
			return -1;
	return 0;
}

/* It is blocked here, and would end the worker later for what a job printed. */
static void
sigpipe_take(void)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	(void)os_signal_wait(&set, &info, 0);
	errno = EPIPE;
}

/* All of it; waits where the reader is slow, as the job itself would. */
static void
pass_on(int to, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(to, data, len);
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			struct pollfd room = { .fd = to, .events = POLLOUT };
			(void)poll(&room, 1, -1);
			continue;
		}
		if (n == -1 && errno == EPIPE)
			sigpipe_take();
		if (n == -1 && errno != EINTR)
			return; /* nobody reads it any more */
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
}

static void
drain(struct job_output *o, int i)
{
	char part[4096];

	for (;;) {
		int room = o->to[i] == -1 && o->kept_len < o->max;
		ssize_t n = room ? read(o->from[i], o->kept + o->kept_len, (size_t)(o->max - o->kept_len)) :
		    read(o->from[i], part, sizeof part);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (room)
			o->kept_len += (uint64_t)n;
		else if (o->to[i] == -1)
			o->lost += (uint64_t)n;
		else
			pass_on(o->to[i], part, (size_t)n);
	}
	explicit_bzero(part, sizeof part); /* it is no other job's to see */
}

void
job_output_drain(struct job_output *o)
{
	for (int i = 0; i < 2; i++)
		if (o->from[i] != -1)
			drain(o, i);
}

void
job_output_begin(struct job_output *o)
{
	if (o->kept_len > KEPT_WARM)
		os_pages_drop(o->kept, (size_t)o->max);
	o->kept_len = o->lost = 0;
}

void
job_output_await(const struct job_output *o, sigset_t *set)
{
	if (o->from[0] != -1)
		sigaddset(set, SIGIO);
}
