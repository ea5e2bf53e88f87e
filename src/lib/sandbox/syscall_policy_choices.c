/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy's tables of calls that are many calls in one, by the values of an argument. */
#include "config.h"
#include "lib/sandbox/syscall_policy.h"

#ifdef HAVE_LIBSECCOMP

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define FILES   WANT_FILES
#define NETWORK WANT_NETWORK
#define EXEC    WANT_EXEC
#define ROOT    WANT_ROOT

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

static const struct policy_value domains[] = { { 0, AF_INET }, { 0, AF_INET6 } };
static const struct policy_value pair_domains[] = { { 0, AF_UNIX } };
static const struct policy_value pair_types[] = { { 0, SOCK_STREAM }, { 0, SOCK_SEQPACKET } };
static const struct policy_value socket_types[] = { { 0, SOCK_STREAM }, { 0, SOCK_DGRAM } };
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
	CHOICE(EXEC | ROOT, 0, "mknod", 1, S_IFMT | POLICY_GAINS, POLICY_ALLOW, EPERM, node_types),
	CHOICE(EXEC | ROOT, 0, "mknodat", 2, S_IFMT | POLICY_GAINS, POLICY_ALLOW, EPERM,
	    node_types),
	CHOICE(NETWORK, 0, "socket", 0, POLICY_WHOLE, POLICY_TRAP, EAFNOSUPPORT, domains),
	CHOICE(NETWORK, 0, "socket", 1, POLICY_TYPE_BITS, POLICY_TRAP, ESOCKTNOSUPPORT,
	    socket_types),
	CHOICE(NETWORK, 0, "socket", 2, POLICY_WHOLE, POLICY_TRAP, EPROTONOSUPPORT, protocols),
	CHOICE(NETWORK | EXEC, 0, "socketpair", 0, POLICY_WHOLE, POLICY_TRAP, EAFNOSUPPORT,
	    pair_domains),
	CHOICE(NETWORK | EXEC, 0, "socketpair", 1, POLICY_TYPE_BITS, POLICY_TRAP, ESOCKTNOSUPPORT,
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

#else
extern const int policy_no_choices;
const int policy_no_choices; /* C has no empty translation unit */
#endif
