/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscall_policy - which system calls a sandboxed job may make, and what happens at the others:
 * tables.
 *
 * A call that no rule names is trapped: its process gets SIGSYS.  A rule refuses a call with an
 * error where innocent code makes the call and can do without it.  libseccomp promises no order
 * among the rules of one call, so no rule that allows overlaps with one that does not: the tables
 * say separately what is allowed and what is refused, and everything else is trapped.
 *
 * A rule compares only numbers, never what a pointer points to, which another thread could change
 * meanwhile.  Where the kernel uses only the lower 32 bits of an argument, a rule that refuses
 * compares only those.  Without libseccomp there are no tables.
 */
#ifndef FORKPOOL_SYSCALL_POLICY_H
#define FORKPOOL_SYSCALL_POLICY_H

#include <stddef.h>
#include <stdint.h>

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#include <sys/stat.h>

/* What the sandbox's options open up, as a set: the strictest is 0. */
enum policy_want {
	WANT_FILES   = 1u << 0,
	WANT_NETWORK = 1u << 1,
	WANT_EXEC    = 1u << 2,
	WANT_THREADS = 1u << 3,
	WANT_ROOT    = 1u << 4, /* with FILES: a private root holds them */
	WANT_TRUNCATE = 1u << 5, /* with ROOT: what holds the files sees truncate(2) */
};

/* The answer to a call; above 0: it fails with that error number. */
enum {
	POLICY_ALLOW = 0,
	POLICY_TRAP = -1,
};

/* Allow or refuse these calls where all comparisons hold. */
struct policy_rule {
	unsigned any, none;              /* for wants that include one of any (any 0: for all wants)
	                                    and none of none */
	int answer;                      /* ALLOW or an error number */
	const char *calls;               /* names with a blank between them; those that this
	                                    architecture lacks are skipped */
	struct scmp_arg_cmp compare[3];  /* up to the first whose op is 0 */
};

/* Answer these calls by one argument: listed values have one answer, all others another.  Values
   that need more bits than any listed value are never allowed. */
struct policy_value {
	unsigned any;                    /* 0: always listed; else where one of these is wanted */
	uint32_t value;
};
struct policy_choice {
	unsigned any, none;
	int listed, other;               /* answers */
	const char *calls;
	unsigned arg;
	uint32_t care;                   /* bits of the argument that count; POLICY_WHOLE: all 64 */
	const struct policy_value *values;
	size_t count;                    /* at most POLICY_VALUES_MAX */
	struct scmp_arg_cmp where;       /* op 0, or what another argument must compare as */
};
#define POLICY_VALUES_MAX 32
#define POLICY_WHOLE      UINT32_MAX

/* The bits with the type of a mapping, and of a socket. */
#define POLICY_TYPE_BITS 0xf
/* Set-user-ID and set-group-ID: by them others would run a file of the job's as its user. */
#define POLICY_GAINS     (S_ISUID | S_ISGID)

extern const struct policy_rule policy_rules[];
extern const size_t policy_rule_count;
extern const struct policy_choice policy_choices[];
extern const size_t policy_choice_count;

/* Calls from this number on are younger than these tables: they fail with ENOSYS, as on a kernel
   without them, and a younger C library then does without.  0: this architecture has a numbering of
   its own. */
extern const uint32_t policy_first_unknown;

#endif
#endif
