/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * os - what differs between systems, each behind one name.
 *
 * The one place with #ifdef for an operating system.  A function that a system cannot offer
 * answers -1 with ENOSYS (or does nothing, where its comment says so), and its caller has another
 * way.  All of it is async-signal-safe: it runs between fork and a child's own loop.
 */
#ifndef FORKPOOL_OS_H
#define FORKPOOL_OS_H

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ------------------------------------------------------- os.c: pipes, files, waiting for a word */

/* A close-on-exec pipe.  packets: in packet mode (Linux 3.4, pipe(2)), or -1 and ENOTSUP. */
int os_pipe(int fds[2], int packets);
/* Have SIGIO sent to this process when input comes; -1. */
int os_signal_on_input(int fd);
int os_pipe_bytes(int fd, int *bytes);   /* how many bytes wait in the pipe; -1 */
/* Set the status flags of an open file; through the gate where that is in use. */
int os_set_flags(int fd, int flags);
/* Set the flags of a pipe's write end back, packet mode too: a worker may have changed them. */
int os_pipe_restore(int fd, int packets);

int os_close_range(unsigned from, unsigned to); /* both ends included; -1 ENOSYS */
/* An empty file without a name.  growing: nobody can make it shorter again, where the system can
   promise that. */
int os_memory_file(const char *name, int growing);
int os_file_only_grows(int fd);          /* 1: a mapping within the file's size stays valid */
int os_file_discard(int fd, off_t from); /* free the blocks from there on, keep the size */

/* Read what is there without waiting.  0: nothing is there; -1: an error, ENOSYS where the system
   cannot do so without changing flags that other processes share. */
ssize_t os_read_now(int fd, void *data, size_t len);

/* Sleep until *word is no longer expected, or timeout_ns, which is not negative, has passed; may
   return early. */
void os_word_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);
void os_word_wake(_Atomic uint32_t *word);

/* ---------------------------------------------- os_event.c: one descriptor that stands for many */

/* An empty set, itself a descriptor, readable while one in it is ready; -1: ENOTSUP no such. */
int os_event_set(void);
/* Have a descriptor in the set under a name: for input, or for room to write. */
int os_event_add(int set, int fd, int room, uint32_t name);
int os_event_remove(int set, int fd);
/* The names of those that are ready now, at most `room` and 64 of them.  How many; -1. */
int os_event_ready(int set, uint32_t *names, int room);
/* A timer: a descriptor that is readable from the time on that it is set to (a clock_now() time;
   CLOCK_NEVER: none), until it is set again. */
int os_event_timer(void);
int os_event_timer_set(int timer, int64_t at);

/* ------------------------------------------------------------------------- os_memory.c: memory */

/* Whether there are addresses to spare: of 32 bits the program needs them all for itself, and files
   that can be large are read and written instead of mapped. */
#define OS_ADDRESSES_ABOUND (SIZE_MAX > UINT32_MAX)

/* Zeroed memory: forked children share it (os_map_shared()) or get a copy (os_map_private()).  A
   page costs nothing before it is touched.  NULL and errno. */
void *os_map_shared(size_t size);
void *os_map_private(size_t size);
/* Zeroed memory that no child of this process gets.  Nobody shares it, and still it is a shared
   mapping: private pages would count against a job's memory limit, which starts from what the child
   begins with.  NULL and errno. */
void *os_memory_hidden(size_t size);

/* Have a forked child find these pages empty, or not at all, or have them again. */
int os_page_wiped_by_fork(void *page, size_t size);
int os_page_hidden_from_fork(void *page, size_t size);
int os_page_shown_to_fork(void *page, size_t size);

/* munmap(2), without touching a page of libc where that can be avoided. */
int os_unmap(void *at, size_t size);

/* Set the pages of a shared anonymous mapping to zero and give their memory back. */
void os_pages_drop(void *pages, size_t size);

/* ----------------------------------------------------------------- os_process.c: one's process */

void os_process_name(const char *name);  /* what ps and top show; at most 15 bytes */
int  os_die_with_parent(int signo);      /* ask for signo when the parent thread ends */
int  os_kill(pid_t pid, int signo);
/* As libc's calls, but without touching a page of libc where that can be avoided. */
pid_t os_self(void);
pid_t os_parent(void);
int  os_own_group(void);
struct rlimit;
/* Set or get a limit; the other pointer is NULL. */
int  os_limit(unsigned resource, const struct rlimit *set, struct rlimit *get);
void os_unblock_signals(void);
/* sigtimedwait(2); with a negative time it waits for ever.  The signal, or -1 and errno (EAGAIN:
   none came in that time). */
int  os_signal_wait(const sigset_t *, siginfo_t *, int64_t timeout_ns);
_Noreturn void os_exit(int status);

/* fork(2) without what the C library does around it, so that the call can go through the gate: only
   for a process without other threads.  Call os_fork_raw_prepare() once, before a filter forbids
   what it does; it answers -1 ENOSYS where there is no such fork. */
int  os_fork_raw_prepare(void);
pid_t os_fork_raw(void);
/* Run enter(arg) in a new process, on that stack and in the memory of this process, which waits
   until the new one executes a program or ends (vfork(2)).  The new process has its own
   descriptors, signal handlers and limits.  -1 ENOSYS where there is no such call. */
pid_t os_fork_borrowing(int (*enter)(void *arg), void *arg, void *stack, size_t stack_size);
/* (os_registers.c) Wipe the vector registers: memory is copied through them, and a forked process
   starts with what they hold in its parent.  Nothing on architectures that it does not know. */
void os_registers_clear(void);
int  os_adopt_orphans(void);             /* orphaned descendants become children of this process */

/* Whether this is the thread that the process began with: RLIMIT_STACK bounds its stack alone. */
int os_is_first_thread(void);
/* Threads of this process; 0 where the system cannot tell. */
unsigned os_threads(void);
/* Whether a sanitizer's runtime is in this process, the library's own or the caller's. */
int os_sanitized(void);
/* The unit of ru_maxrss, in bytes. */
#ifdef __APPLE__
#define OS_MAXRSS_UNIT 1
#else
#define OS_MAXRSS_UNIT 1024
#endif
/* Allow no core dump.  for_good: no unprivileged process can raise that limit again. */
void os_no_core(int for_good);
/* Whether this process may be dumped, but for its limit: the dumpable flag of Linux. */
int os_may_dump(void);
/* Have it so again. */
void os_core_again(void);
/* Remove the environment: the variables and, where the system shows it to others, their text. */
void os_environment_clear(void);

/* Keep exit() in a worker from running what the caller registered with atexit(3): 1 if arranged. */
int os_exit_guard(void);
/* Have exit() call hook before anything else, after os_exit_guard(). */
void os_exit_hook(void (*hook)(void));

/* -------------------------------------------------------------- os_others.c: other processes */

int os_process_handle(pid_t pid); /* a descriptor, readable once pid has ended; -1 */
/* Write the pids of this thread's children: how many, -1 where the system cannot tell. */
ssize_t os_children(pid_t *pids, size_t capacity);
/* The same through a descriptor that is kept open, which takes only about a microsecond. */
int     os_children_open(void);
int     os_children_open_of(pid_t pid);  /* of another process's first thread */
ssize_t os_children_read(int fd, pid_t *pids, size_t capacity);
/* Processor time that all threads of a process have used; -1 where the system cannot tell. */
int64_t os_process_cpu_ns(pid_t pid);
/* Private and writable memory of a process, in bytes, as RLIMIT_DATA counts it; its threads (how
   many); its parent.  0 where the system does not tell. */
uint64_t os_process_memory(pid_t pid);
size_t   os_process_threads(pid_t pid, pid_t *tids, size_t capacity);
pid_t    os_process_parent(pid_t pid);
/* Whether a process stands still with all its threads. */
enum os_motion {
	OS_RUNS = 0,
	OS_WAITS,   /* a thread is in a system call that it cannot leave now; no other runs */
	OS_STOPPED, /* by a signal */
	OS_TRACED,  /* some threads by their tracer */
	OS_ENDED,   /* or the system does not show it */
};
enum os_motion os_process_motion(pid_t pid);
/* Send a signal to a process by os_process_handle()'s descriptor; -1. */
int      os_handle_kill(int handle, int signo);
/* Whom this process traces goes on, with that signal, and is not traced any more. */
void     os_trace_end(pid_t pid, int signo);

#endif
