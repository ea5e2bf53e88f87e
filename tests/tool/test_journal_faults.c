/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run goes on after a kill while the n-th call fails, for every n until none fails any more.
 * Each time it succeeds with all that it should have put out, or says why not; and the run after it
 * has each result once.
 */
#include "config.h"
#include "tests/support/inject.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"
#include "tests/support/tool_records.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/cli/options.h"
#include "tool/run/run.h"

/* The third job kills the tool, once the output of the others is out. */
static const char job[] =
    "if [ \"$1\" = 3 ] && [ ! -e killed ]; then "
    "until [ \"$(wc -l <out)\" -eq 2 ]; do sleep 0.02; done; "
    ": >killed; kill -KILL \"$TOOL\"; exec sleep 60; fi; echo \"$1\"";
static const char all_out[] = "1\n2\n3\n4\n5\n";

/* ---------------------------------------------------------------------------------------- files */

struct text {
	char  *at;
	size_t len;
};

static struct text
file_text(const char *name)
{
	struct text text = { 0 };
	struct stat st;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	must(fd != -1 && fstat(fd, &st) == 0);
	must((text.at = calloc(1, (size_t)st.st_size + 1)) != NULL);
	text.len = (size_t)st.st_size;
	must(read(fd, text.at, text.len) == (ssize_t)text.len);
	(void)close(fd);
	return text;
}

/* The file stays the same one, by which a run knows it. */
static void
file_be(const char *name, const void *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	must(fd != -1 && pwrite(fd, data, len, 0) == (ssize_t)len);
	must(ftruncate(fd, (off_t)len) == 0);
	(void)close(fd);
}

/* ------------------------------------------------------------------------------------- the tool */

static _Noreturn void
tool(const struct inject_plan *plan)
{
	static char journal[] = "journal", joblog[] = "joblog", items[] = "items", sh[] = "sh";
	char word[][16] = { "forkpool", "-k", "-j1", "--retries", "9", "--journal", "--joblog",
		"-a", "-c" };
	char script[sizeof job], pid[32];
	char *argv[] = { word[0], word[1], word[2], word[3], word[4], word[5], journal, word[6],
		joblog, word[7], items, sh, word[8], script, sh, NULL };
	struct options options;

	memcpy(script, job, sizeof job);
	(void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
	int out = open("out", O_WRONLY | O_APPEND), err = open("err", O_WRONLY | O_TRUNC);
	if (setenv("TOOL", pid, 1) == -1 || dup2(out, STDOUT_FILENO) == -1 ||
	    dup2(err, STDERR_FILENO) == -1 || freopen("/dev/null", "r", stdin) == NULL)
		abort();
	(void)close(out);
	(void)close(err);
	inject_arm(plan);
	options_read(&options, sizeof argv / sizeof argv[0] - 1, argv);
	int status = run(&options);
	options_free(&options);
	exit(status);
}

/* The status of a run, as waitpid() tells it. */
static int
run_tool(const struct inject_plan *plan, const char *name)
{
	int fds[2], status;

	must(pipe2(fds, O_CLOEXEC) == 0);
	pid_t pid = fork();
	must(pid != -1);
	if (pid == 0)
		tool(plan);
	(void)close(fds[1]);
	struct pollfd end = { .fd = fds[0], .events = POLLIN };
	int ended = poll(&end, 1, SUPPORT_HANGS_MS);
	(void)close(fds[0]);
	if (ended != 1)
		(void)kill(pid, SIGKILL);
	must(waitpid(pid, &status, 0) == pid);
	ck_assert_msg(ended == 1, "%s: hangs", name);
	return status;
}

/* ------------------------------------------------------------------------------------ the files */

static struct text journal_then, joblog_then;

/* A run was killed while it added an entry: what it has left. */
static void
killed_setup(void)
{
	static const char torn[] = "half an entry";
	static const struct inject_plan none = { .nth = 0 };

	char own[32];

	(void)snprintf(own, sizeof own, "of-%ld", (long)getpid());
	must(mkdir(own, 0755) == 0 && chdir(own) == 0);
	inject_setup();
	file_be("items", all_out, sizeof all_out - 1);
	file_be("out", "", 0);
	file_be("err", "", 0);
	int status = run_tool(&none, "the first run");
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* Its workers hold the journal, and change it, until they are gone. */
	int fd = open("journal", O_RDWR | O_CLOEXEC);
	must(fd != -1 && flock(fd, LOCK_EX) == 0);
	off_t end = lseek(fd, 0, SEEK_END);
	must(pwrite(fd, torn, sizeof torn, end) == (ssize_t)sizeof torn);
	(void)close(fd);
	journal_then = file_text("journal");
	joblog_then = file_text("joblog");
}

static void
killed_teardown(void)
{
	free(journal_then.at);
	free(joblog_then.at);
}

/* The journal is gone; or it is as it was, and a part of the output is lost. */
static void
files_put_back(int fresh)
{
	if (fresh)
		must(unlink("journal") == 0 || errno == ENOENT);
	else
		file_be("journal", journal_then.at, journal_then.len);
	file_be("joblog", joblog_then.at, fresh ? 0 : joblog_then.len);
	file_be("out", "1\n", fresh ? 0 : 2);
}

/* Whether output and joblog have each job once. */
static int
all_is_there(void)
{
	struct text out = file_text("out"), joblog = file_text("joblog");
	unsigned seen[6] = { 0 };
	int good = strcmp(out.at, all_out) == 0;

	for (const char *line = strchr(joblog.at, '\n'); line != NULL && line[1] != '\0';
	     line = strchr(line + 1, '\n')) {
		unsigned long seq = strtoul(line + 1, NULL, 10);
		good &= seq >= 1 && seq <= 5 && seen[seq]++ == 0;
	}
	for (int i = 1; i <= 5; i++)
		good &= seen[i] == 1;
	free(out.at);
	free(joblog.at);
	return good;
}

/* --------------------------------------------------------------------------------------- faults */

static const struct {
	struct inject_plan plan;
	int fresh; /* a run that makes the journal has such calls of its own */
} faults[] = {
#define FAULT(call_, error_) { { .call = INJECT_##call_, .error = error_ }, 0 }
#define FRESH(call_, error_) { { .call = INJECT_##call_, .error = error_ }, 1 }
	FRESH(open, EMFILE),
	FAULT(flock, EINTR),
	FAULT(flock, ENOLCK),
	FAULT(fcntl, EMFILE),
	FAULT(fstat, EIO),
	FAULT(read, EINTR),
	FAULT(read, EIO),
	FAULT(read, INJECT_SHORT),
	FAULT(pread, EINTR),
	FAULT(pread, EIO),
	FAULT(pread, INJECT_SHORT),
	FAULT(write, EINTR),
	FAULT(write, EAGAIN),
	FAULT(write, ENOSPC),
	FAULT(write, INJECT_SHORT),
	FRESH(pwrite, EINTR),
	FRESH(pwrite, ENOSPC),
	FRESH(pwrite, INJECT_SHORT),
	FRESH(fsync, EIO),
	FAULT(fdatasync, EINTR),
	FAULT(fdatasync, EIO),
	FAULT(ftruncate, EIO),
	FRESH(posix_fallocate, ENOSPC),
	FAULT(mmap, ENOMEM),
	FAULT(madvise, EINVAL),
	FAULT(poll, EINTR),
	FAULT(poll, ENOMEM),
	FAULT(fork, EAGAIN),
	FAULT(pipe2, EMFILE),
	FAULT(socketpair, EMFILE),
	FAULT(memfd_create, EMFILE),
	FAULT(waitpid, EINTR),
	FAULT(sendmsg, EINTR),
	FAULT(recvmsg, EINTR),
};

/* Whether the call failed. */
static int
try(const struct inject_plan *plan, int fresh)
{
	static const struct inject_plan none = { .nth = 0 };
	char name[120];
	const char *how = plan->error == INJECT_SHORT ? "short count" : strerror(plan->error);

	(void)snprintf(name, sizeof name, "%s no. %u fails (%s)%s", inject_name(plan->call),
	    plan->nth, how, fresh ? ", without a journal" : "");
	files_put_back(fresh);
	int status = run_tool(plan, name);
	int fired = inject_fired() > 0;
	struct text err = file_text("err");
	ck_assert_msg(WIFEXITED(status), "%s: status %#x: %s", name, (unsigned)status, err.at);
	if (WEXITSTATUS(status) == 0)
		ck_assert_msg(all_is_there(), "%s: succeeds, and not all is there once", name);
	else
		ck_assert_msg(strncmp(err.at, "forkpool: ", 10) == 0 && err.len > 20,
		    "%s: status %d, and it does not say why", name, WEXITSTATUS(status));
	int again = run_tool(&none, name);
	struct text err_again = file_text("err");
	ck_assert_msg(WIFEXITED(again) && WEXITSTATUS(again) == 0,
	    "%s: status %d: %sthen the next run: status %d: %s", name, WEXITSTATUS(status), err.at,
	    WEXITSTATUS(again), err_again.at);
	ck_assert_msg(all_is_there(), "%s: status %d: %sthen the next run has not all once", name,
	    WEXITSTATUS(status), err.at);
	free(err.at);
	free(err_again.at);
	return fired;
}

/* Calls past this one are many of the same kind. */
#define EVERY_N 48u

static uint32_t
next_after(uint32_t n)
{
	return n + (n >= EVERY_N && getenv("FORKPOOL_TEST_ALL") == NULL ? n / 8 : 1);
}

START_TEST(goes_on)
{
	struct inject_plan plan = faults[_i].plan;
	unsigned failed = 0;

	killed_setup();
	for (int fresh = 0; fresh <= faults[_i].fresh; fresh++)
		for (plan.nth = 1; try(&plan, fresh); failed++)
			plan.nth = next_after(plan.nth);
	killed_teardown();
	ck_assert_msg(failed > 0, "no call of %s was seen", inject_name(plan.call));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("journal_faults");
	TCase *tc = support_case("n-th call", 300);

	tool_enter();
	tcase_add_loop_test(tc, goes_on, 0, sizeof faults / sizeof faults[0]);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
