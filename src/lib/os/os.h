/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * os - what differs between systems, each behind one name.
 *
 * The one place with #ifdef for an operating system.  A function that a system cannot offer
 * answers -1 with ENOSYS (or does nothing, where its comment says so) and its caller has another
 * way.  All of it is async-signal-safe: it runs between fork and a child's own loop.
 * Includes gate.
 */
#ifndef FORKPOOL_OS_H
#define FORKPOOL_OS_H

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A close-on-exec pipe; as packets where asked for (Linux 3.4, pipe(2)), ENOTSUP where it cannot. */
int os_pipe(int fds[2], int packets);
/* Have SIGIO sent to this process when something comes in; -1. */
int os_signal_on_input(int fd);
int os_pipe_bytes(int fd, int *bytes);           /* how many wait in it; -1 */
/* Change the flags of an open file; through the gate, where that is in use. */
int os_set_flags(int fd, int flags);
/* Make the write end fd write in packets (again): a worker may have changed the flags. */
int os_pipe_restore(int fd, int packets);

int  os_process_handle(pid_t pid);       /* a descriptor that is readable once pid has ended; -1 */
void os_process_name(const char *name);  /* what ps and top show; at most 15 bytes */
int  os_die_with_parent(int signo);      /* ask for signo when the parent thread ends */
int  os_kill(pid_t pid, int signo);
/* What libc has as well, without touching a page of it where that can be avoided. */
pid_t os_self(void);
pid_t os_parent(void);
int  os_own_group(void);
struct rlimit;
int  os_limit(unsigned resource, const struct rlimit *set, struct rlimit *get); /* one of the two is NULL */
void os_unblock_signals(void);
/* sigtimedwait(2), for ever with a negative time: the signal, or -1 and errno (EAGAIN: none in that time). */
int  os_signal_wait(const sigset_t *, siginfo_t *, int64_t timeout_ns);
_Noreturn void os_exit(int status);
/* fork(2) without what the C library does around it, so that it can be made through the gate: for a process without
   other threads.  os_fork_bare_prepare(): once, before a filter stands in the way; -1 ENOSYS: there is none. */
int  os_fork_bare_prepare(void);
pid_t os_fork_bare(void);
/* A process that runs enter(arg) on that stack, and has the memory of this one, which waits until it executes a program or ends
   (vfork(2)).  Its descriptors, signal handlers and limits are its own.  -1 ENOSYS: there is none. */
pid_t os_fork_borrowing(int (*enter)(void *arg), void *arg, void *stack, size_t stack_size);
/* Wipe the vector registers, by which memory is copied: a process starts with what is in those of the one that forks it. */
void os_registers_clear(void);
int  os_adopt_orphans(void);             /* orphaned descendants become children of this process */
/* Whether this is the thread that the process began with: its stack alone is bounded by RLIMIT_STACK. */
int os_is_first_thread(void);
/* Threads of this process; 0 where it cannot tell. */
unsigned os_threads(void);
/* Whether a sanitizer's runtime is in this process, the library's own or the caller's. */
int os_sanitized(void);
/* What rusage counts resident memory in. */
#ifdef __APPLE__
#define OS_MAXRSS_UNIT 1
#else
#define OS_MAXRSS_UNIT 1024
#endif
/* Pids of this thread's children: how many were written to pids, -1 where it cannot tell. */
ssize_t os_children(pid_t *pids, size_t capacity);
/* The same by a descriptor that is kept, which makes it a matter of a microsecond. */
int     os_children_open(void);
ssize_t os_children_read(int fd, pid_t *pids, size_t capacity);
/* Processor time that a process has used so far, all its threads; -1 where it cannot be told. */
int64_t os_process_cpu_ns(pid_t pid);
/* For good: nobody without privileges can raise that limit again. */
void os_no_core(int for_good);

int os_close_range(unsigned from, unsigned to); /* both ends included; -1 ENOSYS */
/* An empty file without a name; growing: nobody can make it shorter again, where the system has that. */
int os_memory_file(const char *name, int growing);
int os_file_only_grows(int fd);                 /* 1: a mapping within its size stays valid */
int os_file_discard(int fd, off_t from);        /* give back what is past from, keeping the size */

/* What read() would give if it need not wait; 0: it would have to, -1: an error, ENOSYS where the system
   cannot say without a change of the flags that other processes share. */
ssize_t os_read_now(int fd, void *data, size_t len);

/* Zeroed memory, which forked children share, or have a copy of.  A page costs nothing until it is touched.
   NULL and errno. */
void *os_map_shared(size_t size);
void *os_map_private(size_t size);

/* Pages: empty in a forked child; or absent there. */
int os_page_wiped_by_fork(void *page, size_t size);
int os_page_hidden_from_fork(void *page, size_t size);

/* Zeroed memory that no child of this process has.  Shared, though with nobody: private pages would count against a limit
   on memory that is set by what a child begins with.  NULL and errno. */
void *os_memory_hidden(size_t size);
/* The pages of a shared anonymous mapping become zeros, and their memory is given back. */
void os_pages_drop(void *pages, size_t size);

/* No environment: neither variables nor, where the system shows them to others, their text. */
void os_environment_clear(void);

/* Sleep until *word is no longer expected, or timeout_ns has passed; may return early. */
void os_word_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);
void os_word_wake(_Atomic uint32_t *word);

/* exit() in a worker must not run what the caller registered with atexit(3): 1 if arranged. */
int os_exit_guard(void);
/* And this is to be called first then; NULL: nothing. */
void os_exit_hook(void (*hook)(void));

#endif
