/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * holding pairs [worker]: make the kernel keep some 200 MiB in the buffers of 470 socket pairs, and
 * print how many MiB it took.  With that word the system is to kill the parent, this one's worker.
 *
 * holding file PATH: map the file, read all of it, and print how many MiB that were.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAIRS 470

static void
score(pid_t pid, const char *value)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)pid);
	FILE *file = fopen(path, "w");
	if (file == NULL || fputs(value, file) < 0 || fclose(file) != 0)
		perror(path);
}

static long
hold_pairs(void)
{
	static char block[4096];
	struct rlimit files;
	long held = 0;
	int fd[2];

	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < PAIRS && socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0; i++)
		for (int k = 0; k < 2; k++)
			for (long n; (n = send(fd[k], block, sizeof block, MSG_DONTWAIT)) > 0;)
				held += n;
	return held;
}

static long
hold_file(const char *path)
{
	volatile unsigned char sum = 0;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1)
		return -1;
	const unsigned char *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	for (off_t i = 0; i < st.st_size; i += 4096)
		sum = (unsigned char)(sum + bytes[i]);
	return (long)st.st_size;
}

int
main(int argc, char **argv)
{
	long held;

	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "file") == 0 && argc > 2) {
		held = hold_file(argv[2]);
	} else {
		if (argc > 2 && strcmp(argv[2], "worker") == 0) {
			score(getpid(), "-1000");
			score(getppid(), "1000");
		}
		held = hold_pairs();
	}
	if (held == -1) {
		perror(argv[argc - 1]);
		return 1;
	}
	return printf("%ld\n", held >> 20) < 0;
}
