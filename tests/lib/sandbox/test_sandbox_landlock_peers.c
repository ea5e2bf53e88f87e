/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock and others: which ports, processes and abstract sockets a job's process can still reach,
   as root and as an ordinary user. */
#include "config.h"
#include "tests/support/support.h"

#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/support/landlocked.h"
#include "tests/support/users.h"

static struct sockaddr_in listener;

/* Close the socket; the result and errno of what was tried with it. */
static int
tried(int fd, int result)
{
	int saved = errno;

	(void)close(fd);
	errno = saved;
	return result;
}

static int
tcp_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return tried(fd, connect(fd, (struct sockaddr *)&listener, sizeof listener));
}

static int
tcp_bind(void)
{
	struct sockaddr_in any = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return tried(fd, bind(fd, (struct sockaddr *)&any, sizeof any));
}

static void
without_network(void)
{
	landlocked_enter(&(struct landlock_wants){ .network = false });
	CHILD_DENIED(tcp_connect(), EACCES);
	CHILD_DENIED(tcp_bind(), EACCES);
}

static void
with_network(void)
{
	landlocked_enter(&(struct landlock_wants){ .network = true });
	CHILD_CHECK(tcp_connect() == 0);
	CHILD_CHECK(tcp_bind() == 0);
}

START_TEST(tcp_needs_network)
{
	socklen_t len = sizeof listener;

	if (landlock_missing(FORKPOOL_LAYER_NETWORK, "TCP") || user_missing(_i, "TCP"))
		return;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	listener = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(fd, (struct sockaddr *)&listener, sizeof listener) == -1 || listen(fd, 8) == -1 ||
	    getsockname(fd, (struct sockaddr *)&listener, &len) == -1 || tcp_connect() == -1)
		(void)skip("TCP", "no loopback interface");
	else {
		user_run(_i, without_network);
		user_run(_i, with_network);
	}
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static struct sockaddr_un abstract;
static socklen_t abstract_len;
static volatile sig_atomic_t signals_seen;

static void
signal_seen(int signo)
{
	(void)signo;
	signals_seen++;
}

static int
abstract_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return tried(fd, connect(fd, (struct sockaddr *)&abstract, abstract_len));
}

static void
alone(void)
{
	int status;

	/* Abstract sockets and signals are denied with a network, too. */
	landlocked_enter(&(struct landlock_wants){ .network = true });
	CHILD_DENIED(kill(getppid(), SIGUSR1), EPERM);
	CHILD_DENIED(kill(getppid(), 0), EPERM);
	CHILD_DENIED(abstract_connect(), EPERM);
	/* Processes of its own can be signalled. */
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	CHILD_CHECK(kill(pid, SIGKILL) == 0);
	CHILD_CHECK(
	    waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
not_alone(void)
{
	CHILD_CHECK(abstract_connect() == 0);
}

/* The parent that the children try to signal: of the same user, as otherwise no signal would be
   allowed anyway. */
static void
among_equals(void)
{
	struct sigaction action = { .sa_handler = signal_seen };

	CHILD_CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int sandboxed = 0; sandboxed < 2; sandboxed++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			if (sandboxed)
				alone();
			else
				CHILD_CHECK(kill(getppid(), SIGUSR1) == 0);
			_exit(0);
		}
		while (waitpid(pid, &status, 0) == -1)
			CHILD_CHECK(errno == EINTR);
		CHILD_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		CHILD_CHECK(signals_seen == 1);
	}
}

START_TEST(nobody_outside_is_reached)
{
	if (landlock_missing(FORKPOOL_LAYER_SIGNALS, "signals") || user_missing(_i, "signals"))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	abstract = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(abstract.sun_path + 1, sizeof abstract.sun_path - 1, "forkpool-test-%ld",
	    (long)getpid());
	abstract_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&abstract, abstract_len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	user_run(_i, not_alone);
	user_run(_i, among_equals);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox_landlock_peers");
	TCase *tc = support_case("sandbox_landlock_peers", 60);

	tcase_add_loop_test(tc, tcp_needs_network, 0, USERS);
	tcase_add_loop_test(tc, nobody_outside_is_reached, 0, USERS);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
