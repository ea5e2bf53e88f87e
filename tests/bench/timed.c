/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timed.c - how long a command takes for so many items, from before it is started until it has been
 * reaped.
 *
 *	timed N INPUT OUTPUT COMMAND [ARGUMENT]...
 *
 * The command's standard input is the file INPUT, its standard output the file OUTPUT.  OUTPUT must
 * afterwards hold the first N lines of INPUT in any order, unless it is /dev/null.  The command
 * must end with status 0.
 */
#include "bench.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sum that does not depend on the order of the lines; *count: how many lines there are. */
static uint64_t
lines_sum(const char *path, uint64_t most, uint64_t *count)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	uint64_t sum = 0;

	if (file == NULL)
		die("%s: %s", path, strerror(errno));
	for (*count = 0; *count < most; ++*count) {
		ssize_t len = getline(&line, &room, file);
		uint64_t hash = UINT64_C(0xcbf29ce484222325);

		if (len == -1)
			break;
		for (ssize_t i = 0; i < len; i++)
			hash = (hash ^ (unsigned char)line[i]) * UINT64_C(0x100000001b3);
		sum += job_mix(hash);
	}
	free(line);
	fclose(file);
	return sum;
}

static void
become(const char *input, const char *output, char **argv)
{
	int in = open(input, O_RDONLY), out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (in == -1 || out == -1 || dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1)
		die("%s: %s", in == -1 ? input : output, strerror(errno));
	close(in);
	close(out);
	execvp(argv[0], argv);
	die("%s: %s", argv[0], strerror(errno));
}

int
main(int argc, char **argv)
{
	if (argc < 5)
		die("usage: timed N INPUT OUTPUT COMMAND [ARGUMENT]...");
	const uint64_t n = parse_number(argv[1]);
	const int64_t start = now_ns();
	const pid_t pid = fork();
	int status;

	if (pid == -1)
		die("fork: %s", strerror(errno));
	if (pid == 0)
		become(argv[2], argv[3], argv + 4);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid: %s", strerror(errno));
	const int64_t elapsed = now_ns() - start;

	if (status != 0)
		die("%s ended with wait status %x", argv[4], (unsigned)status);
	if (strcmp(argv[3], "/dev/null") != 0) {
		uint64_t wanted, got;

		if (lines_sum(argv[2], n, &wanted) != lines_sum(argv[3], UINT64_MAX, &got) ||
		    wanted != n || got != n)
			die("%s: the output is not the %llu lines of the input", argv[4],
			    (unsigned long long)n);
	}
	emit("time", (double)elapsed, "ns");
	emit("rate", (double)n * 1e9 / (double)elapsed, "jobs/s");
	return 0;
}
