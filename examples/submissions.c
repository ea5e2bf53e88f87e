/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submissions.c - twenty-one programs as a contest gets them: right, wrong, slow, broken, hostile.
 *
 * Each program is a job function; judge.c runs it on several arrays and prints a verdict.  The
 * functions are built as a shared object, and call forkpool_reply(), which they find in the judge.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "submissions.h"

#define COUNT(args_len) ((args_len) / sizeof(int64_t))

/* Always 0.  It is volatile, so that the compiler keeps the loops that depend on it. */
static volatile int64_t zero;

/* ------------------------------------------------------------------------------------- right */

static int
sum(struct forkpool_context *context, const void *args, size_t args_len)
{
	const int64_t *number = args;
	int64_t total = 0;

	for (size_t i = 0; i < COUNT(args_len); i++)
		total += number[i];
	return forkpool_reply(context, &total, sizeof total);
}

/* Also prints what it does, as people forget to remove; output is not part of the answer. */
static int
chatty(struct forkpool_context *context, const void *args, size_t args_len)
{
	printf("%zu numbers\n", COUNT(args_len));
	return sum(context, args, args_len);
}

static int
by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Returns a copy of the arguments to sort: a job must not change its arguments. */
static int64_t *
copy_of(const void *args, size_t args_len)
{
	int64_t *number = malloc(args_len + 1);

	if (number != NULL && args_len > 0)
		memcpy(number, args, args_len);
	return number;
}

static int
sort(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t *number = copy_of(args, args_len);

	if (number == NULL)
		return ENOMEM;
	qsort(number, COUNT(args_len), sizeof *number, by_value);
	int error = forkpool_reply(context, number, args_len);
	free(number);
	return error;
}

/* ----------------------------------------------------------------------------- wrong and slow */

/* Right until the sum needs more than 32 bits. */
static int
narrow(struct forkpool_context *context, const void *args, size_t args_len)
{
	const int64_t *number = args;
	uint32_t total = 0;

	for (size_t i = 0; i < COUNT(args_len); i++)
		total += (uint32_t)number[i];
	int64_t reply = (int32_t)total;
	return forkpool_reply(context, &reply, sizeof reply);
}

/* Right, and much too slow for a hundred thousand numbers. */
static int
bubble(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t *number = copy_of(args, args_len);

	if (number == NULL)
		return ENOMEM;
	for (size_t end = COUNT(args_len); end > 1; end--)
		for (size_t i = 1; i < end; i++)
			if (number[i - 1] > number[i]) {
				int64_t larger = number[i - 1];
				number[i - 1] = number[i];
				number[i] = larger;
			}
	int error = forkpool_reply(context, number, args_len);
	free(number);
	return error;
}

static int
endless(struct forkpool_context *context, const void *args, size_t args_len)
{
	while (zero == 0)
		continue;
	return sum(context, args, args_len);
}

/* Takes no processor time, so that only a timeout can end it. */
static int
asleep(struct forkpool_context *context, const void *args, size_t args_len)
{
	while (zero == 0)
		(void)sleep(1000);
	return sum(context, args, args_len);
}

/* ------------------------------------------------------------------------------------- broken */

/* Never frees memory, and does not check what malloc() returns. */
static int
hog(struct forkpool_context *context, const void *args, size_t args_len)
{
	const size_t size = 1 << 20;
	static char *volatile latest;

	while (zero == 0) {
		latest = malloc(size);
		memset(latest, 1, size);
	}
	return sum(context, args, args_len);
}

static int64_t
deeper(int64_t depth)
{
	volatile char frame[256];

	frame[0] = (char)depth;
	if (depth == INT64_MAX)
		return 0;
	return deeper(depth + 1) + frame[0];
}

static int
stack_eater(struct forkpool_context *context, const void *args, size_t args_len)
{
	zero = 0 * deeper(0);
	return sum(context, args, args_len);
}

static int
null_pointer(struct forkpool_context *context, const void *args, size_t args_len)
{
	*(volatile int64_t *)(uintptr_t)(8 + zero) = 1; /* as a member of a struct at NULL */
	return sum(context, args, args_len);
}

static int
aborts(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	abort();
}

/* Replies the right answer, and prints a megabyte. */
static int
noisy(struct forkpool_context *context, const void *args, size_t args_len)
{
	for (int i = 0; i < 16384; i++)
		puts("...................... still working on it ....................");
	return sum(context, args, args_len);
}

/* ------------------------------------------------------------------------------------- lying */

/* Replies eight bytes, as long as a sum, that are not the sum. */
static int
liar(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args, (void)args_len;
	return forkpool_reply(context, "accepted", 8);
}

/* Returns success without an answer. */
static int
silent(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	return 0;
}

/* Exits with status 0 without an answer. */
static int
leaver(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	exit(0);
}

/* Writes a forged result to every descriptor: one of them may lead to the pool. */
static int
forger(struct forkpool_context *context, const void *args, size_t args_len)
{
	static const char forged[512] = "outcome: ok, value: accepted";

	(void)context, (void)args, (void)args_len;
	for (int fd = 3; fd < 256; fd++)
		if (write(fd, forged, sizeof forged) != -1)
			return EBADF;
	return 0;
}

/* ------------------------------------------------------------------------------------ hostile */

/* Replies the content of a file that it should not read. */
static int
thief(struct forkpool_context *context, const void *args, size_t args_len)
{
	char text[512];

	(void)args, (void)args_len;
	int fd = open("/etc/passwd", O_RDONLY);
	if (fd == -1)
		return errno;
	ssize_t n = read(fd, text, sizeof text);
	(void)close(fd);
	return n > 0 ? forkpool_reply(context, text, (size_t)n) : EIO;
}

/* The judge's own struct and the sizes of its tests, copied from its source: peeker() searches
   memory for them. */
struct test {
	int64_t *input, *sorted, sum;
	size_t   len;
};
static const size_t sizes[] = { 0, 8, 80, 8000, 8000, 800000 };
#define TESTS (sizeof sizes / sizeof sizes[0])

static sigjmp_buf not_there;

static void
on_fault(int signo)
{
	siglongjmp(not_there, signo);
}

/* Searches memory for the answer to this input, up to the first page that is not there. */
static int
answer_find(uintptr_t from, uintptr_t to, const void *args, size_t args_len, int64_t *answer)
{
	volatile uintptr_t at = from; /* kept across siglongjmp() */

	if (sigsetjmp(not_there, 1) != 0)
		return 0;
	for (; at + TESTS * sizeof(struct test) <= to; at += sizeof(void *)) {
		const struct test *test = (const struct test *)at;
		size_t alike = 0;
		while (alike < TESTS && test[alike].len == sizes[alike])
			alike++;
		for (size_t i = 0; i < TESTS && alike == TESTS; i++)
			if (test[i].len == args_len && memcmp(test[i].input, args, args_len) == 0) {
				*answer = test[i].sum;
				return 1;
			}
	}
	return 0;
}

/*
 * Searches its own memory for the answers.  Its process is a copy of one that the judge forked, and
 * so has everything that the judge had in memory at that time.  It searches all writable memory
 * that /proc/self/maps lists or, if it cannot open that file, its stack.
 */
static int
peeker(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct sigaction action = { .sa_handler = on_fault }, segv, bus;
	unsigned long from, to;
	char line[512], rights[8];
	int64_t answer = 0;
	int found = 0;

	(void)sigaction(SIGSEGV, &action, &segv);
	(void)sigaction(SIGBUS, &action, &bus);
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps != NULL && !found && fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 &&
		    strcmp(rights, "rw-p") == 0)
			found = answer_find(from, to, args, args_len, &answer);
	if (maps != NULL)
		(void)fclose(maps);
	else
		found = answer_find((uintptr_t)&action, UINTPTR_MAX, args, args_len, &answer);
	(void)sigaction(SIGSEGV, &segv, NULL);
	(void)sigaction(SIGBUS, &bus, NULL);
	if (!found)
		return 0;
	return forkpool_reply(context, &answer, sizeof answer);
}

/* Sends its input to somebody outside, then replies the right answer.  Here it is the judge that
   listens at the port, and counts the connections. */
static int
caller(struct forkpool_context *context, const void *args, size_t args_len)
{
	const char *port = getenv("JUDGE_PORT");
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)atoi(port != NULL ? port : "0")),
	};

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		(void)send(fd, args, args_len, MSG_NOSIGNAL);
	(void)close(fd);
	return sum(context, args, args_len);
}

/*
 * A fork bomb: each process forks, six times over.  It is a harmless one, also where a level fails
 * to hold it: there are never more than 64 processes, and each ends after a second.
 */
static int
bomb(struct forkpool_context *context, const void *args, size_t args_len)
{
	int child = 0, failed = 0;

	for (int generation = 0; generation < 6 && failed == 0; generation++) {
		pid_t pid = fork();
		if (pid == -1)
			failed = errno;
		child |= pid == 0;
	}
	if (child) {
		(void)nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		_exit(0);
	}
	return failed != 0 ? failed : sum(context, args, args_len);
}

/* Kills its parent process, which the other submissions need. */
static int
killer(struct forkpool_context *context, const void *args, size_t args_len)
{
	if (kill(getppid(), SIGKILL) == -1)
		return errno;
	return sum(context, args, args_len);
}

/*
 * The table.  At level worker a job has the pool's memory and descriptors, and shares its process
 * with the next job: so that level does not run the forger, the bomb and the killer.  At level job
 * a job may still do all that the user of the judge may do: so that level does not run the killer.
 */
const struct submission submissions[] = {
	{ "sum", "sum", sum, { "accepted", "accepted", "accepted" }, 0 },
	{ "sort", "sort", sort, { "accepted", "accepted", "accepted" }, 0 },
	{ "chatty", "sum", chatty, { "accepted", "accepted", "accepted" }, 0 },
	{ "narrow", "sum", narrow, { "wrong answer", "wrong answer", "wrong answer" }, 0 },
	{ "bubble", "sort", bubble, { "time limit", "time limit: cpu", "time limit: cpu" }, 0 },
	{ "endless", "sum", endless, { "time limit", "time limit: cpu", "time limit: cpu" }, 0 },
	{ "asleep", "sum", asleep, { "time limit", "time limit: wall", "time limit: wall" }, 0 },
	{ "hog", "sum", hog, { "memory limit", "memory limit", "memory limit" }, 0 },
	{ "stack eater", "sum", stack_eater, { "stack limit", "stack limit", "stack limit" }, 0 },
	{ "null pointer", "sum", null_pointer,
	    { "runtime error: SIGSEGV", "runtime error: SIGSEGV", "runtime error: SIGSEGV" }, 0 },
	{ "aborts", "sum", aborts,
	    { "runtime error: SIGABRT", "runtime error: SIGABRT", "runtime error: SIGABRT" }, 0 },
	{ "noisy", "sum", noisy, { "output limit", "output limit", "output limit" }, 0 },
	{ "liar", "sum", liar, { "wrong answer", "wrong answer", "wrong answer" }, 0 },
	{ "silent", "sum", silent, { "wrong answer", "wrong answer", "wrong answer" }, 0 },
	{ "leaver", "sum", leaver,
	    { "no answer: exit 0", "no answer: exit 0", "no answer: exit 0" }, 0 },
	{ "forger", "sum", forger, { NULL, "wrong answer", "wrong answer" }, 0 },
	{ "thief", "sum", thief,
	    { "wrong answer", "wrong answer", "runtime error: Permission denied" }, 0 },
	{ "peeker", "sum", peeker, { "wrong answer", "wrong answer", "wrong answer" }, 0 },
	{ "caller", "sum", caller, { "accepted", "accepted", "denied: socket" }, 0 },
	{ "bomb", "sum", bomb, { NULL, "processes limit", "denied" }, 1 },
	{ "killer", "sum", killer, { NULL, NULL, "denied: kill" }, 0 },
	{ NULL, NULL, NULL, { NULL, NULL, NULL }, 0 },
};
