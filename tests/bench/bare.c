/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bare.c - what the machine does with no pool in between: the denominators of the table.
 *
 *	bare pingpong N		one 8-byte message there and back over two pipes, N times
 *	bare echo N PIPE_SIZE	1 MiB there and back over two pipes of that size (0: the default)
 *	bare fork N		fork, _exit, waitpid
 *	bare mixed N PROCESSES	N jobs of mixed length, shared out by an atomic counter
 */
#include "bench.h"
#include "mixed.h"
#include "payload.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void
write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0)
			die("write: %s", strerror(errno));
		at += n;
		len -= (size_t)n;
	}
}

/* Read len bytes: 1, or 0 where the file ends before the first of them. */
static int
read_all(int fd, void *bytes, size_t len)
{
	char *at = bytes;
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, at + got, len - got);

		if (n < 0)
			die("read: %s", strerror(errno));
		if (n == 0 && got == 0)
			return 0;
		if (n == 0)
			die("read: end in the middle of a message");
		got += (size_t)n;
	}
	return 1;
}

static pid_t
fork_checked(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	return pid;
}

static void
reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		die("a child of the benchmark failed");
}

/* Two pipes and a child at their far ends that runs serve(in, out) until the end of file. */
static pid_t
start_server(void (*serve)(int, int), int pipe_size, int *to, int *from)
{
	int there[2], back[2];
	pid_t pid;

	if (pipe(there) != 0 || pipe(back) != 0)
		die("pipe: %s", strerror(errno));
#ifdef F_SETPIPE_SZ
	if (pipe_size > 0 && (fcntl(there[1], F_SETPIPE_SZ, pipe_size) < 0 ||
	    fcntl(back[1], F_SETPIPE_SZ, pipe_size) < 0))
		die("F_SETPIPE_SZ: %s", strerror(errno));
#endif
	pid = fork_checked();
	if (pid == 0) {
		close(there[1]);
		close(back[0]);
		serve(there[0], back[1]);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	*to = there[1];
	*from = back[0];
	return pid;
}

static void
serve_pingpong(int in, int out)
{
	uint64_t i;

	while (read_all(in, &i, sizeof i)) {
		i = job_value(i);
		write_all(out, &i, sizeof i);
	}
}

static void
run_pingpong(size_t n)
{
	int64_t *times = allocate(n, sizeof *times);
	int to, from;
	pid_t pid = start_server(serve_pingpong, 0, &to, &from);
	int64_t start, last, now;

	start = last = now_ns();
	for (uint64_t i = 0; i < n; i++) {
		uint64_t value;

		write_all(to, &i, sizeof i);
		if (!read_all(from, &value, sizeof value) || value != job_value(i))
			die("pingpong: a wrong value");
		now = now_ns();
		times[i] = now - last;
		last = now;
	}
	emit("mean", (double)(last - start) / (double)n, "ns");
	emit_times("trip", times, n);
	free(times);
	close(to);
	close(from);
	reap(pid);
}

static void
serve_echo(int in, int out)
{
	void *bytes = allocate(1, PAYLOAD_LEN);

	for (uint64_t i = 0; read_all(in, bytes, PAYLOAD_LEN); i++) {
		if (!payload_check(bytes, PAYLOAD_LEN, i))
			_exit(1);
		write_all(out, bytes, PAYLOAD_LEN);
	}
	free(bytes);
}

static void
run_echo(size_t n, int pipe_size)
{
	uint64_t *words = payload_make();
	void *bytes = allocate(1, PAYLOAD_LEN);
	const size_t warm = n / 10 + 1;
	int64_t start = 0;
	int to, from;
	pid_t pid = start_server(serve_echo, pipe_size, &to, &from);

	for (uint64_t i = 0; i < n + warm; i++) {
		if (i == warm)
			start = now_ns();
		write_all(to, payload_take(words, i), PAYLOAD_LEN);
		if (!read_all(from, bytes, PAYLOAD_LEN) || !payload_check(bytes, PAYLOAD_LEN, i))
			die("echo: a wrong value");
	}
	emit("rate", 2.0 * PAYLOAD_LEN * (double)n / (double)(now_ns() - start), "GB/s");
	free(bytes);
	free(words);
	close(to);
	close(from);
	reap(pid);
}

static void
run_fork(size_t n)
{
	int64_t *times = allocate(n, sizeof *times);

	for (size_t i = 0; i < n; i++) {
		int64_t start = now_ns();
		pid_t pid = fork_checked();

		if (pid == 0)
			_exit(0);
		reap(pid);
		times[i] = now_ns() - start;
	}
	emit_times("time", times, n);
	free(times);
}

static void
run_mixed(size_t n, unsigned processes)
{
	uint64_t total, *lengths = mixed_make(n, &total);
	atomic_size_t *next;
	pid_t *pids = allocate(processes, sizeof *pids);
	int64_t start;

	next = mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (next == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	start = now_ns();
	for (unsigned k = 0; k < processes; k++) {
		pids[k] = fork_checked();
		if (pids[k] == 0) {
			for (size_t i; (i = atomic_fetch_add(next, 1)) < n;)
				mixed_burn(lengths[i]);
			_exit(0);
		}
	}
	for (unsigned k = 0; k < processes; k++)
		reap(pids[k]);
	emit("makespan", (double)(now_ns() - start), "ns");
	emit("ideal", (double)total / processes, "ns");
	munmap(next, sizeof *next);
	free(pids);
	free(lengths);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const uint64_t n = argc > 2 ? parse_number(argv[2]) : 0;
	const uint64_t extra = argc > 3 ? parse_number(argv[3]) : 0;

	if (n == 0)
		die("usage: bare pingpong|echo|fork|mixed N [PIPE_SIZE | PROCESSES]");
	if (strcmp(what, "pingpong") == 0)
		run_pingpong(n);
	else if (strcmp(what, "echo") == 0)
		run_echo(n, (int)extra);
	else if (strcmp(what, "fork") == 0)
		run_fork(n);
	else if (strcmp(what, "mixed") == 0 && extra > 0)
		run_mixed(n, (unsigned)extra);
	else
		die("bare: no such benchmark: %s", what);
	return 0;
}
