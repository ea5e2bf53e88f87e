/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_policy - which system call a sandboxed job may make, and what becomes of the others: tables.
 *
 * A call that no rule names is trapped: its process gets SIGSYS.  One that a rule refuses with an error
 * is one that innocent code makes and can do without.  libseccomp promises no order among the rules of one
 * call, so none that allows overlaps with one that does not: what is allowed and what is refused are
 * said each for itself, and what is in neither is trapped.
 *
 * A rule compares only numbers, never what a pointer points to: another thread could change it.
 * Where the kernel looks at the lower 32 bits of an argument alone, so must a rule that refuses.
 * Includes nothing of the project; there are no tables without libseccomp.
 */
#ifndef FORKPOOL_SANDBOX_POLICY_H
#define FORKPOOL_SANDBOX_POLICY_H

#include <stddef.h>
#include <stdint.h>

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>

/* What was opened up, as a set: the strictest is 0. */
enum policy_want {
	WANT_FILES   = 1u << 0,
	WANT_NETWORK = 1u << 1,
	WANT_EXEC    = 1u << 2,
};

/* What becomes of a call; above 0: it fails with that error number. */
enum {
	POLICY_ALLOW = 0,
	POLICY_TRAP = -1,
};

/* These calls, where all comparisons hold, may be made or fail. */
struct policy_rule {
	unsigned any, none;              /* for a set of wants that has one of any (0: whatever it has) and none of none */
	int answer;                      /* ALLOW or an error number */
	const char *calls;               /* names with a blank between them; those that an architecture lacks do not count */
	struct scmp_arg_cmp compare[3];  /* up to the first whose op is 0 */
};

/* These calls, by one argument: listed values have one answer, and all others another.  Values that need more
   bits than any listed one are never allowed. */
struct policy_value {
	unsigned any;                    /* 0: always in the list; else where one of these is wanted */
	uint32_t value;
};
struct policy_choice {
	unsigned any, none;
	int listed, other;               /* answers */
	const char *calls;
	unsigned arg;
	uint32_t care;                   /* bits of the argument that are looked at; POLICY_WHOLE: all, the upper 32 too */
	const struct policy_value *values;
	size_t count;                    /* at most POLICY_VALUES_MAX */
	struct scmp_arg_cmp where;       /* op 0, or a comparison of another argument that must hold for all of it */
};
#define POLICY_VALUES_MAX 32
#define POLICY_WHOLE      UINT32_MAX

extern const struct policy_rule policy_rules[];
extern const size_t policy_rule_count;
extern const struct policy_choice policy_choices[];
extern const size_t policy_choice_count;

/* Calls from this number on are younger than these tables: they fail with ENOSYS, as on a kernel that does
   not have them, and a younger C library does without.  0: the architecture numbers in another way. */
extern const uint32_t policy_first_unknown;

#endif
#endif
