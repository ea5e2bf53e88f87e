/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * submissions.c - twenty-one programs as a contest gets them: right, wrong, slow, broken, hostile.
 *
 * Each is a job function; judge.c runs it on several arrays and says what it is worth.  A shared
 * object of functions is enough: they call nothing of the judge's but forkpool_reply() and its kin.
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

/* Zero, and the compiler does not know: what depends on it is not optimised away. */
static volatile int64_t zero;

/* ------------------------------------------------------------------------------------- right */

static int
sum(struct forkpool_context *context, const void *args, size_t args_len)
{
	const int64_t *number = args;
	int64_t total = 0;

	for (size_t i = 0; i < COUNT(args_len); i++)
		total += number[i];
	return forkpool_reply(context, &total, sizeof total) == 0 ? 0 : errno;
}

/* The same, and it tells what it does, as people leave it in; that is not part of the answer. */
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

/* A copy to work on, and room for it: the arguments are not the job's to change. */
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
	int error = forkpool_reply(context, number, args_len) == 0 ? 0 : errno;
	free(number);
	return error;
}

/* ----------------------------------------------------------------------------- wrong and slow */

/* Right until the numbers get large: 32 bits are not enough for their sum. */
static int
narrow(struct forkpool_context *context, const void *args, size_t args_len)
{
	const int64_t *number = args;
	uint32_t total = 0;

	for (size_t i = 0; i < COUNT(args_len); i++)
		total += (uint32_t)number[i];
	int64_t reply = (int32_t)total;
	return forkpool_reply(context, &reply, sizeof reply) == 0 ? 0 : errno;
}

/* Right, and hopeless with a hundred thousand numbers. */
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
	int error = forkpool_reply(context, number, args_len) == 0 ? 0 : errno;
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

/* Takes no processor time at all, which a limit on that would never see. */
static int
asleep(struct forkpool_context *context, const void *args, size_t args_len)
{
	while (zero == 0)
		(void)sleep(1000);
	return sum(context, args, args_len);
}

/* ------------------------------------------------------------------------------------- broken */

/* Never frees, and never looks whether there was any. */
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
	*(volatile int64_t *)(uintptr_t)(8 + zero) = 1; /* a member of a struct that is not there */
	return sum(context, args, args_len);
}

static int
aborts(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	abort();
}

/* The right answer, in a megabyte of noise. */
static int
noisy(struct forkpool_context *context, const void *args, size_t args_len)
{
	for (int i = 0; i < 16384; i++)
		puts("...................... still working on it ....................");
	return sum(context, args, args_len);
}

/* ------------------------------------------------------------------------------------- lying */

/* Eight bytes, as a sum has, but not a sum. */
static int
liar(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args, (void)args_len;
	return forkpool_reply(context, "accepted", 8) == 0 ? 0 : errno;
}

/* All went well, and there is no answer. */
static int
silent(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	return 0;
}

/* Ends with the status of success, and without having said anything. */
static int
leaver(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context, (void)args, (void)args_len;
	exit(0);
}

/* Writes something to every descriptor: one of them may be the pool's, and believe it. */
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

/* Replies with what it has found in a file; the judge would be the one to print it. */
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
	return n > 0 && forkpool_reply(context, text, (size_t)n) == 0 ? 0 : errno;
}

/* The tests as the judge has them, and their sizes by which to know them: its source is there for all to read. */
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

/* Looks through memory, up to where there is none any more, for the answer to this input. */
static int
answer_find(uintptr_t from, uintptr_t to, const void *args, size_t args_len, int64_t *answer)
{
	volatile uintptr_t at = from; /* siglongjmp() comes back here */

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
 * Its process is a copy of one that the judge made, so that whatever the judge had in memory then is here as well.
 * It looks for the answers, wherever it is told that there is memory to write, or at least in all of the stack.
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
	return found ? forkpool_reply(context, &answer, sizeof answer) == 0 ? 0 : errno : 0;
}

/* Tells somebody outside what it was given, then does what it should.  The judge listens at this
   port and counts. */
static int
caller(struct forkpool_context *context, const void *args, size_t args_len)
{
	const char *port = getenv("JUDGE_PORT");
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)atoi(port != NULL ? port : "0")) };

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		(void)send(fd, args, args_len, MSG_NOSIGNAL);
	(void)close(fd);
	return sum(context, args, args_len);
}

/*
 * Each of its processes makes another, six times over.  This one is for show: that makes 64 and never
 * more, and each is gone after a second, whatever the level it runs at does or fails to do.
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

/* Ends the process that it comes from: with it would go whoever is to judge the others. */
static int
killer(struct forkpool_context *context, const void *args, size_t args_len)
{
	if (kill(getppid(), SIGKILL) == -1)
		return errno;
	return sum(context, args, args_len);
}

/* At level worker a job lives with the pool's memory and descriptors, and with the next job: that is no
   place for the forger, the bomb and the killer.  At level job it may still do what the judge's user may. */
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
