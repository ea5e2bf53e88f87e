/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy's tables of system calls. */
#include "config.h"
#include "lib/sandbox/syscall_policy.h"

#ifdef HAVE_LIBSECCOMP

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define FILES   WANT_FILES
#define NETWORK WANT_NETWORK
#define EXEC    WANT_EXEC

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

/* The bits with the type of a mapping, and of a socket. */
#define TYPE_BITS 0xf

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

/* Landlock does not see truncation before ABI 3 (Linux 6.2): here O_TRUNC requires opening for
   writing. */
#define OPEN_ROWS(call_, flags_) \
	WITH(FILES, POLICY_ALLOW, call_, BITS(flags_, O_TRUNC, 0)), \
	WITH(FILES, POLICY_ALLOW, call_, BITS(flags_, O_TRUNC | ACCESS_BITS, O_TRUNC | O_WRONLY)), \
	WITH(FILES, POLICY_ALLOW, call_, BITS(flags_, O_TRUNC | ACCESS_BITS, O_TRUNC | O_RDWR)), \
	WITH(FILES, EACCES, call_, BITS(flags_, O_TRUNC | ACCESS_BITS, O_TRUNC | O_RDONLY)), \
	WITH(FILES, EACCES, call_, BITS(flags_, O_TRUNC | ACCESS_BITS, O_TRUNC | ACCESS_BITS))

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
#define CLONE_ROW(bit_) WITH(EXEC, EPERM, "clone", SET(CLONE_ARG, bit_))

/* -------------------------------------------------------------------------------------- network */

/* No AF_UNIX: Landlock does not see to whom a path connects, and that can be a service that runs
   programs for its user.  A socket pair is as good as two pipes, unless of datagrams, which can be
   sent to anybody. */
#define SOCKET_ROW(domain_, type_, protocol_) \
	WITH(NETWORK, POLICY_ALLOW, "socket", IS(0, domain_), BITS(1, TYPE_BITS, type_), \
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
	WITH(FILES | EXEC, EPERM, "mmap mmap2", BITS(3, TYPE_BITS, MAP_SHARED | MAP_PRIVATE)),
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
	/* mremap() can also move or enlarge executable memory.  Without it malloc() copies. */
	WITHOUT(EXEC, ENOSYS, "mremap"),
	WITH(EXEC, POLICY_ALLOW, "mremap"),

	/* Calls that C libraries, or others, try and have a fallback for. */
	ALWAYS(ENOSYS,
	    "clone3 membarrier openat2 mincore pkey_alloc pkey_free pkey_mprotect mbind "
	    "get_mempolicy set_mempolicy"),
	ALWAYS(EPERM,
	    "mlock mlock2 mlockall sched_setaffinity sched_setparam sched_setscheduler "
	    "sched_setattr setpriority nice ioprio_set"),
	WITHOUT(EXEC, ENOSYS, "set_robust_list rseq"),
	WITH(FILES | EXEC, ENOSYS, "copy_file_range sendfile sendfile64 splice tee vmsplice"),

	/* Paths: refused where none was opened up, else Landlock decides.  Landlock does not
	   restrict stat() and its kin: a job that may open some file can see the existence, size
	   and times of every other. */
	WITHOUT(FILES, EACCES,
	    "open openat creat access faccessat stat stat64 lstat lstat64 newfstatat fstatat64 "
	    "readlink readlinkat getcwd chdir fchdir statfs statfs64 fstatfs fstatfs64 mkdir "
	    "mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink "
	    "symlinkat"),
	WITHOUT(FILES, ENOSYS, "statx faccessat2"),
	OPEN_ROWS("open", 1),
	OPEN_ROWS("openat", 2),
	WITH(FILES, POLICY_ALLOW,
	    "creat access faccessat faccessat2 stat stat64 lstat lstat64 newfstatat fstatat64 "
	    "statx readlink readlinkat getcwd chdir fchdir statfs statfs64 fstatfs fstatfs64 mkdir "
	    "mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink "
	    "symlinkat"),
	WITH(FILES, POLICY_ALLOW,
	    "getdents getdents64 fallocate sync_file_range sync_file_range2 flock fadvise64 "
	    "fadvise64_64 arm_fadvise64_64 readahead"),
	/* Calls that Landlock does not see, or not on every kernel that has Landlock. */
	ALWAYS(EACCES, "truncate truncate64"),
	ALWAYS(EPERM,
	    "chmod fchmod fchmodat chown fchown lchown fchownat chown32 fchown32 lchown32 utime "
	    "utimes futimesat utimensat utimensat_time64"),
	ALWAYS(EOPNOTSUPP,
	    "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr "
	    "fsetxattr removexattr lremovexattr fremovexattr"),
	WITHOUT(EXEC, EPERM, "mknod mknodat"),

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
	    BITS(1, TYPE_BITS, SOCK_STREAM)),
	WITH(NETWORK | EXEC, POLICY_ALLOW, "socketpair", IS(0, AF_UNIX),
	    BITS(1, TYPE_BITS, SOCK_SEQPACKET)),

	/* Programs. */
	/* PR_SET_VMA: malloc() names its memory, where it can. */
	WITHOUT(EXEC, EINVAL, "prctl", IS(0, 0x53564d41)),
	/* glibc requires set_robust_list and rseq of each thread if the first thread had them. */
	WITH(EXEC, POLICY_ALLOW,
	    "execve execveat fork vfork kill setpgid setsid set_tid_address set_robust_list "
	    "get_robust_list rseq"),
	WITH(EXEC, POLICY_ALLOW, "clone", BITS(CLONE_ARG, CLONE_REFUSED, 0)),
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
	WITH(EXEC, EPERM,
	    "setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid "
	    "setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setgroups32 "
	    "setfsuid32 setfsgid32 capset personality sync syncfs rt_sigqueueinfo "
	    "rt_tgsigqueueinfo"),
};
const size_t policy_rule_count = sizeof policy_rules / sizeof policy_rules[0];

/* ------------------------------------------------------------- calls that are many calls in one */

/* The handler of trapped calls must stay (crash.h).  127 is no signal; listing it makes the range
   in which values are allowed reach beyond all signals. */
static const struct policy_value trap_signal[] = {
	{ 0, SIGSYS }, { 0, 127 },
};

/* Without priority inheritance, which is most of the futex code and most of its history of
   holes. */
static const struct policy_value futex_operations[] = {
	{ 0, FUTEX_WAIT },
	{ 0, FUTEX_WAKE },
	{ 0, FUTEX_REQUEUE },
	{ 0, FUTEX_CMP_REQUEUE },
	{ 0, FUTEX_WAKE_OP },
	{ 0, FUTEX_WAIT_BITSET },
	{ 0, FUTEX_WAKE_BITSET },
};

/* Without MADV_MERGEABLE, which reveals what other processes have in memory, and without root's. */
static const struct policy_value advices[] = {
	{ 0, MADV_NORMAL },
	{ 0, MADV_RANDOM },
	{ 0, MADV_SEQUENTIAL },
	{ 0, MADV_WILLNEED },
	{ 0, MADV_DONTNEED },
	{ 0, MADV_FREE },
	{ 0, MADV_HUGEPAGE },
	{ 0, MADV_NOHUGEPAGE },
	{ 0, MADV_DONTDUMP },
	{ 0, MADV_DODUMP },
	{ 0, 18 }, /* MADV_WIPEONFORK */
	{ 0, 19 }, /* MADV_KEEPONFORK */
	{ EXEC, MADV_DONTFORK },
	{ EXEC, MADV_DOFORK },
};

/* Without F_SETFL (others share the flags of an inherited standard output), F_SETOWN and its kin,
   and the size of a pipe. */
static const struct policy_value fcntl_commands[] = {
	{ 0, F_DUPFD }, { 0, F_DUPFD_CLOEXEC }, { 0, F_GETFD }, { 0, F_SETFD }, { 0, F_GETFL },
	{ NETWORK | EXEC, F_SETFL },
	{ FILES | EXEC, F_GETLK }, { FILES | EXEC, F_SETLK }, { FILES | EXEC, F_SETLKW },
	/* F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW */
	{ FILES | EXEC, 36 }, { FILES | EXEC, 37 }, { FILES | EXEC, 38 },
	{ EXEC, 1032 }, { EXEC, 1034 }, /* F_GETPIPE_SZ, F_GET_SEALS */
};

/* Lists what is harmless, since what is dangerous has no end: TIOCSTI and TIOCLINUX are two of
   many. */
static const struct policy_value ioctl_requests[] = {
	{ NETWORK | EXEC, FIONBIO },
	{ NETWORK | EXEC, FIONREAD },
	{ NETWORK | EXEC, FIOCLEX },
	{ NETWORK | EXEC, FIONCLEX },
	{ EXEC, TCGETS },
	{ EXEC, TIOCGWINSZ },
	{ EXEC, TIOCGPGRP },
	{ EXEC, TIOCOUTQ },
};

static const struct policy_value prctl_options[] = {
	{ 0, PR_SET_NAME },
	{ 0, PR_GET_NAME },
	{ EXEC, PR_GET_PDEATHSIG },
	{ EXEC, PR_GET_DUMPABLE },
	{ EXEC, PR_GET_KEEPCAPS },
	{ EXEC, PR_GET_SECCOMP },
	{ EXEC, PR_CAPBSET_READ },
	{ EXEC, PR_GET_SECUREBITS },
	{ EXEC, PR_SET_TIMERSLACK },
	{ EXEC, PR_GET_TIMERSLACK },
	{ EXEC, PR_SET_NO_NEW_PRIVS },
	{ EXEC, PR_GET_NO_NEW_PRIVS },
	{ EXEC, PR_SET_THP_DISABLE },
	{ EXEC, PR_GET_THP_DISABLE },
};

/* ARCH_SET_FS, ARCH_GET_FS */
static const struct policy_value arch_options[] = {
	{ 0, 0x1002 }, { 0, 0x1003 },
};

static const struct policy_value node_types[] = {
	{ 0, S_IFIFO },
};

static const struct policy_value domains[] = {
	{ 0, AF_INET }, { 0, AF_INET6 },
};
static const struct policy_value pair_domains[] = {
	{ 0, AF_UNIX },
};
static const struct policy_value pair_types[] = {
	{ 0, SOCK_STREAM }, { 0, SOCK_SEQPACKET },
};
static const struct policy_value socket_types[] = {
	{ 0, SOCK_STREAM }, { 0, SOCK_DGRAM },
};
static const struct policy_value protocols[] = {
	{ 0, 0 }, { 0, IPPROTO_TCP }, { 0, IPPROTO_UDP },
};

/* Options that take only a number, and give neither others' traffic nor code that runs in the
   kernel. */
static const struct policy_value socket_levels[] = {
	{ 0, SOL_SOCKET }, { 0, IPPROTO_IP }, { 0, IPPROTO_IPV6 }, { 0, IPPROTO_TCP },
};
static const struct policy_value socket_options[] = {
	{ 0, SO_REUSEADDR },
	{ 0, SO_REUSEPORT },
	{ 0, SO_BROADCAST },
	{ 0, SO_SNDBUF },
	{ 0, SO_RCVBUF },
	{ 0, SO_KEEPALIVE },
	{ 0, SO_OOBINLINE },
	{ 0, SO_LINGER },
	{ 0, SO_RCVLOWAT },
	{ 0, SO_PRIORITY },
	{ 0, SO_RCVTIMEO },
	{ 0, SO_SNDTIMEO },
	{ 0, 66 }, /* SO_RCVTIMEO and SO_SNDTIMEO with 64-bit time */
	{ 0, 67 },
	{ 0, SO_TIMESTAMP },
	{ 0, SO_TIMESTAMPNS },
};
static const struct policy_value ip_options[] = {
	{ 0, IP_TOS }, { 0, IP_TTL }, { 0, IP_RECVERR }, { 0, IP_MTU_DISCOVER }, { 0, IP_PKTINFO },
};
static const struct policy_value ipv6_options[] = {
	{ 0, IPV6_V6ONLY }, { 0, IPV6_UNICAST_HOPS }, { 0, IPV6_RECVERR }, { 0, IPV6_MTU_DISCOVER },
	{ 0, IPV6_RECVPKTINFO }, { 0, IPV6_TCLASS },
};
static const struct policy_value tcp_options[] = {
	{ 0, TCP_NODELAY }, { 0, TCP_MAXSEG }, { 0, TCP_CORK }, { 0, TCP_KEEPIDLE },
	{ 0, TCP_KEEPINTVL }, { 0, TCP_KEEPCNT }, { 0, TCP_SYNCNT }, { 0, TCP_LINGER2 },
	{ 0, TCP_DEFER_ACCEPT }, { 0, TCP_QUICKACK }, { 0, TCP_USER_TIMEOUT }, { 0, TCP_FASTOPEN },
	{ 0, 25 }, { 0, 30 }, /* TCP_NOTSENT_LOWAT, TCP_FASTOPEN_CONNECT */
};

/* A policy_choice: CHOICE(any, none, calls, arg, care, listed, other, values, where...). */
#define CHOICE(any_, none_, calls_, arg_, care_, listed_, other_, values_, ...) \
	{ .any = (any_), .none = (none_), .calls = calls_, .arg = (arg_), .care = (care_), \
	  .listed = (listed_), .other = (other_), \
	  .values = values_, .count = sizeof values_ / sizeof values_[0], \
	  .where = { __VA_ARGS__ } }
#define LEVEL(level_) .arg = 1, .op = SCMP_CMP_EQ, .datum_a = (level_)

const struct policy_choice policy_choices[] = {
	CHOICE(0, EXEC, "rt_sigaction", 0, POLICY_WHOLE, POLICY_TRAP, POLICY_ALLOW, trap_signal),
	CHOICE(0, 0, "futex futex_time64", 1,
	    ~(uint32_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME), POLICY_ALLOW, ENOSYS,
	    futex_operations),
	CHOICE(0, 0, "madvise", 2, POLICY_WHOLE, POLICY_ALLOW, EINVAL, advices),
	CHOICE(0, 0, "fcntl fcntl64", 1, POLICY_WHOLE, POLICY_ALLOW, EPERM, fcntl_commands),
	CHOICE(NETWORK | EXEC, 0, "ioctl", 1, POLICY_WHOLE, POLICY_ALLOW, ENOTTY, ioctl_requests),
	CHOICE(0, EXEC, "prctl", 0, POLICY_WHOLE, POLICY_ALLOW, POLICY_TRAP, prctl_options),
	CHOICE(EXEC, 0, "prctl", 0, POLICY_WHOLE, POLICY_ALLOW, EINVAL, prctl_options),
	CHOICE(EXEC, 0, "arch_prctl", 0, POLICY_WHOLE, POLICY_ALLOW, EINVAL, arch_options),
	CHOICE(EXEC, 0, "mknod", 1, S_IFMT, POLICY_ALLOW, EPERM, node_types),
	CHOICE(EXEC, 0, "mknodat", 2, S_IFMT, POLICY_ALLOW, EPERM, node_types),
	CHOICE(NETWORK, 0, "socket", 0, POLICY_WHOLE, POLICY_TRAP, EAFNOSUPPORT, domains),
	CHOICE(NETWORK, 0, "socket", 1, TYPE_BITS, POLICY_TRAP, ESOCKTNOSUPPORT, socket_types),
	CHOICE(NETWORK, 0, "socket", 2, POLICY_WHOLE, POLICY_TRAP, EPROTONOSUPPORT, protocols),
	CHOICE(NETWORK | EXEC, 0, "socketpair", 0, POLICY_WHOLE, POLICY_TRAP, EAFNOSUPPORT,
	    pair_domains),
	CHOICE(NETWORK | EXEC, 0, "socketpair", 1, TYPE_BITS, POLICY_TRAP, ESOCKTNOSUPPORT,
	    pair_types),
	CHOICE(NETWORK | EXEC, 0, "getsockopt", 1, POLICY_WHOLE, POLICY_ALLOW, ENOPROTOOPT,
	    socket_levels),
	CHOICE(NETWORK, 0, "setsockopt", 1, POLICY_WHOLE, POLICY_TRAP, ENOPROTOOPT, socket_levels),
	CHOICE(NETWORK, 0, "setsockopt", 2, POLICY_WHOLE, POLICY_ALLOW, ENOPROTOOPT, socket_options,
	    LEVEL(SOL_SOCKET)),
	CHOICE(NETWORK, 0, "setsockopt", 2, POLICY_WHOLE, POLICY_ALLOW, ENOPROTOOPT, ip_options,
	    LEVEL(IPPROTO_IP)),
	CHOICE(NETWORK, 0, "setsockopt", 2, POLICY_WHOLE, POLICY_ALLOW, ENOPROTOOPT, ipv6_options,
	    LEVEL(IPPROTO_IPV6)),
	CHOICE(NETWORK, 0, "setsockopt", 2, POLICY_WHOLE, POLICY_ALLOW, ENOPROTOOPT, tcp_options,
	    LEVEL(IPPROTO_TCP)),
};
const size_t policy_choice_count = sizeof policy_choices / sizeof policy_choices[0];

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
