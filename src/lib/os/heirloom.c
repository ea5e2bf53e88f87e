/* SPDX-License-Identifier: BSD-2-Clause */
/* Heirlooms: made hidden, shown and hidden again around a fork, one fork at a time. */
#include "config.h"
#include "lib/os/heirloom.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/os.h"

#define LOCK_WAIT_NS (10 * CLOCK_MS)

/*
 * The lock is a word: the number of the process that holds it; 0: none does.  No mutex: a child
 * that another thread forks meanwhile would find it held for ever.  The word is on a page that a
 * fork wipes; where the system cannot do that, a child finds a number that is not its own, and
 * takes the lock.  (In a pid namespace the number could be its own.)
 */
static _Atomic uint32_t unwiped;
static _Atomic(_Atomic uint32_t *) lock_word;

static _Atomic uint32_t *
holder_make(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	_Atomic uint32_t *word = os_map_private(page), *other = NULL;

	if (word != NULL && os_page_wiped_by_fork(word, page) == -1) {
		(void)munmap(word, page);
		word = NULL;
	}
	if (atomic_compare_exchange_strong(&lock_word, &other, word != NULL ? word : &unwiped))
		return word != NULL ? word : &unwiped;
	if (word != NULL)
		(void)munmap(word, page); /* another thread was faster */
	return other;
}

static _Atomic uint32_t *
holder(void)
{
	_Atomic uint32_t *word = atomic_load(&lock_word);

	return word != NULL ? word : holder_make();
}

static void
lock_take(void)
{
	_Atomic uint32_t *word = holder();
	uint32_t self = (uint32_t)os_self(), seen = 0;

	while (!atomic_compare_exchange_strong(word, &seen, self)) {
		if (seen != self)
			continue; /* it is left over from a parent: take it */
		os_word_wait(word, self, LOCK_WAIT_NS);
		seen = 0;
	}
}

static void
lock_release(void)
{
	atomic_store(holder(), 0);
	os_word_wake(holder());
}

static int
hide_one(void *at, size_t size)
{
	return os_page_hidden_from_fork(at, size) == -1 && errno != ENOSYS ? -1 : 0;
}

/* Give up the lock, and hide what was mapped under it. */
static void *
made(void *at, size_t size)
{
	int error = errno;

	if (at != NULL && hide_one(at, size) == -1) {
		error = errno;
		(void)munmap(at, size);
		at = NULL;
	}
	lock_release();
	errno = error;
	return at;
}

void *
heirloom_shared(size_t size)
{
	lock_take();
	return made(os_map_shared(size), size);
}

void *
heirloom_private(size_t size)
{
	lock_take();
	return made(os_map_private(size), size);
}

void *
heirloom_of_file(int fd, off_t from, size_t size, int protection)
{
	lock_take();
	void *at = mmap(NULL, size, protection, MAP_SHARED, fd, from);
	return made(at != MAP_FAILED ? at : NULL, size);
}

static int
show(const struct heirloom *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (os_page_shown_to_fork(h[i].at, h[i].size) == -1 && errno != ENOSYS)
			return -1;
	return 0;
}

static int
hide(const struct heirloom *h, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		if (hide_one(h[i].at, h[i].size) == -1)
			r = -1;
	return r;
}

pid_t
heirloom_fork(const struct heirloom *h, size_t n)
{
	lock_take();
	pid_t pid = show(h, n) == -1 ? -1 : fork();
	if (pid == 0) {
		/* They may hold what was copied last, and the dynamic linker would leave them on
		   the stack, should it have a symbol to bind. */
		os_registers_clear();
		atomic_store(holder(), 0); /* the child's own copy of the word */
		return 0;
	}
	int error = errno;
	if (hide(h, n) == -1 && pid > 0) {
		/* The next pool's processes would have this memory. */
		error = errno;
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			continue;
		pid = -1;
	}
	lock_release();
	errno = error;
	return pid;
}
