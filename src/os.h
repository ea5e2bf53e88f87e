/*
 * os - what differs between systems, each behind one name.
 *
 * The one place with #ifdef for an operating system.  A function that a system cannot offer
 * answers -1 with ENOSYS (or does nothing, where its comment says so) and its caller has another
 * way.  All of it is async-signal-safe: it runs between fork and a child's own loop.
 * Includes nothing of the project.
 */
#ifndef FORKPOOL_OS_H
#define FORKPOOL_OS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A close-on-exec pipe; as packets where asked for (Linux 3.4, pipe(2)), ENOTSUP where it cannot. */
int os_pipe(int fds[2], int packets);
/* Make the write end fd write in packets (again): a worker may have changed the flags. */
int os_pipe_restore(int fd, int packets);

int  os_process_handle(pid_t pid);       /* a descriptor that is readable once pid has ended; -1 */
void os_process_name(const char *name);  /* what ps and top show; at most 15 bytes */
int  os_die_with_parent(int signo);      /* ask for signo when the parent thread ends */
int  os_adopt_orphans(void);             /* orphaned descendants become children of this process */
/* Pids of this process's children: how many were written to pids, -1 where it cannot tell. */
ssize_t os_children(pid_t *pids, size_t capacity);
void os_no_core(void);

int os_close_range(unsigned from, unsigned to); /* both ends included; -1 ENOSYS */
/* An empty file without a name; growing: nobody can make it shorter again, where the system has that. */
int os_memory_file(const char *name, int growing);
int os_file_only_grows(int fd);                 /* 1: a mapping within its size stays valid */
int os_file_discard(int fd, off_t from);        /* give back what is past from, keeping the size */

/* What read() would give if it need not wait; 0: it would have to, -1: an error, ENOSYS where the system
   cannot say without a change of the flags that other processes share. */
ssize_t os_read_now(int fd, void *data, size_t len);

/* Pages: empty in a forked child; or absent there. */
int os_page_wiped_by_fork(void *page, size_t size);
int os_page_hidden_from_fork(void *page, size_t size);

/* Sleep until *word is no longer expected, or timeout_ns has passed; may return early. */
void os_word_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);
void os_word_wake(_Atomic uint32_t *word);

/* exit() in a worker must not run what the caller registered with atexit(3): 1 if arranged. */
int os_exit_guard(void);

#endif
