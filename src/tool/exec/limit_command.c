/* SPDX-License-Identifier: BSD-2-Clause */
/* The command of --limit: started by posix_spawn(3), looked after by waitpid(2). */
#include "config.h"
#include "tool/exec/limit_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/taskgen/task_builder.h"

/* How soon it is looked after, at first and at most. */
#define LOOK_FIRST_NS INT64_C(1000000)
#define LOOK_LAST_NS  INT64_C(50000000)
/* How long no job begins after the command has said so. */
#define AGAIN_NS      INT64_C(200000000)
/* For how long its leave is good, where no job comes to use it. */
#define GOOD_NS       INT64_C(1000000000)

extern char **environ;

static struct {
	pid_t   pid;      /* 0: it does not run */
	int64_t begun_ns;
	int64_t again_ns; /* it is not started before */
	int     allowed;  /* a job may begin, since it said so at allowed_ns */
	int64_t allowed_ns;
} limit;

static int
start(const struct options *o)
{
	const char *shell = o->dialect == DIALECT_PARALLEL ? task_builder_shell() : "/bin/sh";
	/* Casting const away is safe: execve() writes to no string. */
	char *argv[] = { (char *)(uintptr_t)shell, (char *)(uintptr_t) "-c", o->limit, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t set;
	int error;

	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
		fail_memory();
	/* What it prints is for people, and not mixed with the jobs' output. */
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	/* A group of its own, so that limit_command_close() ends what it has started, too. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attributes, &set);
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	if (error == 0)
		error = posix_spawn(&limit.pid, shell, &actions, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	if (error == 0)
		return 0;
	limit.pid = 0;
	errno = error;
	message_errno("--limit: cannot run %s; no more jobs are started", shell);
	return -1;
}

/* What the command's status says, as limit_command_wait(). */
static int64_t
judge(const struct options *o, int status, int64_t now)
{
	char shown[256];
	int is_exit = WIFEXITED(status), code = is_exit ? WEXITSTATUS(status) : WTERMSIG(status);

	if (is_exit && code == 0) {
		limit.allowed = 1;
		limit.allowed_ns = now;
		return 0;
	}
	if (is_exit && code <= 2) {
		limit.again_ns = now + AGAIN_NS;
		return AGAIN_NS;
	}
	message("--limit %s: %s %d, where 0 is to start a job, and 1 or 2 to wait; no more jobs "
		"are started",
	    message_text(shown, sizeof shown, o->limit), is_exit ? "exit status" : "signal", code);
	return -1;
}

int64_t
limit_command_wait(const struct options *o, int64_t now)
{
	int status;
	pid_t ended = 0;

	if (limit.allowed && now - limit.allowed_ns < GOOD_NS)
		return 0;
	limit.allowed = 0;
	if (limit.pid == 0) {
		if (now < limit.again_ns)
			return limit.again_ns - now;
		limit.begun_ns = now;
		return start(o) == -1 ? -1 : LOOK_FIRST_NS;
	}
	do
		ended = waitpid(limit.pid, &status, WNOHANG);
	while (ended == -1 && errno == EINTR);
	if (ended == 0) {
		/* What takes longer is looked after less often. */
		int64_t look = (now - limit.begun_ns) / 8;
		return look < LOOK_FIRST_NS ? LOOK_FIRST_NS :
		    look > LOOK_LAST_NS	    ? LOOK_LAST_NS :
					      look;
	}
	limit.pid = 0;
	if (ended == -1) {
		message_errno("--limit: cannot wait for the command; no more jobs are started");
		return -1;
	}
	return judge(o, status, now);
}

void
limit_command_used(void)
{
	limit.allowed = 0;
}

void
limit_command_close(void)
{
	if (limit.pid == 0)
		return;
	(void)kill(-limit.pid, SIGKILL);
	while (waitpid(limit.pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	limit.pid = 0;
}
