/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy's table of rules for system calls. */
#include "config.h"
#include "lib/sandbox/syscall_policy.h"

#ifdef HAVE_LIBSECCOMP

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define FILES   WANT_FILES
#define NETWORK WANT_NETWORK
#define EXEC    WANT_EXEC
#define THREADS WANT_THREADS
#define ROOT    WANT_ROOT
#define TRUNCATE WANT_TRUNCATE

/* A row of the table for all sets of wants, or some: ALWAYS(answer, calls, comparisons...). */
#define FOR(any_, none_, answer_, calls_, ...) \
	{ .any = (any_), .none = (none_), .answer = (answer_), .calls = calls_, \
	  .compare = { __VA_ARGS__ } }
#define ALWAYS(answer_, ...)        FOR(0, 0, answer_, __VA_ARGS__)
#define WITH(any_, answer_, ...)    FOR(any_, 0, answer_, __VA_ARGS__)
#define WITHOUT(none_, answer_, ...) FOR(0, none_, answer_, __VA_ARGS__)

#define IS(arg_, value_)            { .arg = (arg_), .op = SCMP_CMP_EQ, .datum_a = (value_) }
#define NOT(arg_, value_)           { .arg = (arg_), .op = SCMP_CMP_NE, .datum_a = (value_) }
#define BITS(arg_, mask_, value_) \
	{ .arg = (arg_), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask_), .datum_b = (value_) }
#define SET(arg_, bit_)             BITS(arg_, bit_, bit_)
/* No bit but these is set, in all 64. */
#define ONLY(arg_, bits_)           BITS(arg_, ~(uint64_t)(bits_), 0)

/* --------------------------------------------------------------------------------------- memory */

#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#if defined(__aarch64__)
#define PROT_PLAIN (PROT_READ | PROT_WRITE | 0x10 | 0x20) /* branch targets, memory tags */
#else
#define PROT_PLAIN (PROT_READ | PROT_WRITE)
#endif
/* Flags that are allowed with MAP_PRIVATE. */
#define MAP_PLAIN \
	(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE | \
	 MAP_NONBLOCK | MAP_STACK | MAP_LOCKED | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_32BIT)
#define MAP_IS_PRIVATE(arg_) BITS(arg_, ~(uint64_t)MAP_PLAIN, MAP_PRIVATE)
/* A shared mapping of a file. */
#define MAP_IS_FILE(arg_)    BITS(arg_, ~(uint64_t)(MAP_PLAIN & ~MAP_ANONYMOUS), MAP_SHARED)

/* ---------------------------------------------------------------------------------------- files */

/* The kernel's O_ACCMODE; musl's has one bit more. */
#define ACCESS_BITS 3

/* The argument is a mode. */
#define MODE_ROWS(want_, calls_, mode_) \
	WITH(want_, POLICY_ALLOW, calls_, BITS(mode_, POLICY_GAINS, 0)), \
	WITH(want_, EPERM, calls_, SET(mode_, S_ISUID)), \
	WITH(want_, EPERM, calls_, BITS(mode_, POLICY_GAINS, S_ISGID))

/*
 * open() takes a mode where it makes a file: O_CREAT, or O_TMPFILE without O_DIRECTORY, which is
 * part of it.  Landlock does not see truncation before ABI 3 (Linux 6.2): here O_TRUNC requires
 * opening for writing.
 */
#define TEMPORARY (O_TMPFILE & ~O_DIRECTORY)
#define TRUNCATE_ROWS(call_, flags_, mask_, value_, ...) \
	WITH(FILES, POLICY_ALLOW, call_, BITS(flags_, (mask_) | O_TRUNC, value_), ##__VA_ARGS__), \
	WITH(FILES, POLICY_ALLOW, call_, BITS(flags_, (mask_) | O_TRUNC | ACCESS_BITS, \
	    (value_) | O_TRUNC | O_WRONLY), ##__VA_ARGS__), \
	WITH(FILES, POLICY_ALLOW, call_, BITS(flags_, (mask_) | O_TRUNC | ACCESS_BITS, \
	    (value_) | O_TRUNC | O_RDWR), ##__VA_ARGS__)
#define OPEN_ROWS(call_, flags_, mode_) \
	TRUNCATE_ROWS(call_, flags_, O_CREAT | TEMPORARY, 0), \
	TRUNCATE_ROWS(call_, flags_, O_CREAT | TEMPORARY, O_CREAT, BITS(mode_, POLICY_GAINS, 0)), \
	TRUNCATE_ROWS(call_, flags_, TEMPORARY, TEMPORARY, BITS(mode_, POLICY_GAINS, 0)), \
	WITH(FILES, EACCES, call_, BITS(flags_, O_TRUNC | ACCESS_BITS, O_TRUNC | O_RDONLY)), \
	WITH(FILES, EACCES, call_, BITS(flags_, O_TRUNC | ACCESS_BITS, O_TRUNC | ACCESS_BITS)), \
	WITH(FILES, EPERM, call_, SET(flags_, O_CREAT), SET(mode_, S_ISUID)), \
	WITH(FILES, EPERM, call_, SET(flags_, O_CREAT), SET(mode_, S_ISGID)), \
	WITH(FILES, EPERM, call_, SET(flags_, TEMPORARY), SET(mode_, S_ISUID)), \
	WITH(FILES, EPERM, call_, SET(flags_, TEMPORARY), SET(mode_, S_ISGID))

/* ------------------------------------------------------------------------------------ processes */

#ifdef __s390__
#define CLONE_ARG 1
#else
#define CLONE_ARG 0
#endif
/* New namespaces, in which a process has all capabilities; and CLONE_PARENT, whose process would be
   the worker's child and not the job's. */
#define CLONE_REFUSED \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT)
#define THREAD_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define CLONE_ROW(bit_) WITH(EXEC, EPERM, "clone", SET(CLONE_ARG, bit_))

/* -------------------------------------------------------------------------------------- network */

/* No AF_UNIX: Landlock does not see to whom a path connects, and that can be a service that runs
   programs for its user.  A socket pair is as good as two pipes, unless of datagrams, which can be
   sent to anybody. */
#define SOCKET_ROW(domain_, type_, protocol_) \
	WITH(NETWORK, POLICY_ALLOW, "socket", IS(0, domain_), BITS(1, POLICY_TYPE_BITS, type_), \
	    IS(2, protocol_))
#define SOCKET_ROWS(domain_) \
	SOCKET_ROW(domain_, SOCK_STREAM, 0), SOCKET_ROW(domain_, SOCK_STREAM, IPPROTO_TCP), \
	SOCKET_ROW(domain_, SOCK_STREAM, IPPROTO_UDP), SOCKET_ROW(domain_, SOCK_DGRAM, 0), \
	SOCKET_ROW(domain_, SOCK_DGRAM, IPPROTO_TCP), SOCKET_ROW(domain_, SOCK_DGRAM, IPPROTO_UDP)
/* No out-of-band data: in a socket pair it has been a way into the kernel (CVE-2025-38236). */
#define SEND_ROWS(calls_, flags_) \
	WITH(NETWORK | EXEC, POLICY_ALLOW, calls_, BITS(flags_, MSG_OOB, 0)), \
	WITH(NETWORK | EXEC, EOPNOTSUPP, calls_, SET(flags_, MSG_OOB))

const struct policy_rule policy_rules[] = {
	/* For a computation that reads its standard input and writes its standard output: a job's
	   process has no other descriptor, unless it may open some. */
	ALWAYS(POLICY_ALLOW,
	    "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek "
	    "_llseek"),
	ALWAYS(POLICY_ALLOW,
	    "fstat fstat64 close close_range dup dup2 dup3 ftruncate ftruncate64 fsync fdatasync"),
	ALWAYS(POLICY_ALLOW, "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64"),
	ALWAYS(POLICY_ALLOW, "exit exit_group restart_syscall pause umask"),
	ALWAYS(POLICY_ALLOW,
	    "getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups "
	    "getuid32 geteuid32 getgid32 getegid32 getresuid32 getresgid32 getgroups32 getpgrp "
	    "getpgid getsid capget"),
	ALWAYS(POLICY_ALLOW,
	    "clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep "
	    "clock_nanosleep_time64 gettimeofday time nanosleep times getrusage getrandom uname "
	    "sysinfo"),
	ALWAYS(POLICY_ALLOW,
	    "sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_getattr "
	    "sched_get_priority_max sched_get_priority_min sched_rr_get_interval getpriority "
	    "ioprio_get getcpu"),
	/* Signals to itself, as abort() uses tgkill(); Landlock, or another user, stops signals to
	   others. */
	ALWAYS(POLICY_ALLOW,
	    "rt_sigprocmask rt_sigreturn sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait "
	    "rt_sigtimedwait_time64 sigaltstack tgkill tkill alarm setitimer getitimer"),
	WITH(EXEC, POLICY_ALLOW, "rt_sigaction"),
	/* The worker needs these; a job has no child. */
	ALWAYS(POLICY_ALLOW, "wait4 waitid waitpid"),
	/* A job may read its limits, and not raise one up to a hard limit that the pool left as it
	   was. */
	ALWAYS(POLICY_ALLOW, "getrlimit ugetrlimit"),
	WITHOUT(EXEC, POLICY_ALLOW, "prlimit64", IS(0, 0), IS(2, 0)),
	WITHOUT(EXEC, EPERM, "prlimit64", IS(0, 0), NOT(2, 0)),
	WITHOUT(EXEC, EPERM, "setrlimit"),
	WITH(EXEC, POLICY_ALLOW, "setrlimit"),
	WITH(EXEC, POLICY_ALLOW, "prlimit64", IS(0, 0)),
	ALWAYS(EPERM, "prlimit64", NOT(0, 0)),

	/* Memory: private and not executable.  Executable memory could be put where the gate was
	   (syscall_gate.h); no limit counts memory that is shared or grows by itself. */
	ALWAYS(POLICY_ALLOW, "brk munmap msync munlock munlockall"),
	WITHOUT(EXEC, POLICY_ALLOW, "mprotect", ONLY(2, PROT_PLAIN)),
	WITH(EXEC, POLICY_ALLOW, "mprotect", ONLY(2, PROT_PLAIN | PROT_EXEC)),
	ALWAYS(EINVAL, "mprotect", SET(2, PROT_GROWSDOWN)),
	ALWAYS(EINVAL, "mprotect", SET(2, PROT_GROWSUP)),
	WITHOUT(EXEC, POLICY_ALLOW, "mmap mmap2", ONLY(2, PROT_PLAIN), MAP_IS_PRIVATE(3)),
	WITH(EXEC, POLICY_ALLOW, "mmap mmap2", ONLY(2, PROT_PLAIN | PROT_EXEC), MAP_IS_PRIVATE(3)),
	WITH(FILES | EXEC, POLICY_ALLOW, "mmap mmap2", ONLY(2, PROT_PLAIN), MAP_IS_FILE(3)),
	WITHOUT(FILES | EXEC, EPERM, "mmap mmap2", SET(3, MAP_SHARED)),
	WITH(FILES | EXEC, EPERM, "mmap mmap2", SET(3, MAP_SHARED | MAP_ANONYMOUS)),
	WITH(FILES | EXEC, EPERM, "mmap mmap2",
	    BITS(3, POLICY_TYPE_BITS, MAP_SHARED | MAP_PRIVATE)),
	ALWAYS(EINVAL, "mmap mmap2", BITS(3, MAP_SHARED | MAP_PRIVATE, 0)),
	ALWAYS(EINVAL, "mmap mmap2", SET(3, 4)),
	/* MAP_DROPPABLE: getrandom() of newer C libraries tries it. */
	ALWAYS(EINVAL, "mmap mmap2", SET(3, 8)),
	ALWAYS(EPERM, "mmap mmap2", SET(3, MAP_GROWSDOWN)),
	/* Not ENOMEM, here and below: errno keeps it when malloc() has found another way, and
	   limits_met() would take memory for short. */
	ALWAYS(EPERM, "mmap mmap2", SET(3, MAP_HUGETLB)),
	/* A program that loads a library gets an error; executable memory without a file, for code
	   made on the spot, is asked for on purpose, and trapped. */
	FOR(FILES, EXEC, EACCES, "mmap mmap2", SET(2, PROT_EXEC), BITS(3, MAP_ANONYMOUS, 0)),
	/* What realloc() does.  Where that could bring the gate back, the part in front of these
	   rules judges first (seccomp_filter.h).  Refused, malloc() copies. */
	WITHOUT(EXEC, POLICY_ALLOW, "mremap", ONLY(3, MREMAP_MAYMOVE)),
	WITHOUT(EXEC, ENOSYS, "mremap", SET(3, MREMAP_FIXED)),
	WITHOUT(EXEC, ENOSYS, "mremap", SET(3, 4)), /* MREMAP_DONTUNMAP */
	WITH(EXEC, POLICY_ALLOW, "mremap"),

	/* Calls that C libraries, or others, try and have a fallback for. */
	ALWAYS(ENOSYS,
	    "clone3 membarrier openat2 mincore pkey_alloc pkey_free pkey_mprotect mbind "
	    "get_mempolicy set_mempolicy"),
	ALWAYS(EPERM,
	    "mlock mlock2 mlockall sched_setaffinity sched_setparam sched_setscheduler "
	    "sched_setattr setpriority nice ioprio_set"),
	WITHOUT(EXEC | THREADS, ENOSYS, "set_robust_list rseq"),
	WITH(FILES | EXEC, ENOSYS, "copy_file_range sendfile sendfile64"),
	/* grep empties its pipe by splice(), and takes only this error for a reason to read it. */
	WITH(FILES | EXEC, EINVAL, "splice tee vmsplice"),

	/* Paths: refused where none was opened up, else Landlock decides.  Landlock does not
	   restrict stat() and its kin: a job that may open some file can see the existence, size
	   and times of every other. */
	WITHOUT(FILES, EACCES,
	    "open openat creat access faccessat stat stat64 lstat lstat64 newfstatat fstatat64 "
	    "readlink readlinkat getcwd chdir fchdir statfs statfs64 fstatfs fstatfs64 mkdir "
	    "mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink "
	    "symlinkat"),
	WITHOUT(FILES, ENOSYS, "statx faccessat2"),
	OPEN_ROWS("open", 1, 2),
	OPEN_ROWS("openat", 2, 3),
	MODE_ROWS(FILES, "creat mkdir", 1),
	MODE_ROWS(FILES, "mkdirat", 2),
	WITH(FILES, POLICY_ALLOW,
	    "access faccessat faccessat2 stat stat64 lstat lstat64 newfstatat fstatat64 "
	    "statx readlink readlinkat getcwd chdir fchdir statfs statfs64 fstatfs fstatfs64 rmdir "
	    "unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat"),
	WITH(FILES, POLICY_ALLOW,
	    "getdents getdents64 fallocate sync_file_range sync_file_range2 flock fadvise64 "
	    "fadvise64_64 arm_fadvise64_64 readahead"),
	/* Calls that Landlock does not see, or not on every kernel that has Landlock. */
	WITH(TRUNCATE, POLICY_ALLOW, "truncate truncate64"),
	WITHOUT(TRUNCATE, EACCES, "truncate truncate64"),
	/* Not even to nobody (-1), in a private root: that takes a file its capabilities, of
	   whomever the file is, and reaches what is behind the job's descriptors. */
	ALWAYS(EPERM, "chown fchown lchown fchownat chown32 fchown32 lchown32"),
	/* In a private root all files are the job's to change, or on mounts that are read-only. */
	WITHOUT(ROOT, EPERM,
	    "chmod fchmod fchmodat utime utimes futimesat utimensat utimensat_time64"),
	WITH(ROOT, POLICY_ALLOW, "utime utimes futimesat utimensat utimensat_time64"),
	MODE_ROWS(ROOT, "chmod fchmod", 1),
	MODE_ROWS(ROOT, "fchmodat", 2),
	ALWAYS(ENOSYS, "fchmodat2"),
	ALWAYS(EOPNOTSUPP,
	    "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr "
	    "fsetxattr removexattr lremovexattr fremovexattr"),
	WITHOUT(EXEC | ROOT, EPERM, "mknod mknodat"),

	/* Descriptors that programs and event loops make. */
	WITH(FILES | NETWORK | EXEC, POLICY_ALLOW, "pipe pipe2"),
	WITH(NETWORK | EXEC, POLICY_ALLOW,
	    "epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd "
	    "eventfd2 timerfd_create timerfd_settime timerfd_gettime timerfd_settime64 "
	    "timerfd_gettime64"),
	WITH(EXEC, POLICY_ALLOW,
	    "signalfd signalfd4 timer_create timer_settime timer_gettime timer_getoverrun "
	    "timer_delete timer_settime64 timer_gettime64"),
	WITHOUT(NETWORK | EXEC, ENOTTY, "ioctl"),

	/* Sockets: see the choices below. */
	WITH(NETWORK, POLICY_ALLOW, "connect bind listen accept accept4"),
	WITH(NETWORK | EXEC, POLICY_ALLOW,
	    "shutdown getsockname getpeername recvfrom recvmsg recvmmsg recvmmsg_time64"),
	SEND_ROWS("sendto sendmmsg", 3),
	SEND_ROWS("sendmsg", 2),
	SOCKET_ROWS(AF_INET),
	SOCKET_ROWS(AF_INET6),
	FOR(EXEC, NETWORK, EACCES, "socket"),
	FOR(EXEC, NETWORK, ENOPROTOOPT, "setsockopt"),
	WITH(NETWORK | EXEC, POLICY_ALLOW, "socketpair", IS(0, AF_UNIX),
	    BITS(1, POLICY_TYPE_BITS, SOCK_STREAM)),
	WITH(NETWORK | EXEC, POLICY_ALLOW, "socketpair", IS(0, AF_UNIX),
	    BITS(1, POLICY_TYPE_BITS, SOCK_SEQPACKET)),

	/* Programs. */
	/* PR_SET_VMA: malloc() names its memory, where it can. */
	WITHOUT(EXEC, EINVAL, "prctl", IS(0, 0x53564d41)),
	/* glibc requires set_robust_list and rseq of each thread if the first thread had them. */
	WITH(EXEC, POLICY_ALLOW,
	    "execve execveat fork vfork kill setpgid setsid set_tid_address set_robust_list "
	    "get_robust_list rseq"),
	WITH(EXEC, POLICY_ALLOW, "clone", BITS(CLONE_ARG, CLONE_REFUSED, 0)),
	/* Threads as pthread_create() makes them, and nothing else. */
	FOR(THREADS, EXEC, POLICY_ALLOW, "set_robust_list get_robust_list rseq"),
	FOR(THREADS, EXEC, POLICY_ALLOW, "clone", IS(CLONE_ARG, THREAD_FLAGS)),
	FOR(THREADS, EXEC, POLICY_ALLOW, "clone", IS(CLONE_ARG, THREAD_FLAGS | CLONE_DETACHED)),
	CLONE_ROW(CLONE_NEWNS),
	CLONE_ROW(CLONE_NEWCGROUP),
	CLONE_ROW(CLONE_NEWUTS),
	CLONE_ROW(CLONE_NEWIPC),
	CLONE_ROW(CLONE_NEWUSER),
	CLONE_ROW(CLONE_NEWPID),
	CLONE_ROW(CLONE_NEWNET),
	CLONE_ROW(CLONE_PARENT),
	WITH(EXEC, ENOSYS,
	    "pidfd_open pidfd_send_signal memfd_create inotify_init inotify_init1 io_uring_setup "
	    "seccomp landlock_create_ruleset"),
	/* posix_spawn() with POSIX_SPAWN_RESETIDS, which make runs all recipes by.  Real, effective
	   and saved ids of a job are one, and it has no capability (identity.h): it can only become
	   who it is. */
	WITH(EXEC, POLICY_ALLOW,
	    "setuid setgid setreuid setregid setresuid setresgid setuid32 setgid32 setreuid32 "
	    "setregid32 setresuid32 setresgid32"),
	WITH(EXEC, EPERM,
	    "setgroups setfsuid setfsgid setgroups32 setfsuid32 setfsgid32 capset personality sync "
	    "syncfs rt_sigqueueinfo rt_tgsigqueueinfo"),
	/* PTRACE_ATTACH and PTRACE_SEIZE.  LeakSanitizer looks at its process from a thread that
	   has all signals blocked: that would die here, and the process wait for it. */
	WITH(EXEC, EPERM, "ptrace", IS(0, 16)),
	WITH(EXEC, EPERM, "ptrace", IS(0, 0x4206)),
};
const size_t policy_rule_count = sizeof policy_rules / sizeof policy_rules[0];

/* 449: futex_waitv() of Linux 5.16.  Since 5.1 new calls have the same number on all architectures
   but a few. */
#if defined(__NR_clone3) && __NR_clone3 == 435
const uint32_t policy_first_unknown = 449;
#else
const uint32_t policy_first_unknown = 0;
#endif

#else
extern const int policy_none;
const int policy_none; /* C has no empty translation unit */
#endif
