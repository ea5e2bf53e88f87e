/* SPDX-License-Identifier: BSD-2-Clause */
/* One descriptor that stands for many: epoll(7) and timerfd_create(2) on Linux, else nothing. */
#include "config.h"
#include "lib/os/os.h"

#include <errno.h>
#include <string.h>

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/clock.h"

/* More are told by the next call: all that is ready stays ready. */
#define READY_MAX 64

int
os_event_set(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

int
os_event_add(int set, int fd, int room, uint32_t name)
{
	struct epoll_event event = {
		.events = room ? (uint32_t)EPOLLOUT : (uint32_t)EPOLLIN, .data.u32 = name,
	};

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

int
os_event_remove(int set, int fd)
{
	struct epoll_event unused = { 0 };

	return epoll_ctl(set, EPOLL_CTL_DEL, fd, &unused);
}

int
os_event_ready(int set, uint32_t *names, int room)
{
	struct epoll_event events[READY_MAX];
	int n;

	do
		n = epoll_wait(set, events, room < READY_MAX ? room : READY_MAX, 0);
	while (n == -1 && errno == EINTR);
	for (int i = 0; i < n; i++)
		names[i] = events[i].data.u32;
	return n;
}

int
os_event_timer(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

int
os_event_timer_set(int timer, int64_t at)
{
	struct itimerspec when;

	memset(&when, 0, sizeof when);
	if (at != CLOCK_NEVER) {
		at = at > 0 ? at : 1; /* zero would stop it */
		when.it_value.tv_sec = (time_t)(at / CLOCK_S);
		when.it_value.tv_nsec = (long)(at % CLOCK_S);
	}
	return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

#else

static int
refuse(void)
{
	errno = ENOTSUP;
	return -1;
}

int os_event_set(void) { return refuse(); }
int os_event_timer(void) { return refuse(); }

int
os_event_add(int set, int fd, int room, uint32_t name)
{
	(void)set, (void)fd, (void)room, (void)name;
	return refuse();
}

int
os_event_remove(int set, int fd)
{
	(void)set, (void)fd;
	return refuse();
}

int
os_event_ready(int set, uint32_t *names, int room)
{
	(void)set, (void)names, (void)room;
	return refuse();
}

int
os_event_timer_set(int timer, int64_t at)
{
	(void)timer, (void)at;
	return refuse();
}
#endif
