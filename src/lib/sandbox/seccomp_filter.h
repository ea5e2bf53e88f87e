/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp_filter - the system calls that a job may make (seccomp): denied by default.
 *
 * The parent makes the program once, since libseccomp allocates; a worker or a job's process only
 * installs it.  It cannot be taken off, and holds for every process forked or executed from there.
 *
 * Which calls: syscall_policy.c.  A denied call is not made.  Most are trapped: SIGSYS, whose
 * si_syscall and si_arch filter_call_name() puts into words.  A process that has SIGSYS blocked, as
 * the C library has around fork() and pthread_create(), dies of it without running its handler.  A
 * handler that returns is no way around the filter: the call fails.  Calls for another architecture
 * than the program's own (32-bit, x32) are all trapped.
 *
 * Installed by a worker, the filter has a gate: calls from that one instruction pass
 * (lib/os/syscall_gate.h).  A job's process unmaps the gate, and can rely on its absence because
 * with this filter nothing executable can be mapped, moved or enlarged; so there is a gate only
 * without exec.
 *
 * mremap() is what realloc() grows large memory by, and could do two of these: enlarge a piece of
 * text in place, so that the gate's own page of the file comes back behind it, or move text to
 * where the kernel finds room, when all other room is taken.  A filter does not see what a mapping
 * is.  So with a gate it lets mremap() move only what begins where no executable mapping lies
 * (gate_plain_range()): such a call ends at the end of its mapping, and what it moves stays not
 * executable, wherever it goes.  Without a gate text is worth nothing to a job, which runs code of
 * its own choice already.  MREMAP_FIXED, with which newer kernels move several mappings at once, is
 * refused.
 */
#ifndef FORKPOOL_SECCOMP_FILTER_H
#define FORKPOOL_SECCOMP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct filter_wants {
	bool files;    /* paths were opened up: Landlock decides on open() and its kin */
	bool network;
	bool exec;
	bool threads;
	bool root;     /* a private root holds the files: modes and times may be changed there */
	bool truncate; /* with root: files may be cut by their paths */
};

struct sandbox_filter {
	void  *code;   /* classic BPF instructions, owned; NULL: none */
	size_t count;
};

/* 1: this kernel takes filters that trap.  No side effects; async-signal-safe. */
int  filter_available(void);

/*
 * In the parent.  0, or -1: errno and one sentence in error (error_size > 0); ENOTSUP: this build
 * has no libseccomp.
 */
int  filter_build(struct sandbox_filter *, const struct filter_wants *, char *error,
    size_t error_size);
/* Free the program; does nothing if there is none (all zero). */
void filter_release(struct sandbox_filter *);

/*
 * In a process with no_new_privs: install the filter.  gate: gate_address(), or 0 for none; EINVAL
 * for a gate with exec.  0, or -1 and errno.  Async-signal-safe.  Writes the gate's address into
 * this process's copy of the code.
 */
int  filter_enter(const struct sandbox_filter *, uintptr_t gate);

/*
 * On top of that filter, in a process that may make no others: only this process can be signalled,
 * by tgkill() and tkill().  Where Landlock holds signals nobody needs it.  0, or -1 and errno.
 * Async-signal-safe.
 */
int  filter_enter_own(pid_t self);

/* A denied call for a person: "socket", "system call 333", "system call 5 of another architecture".
   Returns name (size > 0).  Not for a signal handler: libseccomp allocates. */
char *filter_call_name(int number, uint32_t arch, char *name, size_t size);

#endif
