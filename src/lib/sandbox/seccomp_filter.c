/* SPDX-License-Identifier: BSD-2-Clause */
/* The seccomp filter: make the program from the policy's tables, and install it. */
#include "config.h"
#include "lib/sandbox/seccomp_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#endif

#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"
#include "lib/sandbox/refusal.h"
#include "lib/sandbox/syscall_policy.h"

/* On x86-64 the numbers of x32 calls begin here. */
#define X32_FIRST 0x40000000

int
filter_available(void)
{
#if defined(SYS_seccomp) && defined(SECCOMP_GET_ACTION_AVAIL)
	uint32_t action = SECCOMP_RET_TRAP;
	const long address = (long)(intptr_t)&action;

	return gate_call(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, address, 0, 0) == 0;
#else
	return 0;
#endif
}

void
filter_release(struct sandbox_filter *filter)
{
	free(filter->code);
	memset(filter, 0, sizeof *filter);
}

#ifdef HAVE_LIBSECCOMP

/*
 * In front of libseccomp's program stand parts that libseccomp cannot express: the gate, what
 * mremap() may move while the gate's page could be filled again, and ENOSYS for calls younger than
 * the tables.  A part that does not decide goes on with the next.
 */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif
#define LOAD(offset)             BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define EQUAL(value, yes, no)    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define AT_LEAST(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, yes, no)
#define ABOVE(value, yes, no)    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, value, yes, no)
#define ANSWER(action)           BPF_STMT(BPF_RET | BPF_K, action)
#define POINTER                  offsetof(struct seccomp_data, instruction_pointer)
#define MOVED                    offsetof(struct seccomp_data, args)

#define GATE_LEN  7
#define GATE_LOW  1 /* the instructions that compare the halves of the gate's address */
#define GATE_HIGH 3
#define GATE_ARCH 5
#define GATE_ANSWER 6
#define MOVE_LEN    13
#define MOVE_FROM   (GATE_LEN + 3) /* the instructions that compare with the range's halves */
#define MOVE_TO     (GATE_LEN + 8)
#define YOUNG_LEN   4
#define BEFORE_LEN  (GATE_LEN + MOVE_LEN + YOUNG_LEN)

static const struct sock_filter before[BEFORE_LEN] = {
	LOAD(POINTER + LOW_HALF),
	EQUAL(0, 0, 5),
	LOAD(POINTER + (4 - LOW_HALF)),
	EQUAL(0, 0, 3),
	/* With SYSENTER a 32-bit caller chooses the address that its call seems to come from. */
	LOAD(offsetof(struct seccomp_data, arch)),
	EQUAL(0, 0, 1),
	ANSWER(SECCOMP_RET_ALLOW),

	/* Only what lies in a range, which filter_enter() fills in; the upper halves first. */
	LOAD(offsetof(struct seccomp_data, nr)),
	EQUAL(SYS_mremap, 0, 11),
	LOAD(MOVED + (4 - LOW_HALF)),
	ABOVE(0, 3, 0),
	EQUAL(0, 0, 7),
	LOAD(MOVED + LOW_HALF),
	AT_LEAST(0, 0, 5),
	LOAD(MOVED + (4 - LOW_HALF)),
	AT_LEAST(UINT32_MAX, 0, 4),
	EQUAL(UINT32_MAX, 0, 2),
	LOAD(MOVED + LOW_HALF),
	ABOVE(UINT32_MAX, 0, 1),
	ANSWER(SECCOMP_RET_ERRNO | ENOSYS),

	LOAD(offsetof(struct seccomp_data, nr)),
	AT_LEAST(X32_FIRST, 2, 0),
	AT_LEAST(0, 0, 1),
	ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
};
#define YOUNG_FIRST (GATE_LEN + MOVE_LEN + 2)

/* A filter that is being built; after the first error nothing more is added. */
struct build {
	scmp_filter_ctx context;
	unsigned wants;
	int error;
	char call[32]; /* the call that was looked up last */
};

static int
applies(const struct build *b, unsigned any, unsigned none)
{
	return (any == 0 || (b->wants & any) != 0) && (b->wants & none) == 0;
}

static void
add(struct build *b, int number, int answer, const struct scmp_arg_cmp *compare, unsigned count)
{
	if (b->error != 0 || answer == POLICY_TRAP)
		return;
	uint32_t action =
	    answer == POLICY_ALLOW ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint32_t)answer);
	b->error = -seccomp_rule_add_exact_array(b->context, action, number, count, compare);
}

/* The number of the next call in names that this architecture has; -1: there is none left. */
static int
next_call(struct build *b, const char **names)
{
	while (**names != '\0' && b->error == 0) {
		size_t len = strcspn(*names, " ");
		if (len >= sizeof b->call) {
			b->error = ENAMETOOLONG;
			break;
		}
		memcpy(b->call, *names, len);
		b->call[len] = '\0';
		*names += len + ((*names)[len] == ' ');
		int number = seccomp_syscall_resolve_name(b->call);
		if (number >= 0)
			return number;
	}
	return -1;
}

static void
add_rule(struct build *b, const struct policy_rule *rule)
{
	const size_t most = sizeof rule->compare / sizeof rule->compare[0];
	const char *names = rule->calls;
	unsigned count = 0;

	while (count < most && rule->compare[count].op != 0)
		count++;
	for (int number; (number = next_call(b, &names)) != -1;)
		add(b, number, rule->answer, rule->compare, count);
}

static void
add_comparison(struct build *b, int number, const struct policy_choice *choice, int answer,
    enum scmp_compare op, uint64_t a, uint64_t other)
{
	struct scmp_arg_cmp compare[2] = {
		{ .arg = choice->arg, .op = op, .datum_a = a, .datum_b = other },
		choice->where,
	};

	add(b, number, answer, compare, choice->where.op != 0 ? 2 : 1);
}

/*
 * Add the answers for all values of the argument whose bits in mask are as in value; the listed
 * ones among them are values[0..count).  libseccomp cannot say "none of these": where no listed
 * value has these high bits, one comparison of them covers all such values, else the next bit down
 * splits them in two halves, each treated likewise.
 */
static void
add_choice(struct build *b, int number, const struct policy_choice *choice, const uint32_t *values,
    size_t count, uint64_t mask, uint64_t value, uint32_t bit)
{
	while (bit != 0 && (choice->care & bit) == 0)
		bit >>= 1;
	if (count == 0 || bit == 0) {
		add_comparison(b, number, choice, count == 0 ? choice->other : choice->listed,
		    SCMP_CMP_MASKED_EQ, mask, value);
		return;
	}
	for (uint32_t side = 0; side < 2; side++) {
		uint32_t part[POLICY_VALUES_MAX];
		size_t n = 0;
		for (size_t i = 0; i < count; i++)
			if (((values[i] & bit) != 0) == side)
				part[n++] = values[i];
		add_choice(b, number, choice, part, n, mask | bit, value | (side != 0 ? bit : 0),
		    bit >> 1);
	}
}

static void
add_choices(struct build *b, const struct policy_choice *choice)
{
	/* bounded: all bits above `bit` count, and one comparison covers them; else none of them
	   counts.  bit becomes the highest bit that is set in a listed value, or that does not
	   count (bounded), or that counts (else). */
	int bounded = (choice->care & 1u << 31) != 0;
	uint32_t values[POLICY_VALUES_MAX], told = bounded ? ~choice->care : choice->care, bit = 1;
	const char *names = choice->calls;
	size_t count = 0;

	for (size_t i = 0; i < choice->count && i < POLICY_VALUES_MAX; i++) {
		if (!applies(b, choice->values[i].any, 0))
			continue;
		values[count] = choice->values[i].value & choice->care;
		told |= values[count++];
	}
	while (told >> 1 >= bit)
		bit <<= 1;
	uint64_t above = (uint64_t)bit << 1;
	for (int number; (number = next_call(b, &names)) != -1;) {
		if (bounded)
			add_comparison(b, number, choice,
			    choice->other == POLICY_ALLOW ? POLICY_TRAP : choice->other,
			    SCMP_CMP_GE, above, 0);
		add_choice(b, number, choice, values, count, bounded ? ~(above - 1) : 0, 0, bit);
	}
}

static void
add_all(struct build *b)
{
	/* Calls of another architecture are trapped too, so that the handler can name them. */
	b->error = -seccomp_attr_set(b->context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRAP);
	if (b->error == 0)
		/* Faster: a binary tree instead of one comparison after the other (libseccomp
		   2.5). */
		(void)seccomp_attr_set(b->context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < policy_rule_count && b->error == 0; i++)
		if (applies(b, policy_rules[i].any, policy_rules[i].none))
			add_rule(b, &policy_rules[i]);
	for (size_t i = 0; i < policy_choice_count && b->error == 0; i++)
		if (applies(b, policy_choices[i].any, policy_choices[i].none))
			add_choices(b, &policy_choices[i]);
}

/* Read the program from the file, leaving room for the parts in front of it.  0 or an errno. */
static int
program_read(int fd, struct sandbox_filter *filter)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	size_t len = st.st_size > 0 ? (size_t)st.st_size : 0;
	size_t count = len / sizeof before[0] + BEFORE_LEN;
	if (len == 0 || len % sizeof before[0] != 0 || count > BPF_MAXINSNS)
		return E2BIG;
	struct sock_filter *code = malloc(count * sizeof *code);
	if (code == NULL)
		return ENOMEM;
	if (fd_pread_all(fd, code + BEFORE_LEN, len, 0) == -1) {
		int error = errno;
		free(code);
		return error;
	}
	filter->code = code;
	filter->count = count;
	return 0;
}

/* Export libseccomp's program, and put the parts in front of it.  0 or an errno. */
static int
program_make(struct build *b, struct sandbox_filter *filter)
{
	int fd = os_memory_file("forkpool-filter", 0);

	if (fd == -1)
		return errno;
	int error = -seccomp_export_bpf(b->context, fd);
	if (error == 0)
		error = program_read(fd, filter);
	(void)close(fd);
	if (error != 0)
		return error;
	struct sock_filter *code = filter->code;
	memcpy(code, before, sizeof before);
	code[GATE_ARCH].k = seccomp_arch_native();
	/* With exec the gate's page could come back, so the gate must not answer: filter_enter()
	   checks this. */
	if (b->wants & WANT_EXEC)
		code[GATE_ANSWER].k = SECCOMP_RET_TRAP;
	code[YOUNG_FIRST].k = policy_first_unknown != 0 ? policy_first_unknown : X32_FIRST;
	return 0;
}

int
filter_build(struct sandbox_filter *filter, const struct filter_wants *wants, char *error,
    size_t error_size)
{
	struct build b = {
		.wants = (wants->files ? WANT_FILES : 0) | (wants->network ? WANT_NETWORK : 0) |
		    (wants->exec ? WANT_EXEC : 0) | (wants->threads ? WANT_THREADS : 0) |
		    (wants->root ? WANT_ROOT : 0) |
		    (wants->truncate ? WANT_TRUNCATE : 0),
	};

	memset(filter, 0, sizeof *filter);
	b.context = seccomp_init(SCMP_ACT_TRAP);
	if (b.context == NULL)
		return refusal_set(error, error_size, ENOMEM,
		    "sandbox: libseccomp makes no system call filter");
	add_all(&b);
	if (b.error != 0)
		(void)refusal_set(error, error_size, b.error,
		    "sandbox: libseccomp takes no rule for %s: %s",
		    b.call[0] != '\0' ? b.call : "other architectures", strerror(b.error));
	else if ((b.error = program_make(&b, filter)) != 0)
		(void)refusal_set(error, error_size, b.error,
		    "sandbox: the system call filter cannot be made: %s", strerror(b.error));
	seccomp_release(b.context);
	errno = b.error;
	return b.error != 0 ? -1 : 0;
}

static int
program_enter(struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { .len = (unsigned short)count, .filter = code };

	return (int)gate_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)(intptr_t)&program, 0,
	    0);
}

int
filter_enter_own(pid_t self)
{
	/* Calls of other architectures are the first filter's, which traps them.  The kernel takes
	   the lower half of the argument. */
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		EQUAL(SYS_tgkill, 1, 0),
		EQUAL(SYS_tkill, 0, 2),
		LOAD(offsetof(struct seccomp_data, args) + LOW_HALF),
		EQUAL((uint32_t)self, 0, 1),
		ANSWER(SECCOMP_RET_ALLOW),
		ANSWER(SECCOMP_RET_ERRNO | EPERM),
	};

	return program_enter(code, sizeof code / sizeof code[0]);
}

/* What mremap() may move: nothing where no range is known. */
static void
range_set(struct sock_filter *code)
{
	uintptr_t from, to;

	if (gate_plain_range(&from, &to) == -1)
		from = to = 1;
	to--; /* the last in it */
	code[MOVE_FROM].k = code[MOVE_FROM + 1].k = (uint32_t)((uint64_t)from >> 32);
	code[MOVE_FROM + 3].k = (uint32_t)from;
	code[MOVE_TO].k = code[MOVE_TO + 1].k = (uint32_t)((uint64_t)to >> 32);
	code[MOVE_TO + 3].k = (uint32_t)to;
}

int
filter_enter(const struct sandbox_filter *filter, uintptr_t gate)
{
	struct sock_filter *code = filter->code;

	if (code == NULL || filter->count <= BEFORE_LEN || filter->count > BPF_MAXINSNS ||
	    (gate != 0 && code[GATE_ANSWER].k != SECCOMP_RET_ALLOW)) {
		errno = EINVAL;
		return -1;
	}
	if (gate != 0) {
		code[GATE_LOW].k = (uint32_t)gate;
		code[GATE_HIGH].k = (uint32_t)((uint64_t)gate >> 32);
		range_set(code);
	}
	size_t skip = gate != 0 ? 0 : GATE_LEN + MOVE_LEN;
	return program_enter(code + skip, filter->count - skip);
}

static int
call_word(int number, uint32_t arch, char *name, size_t size)
{
	char *word =
	    arch == seccomp_arch_native() ? seccomp_syscall_resolve_num_arch(arch, number) : NULL;

	if (word == NULL)
		return 0;
	(void)snprintf(name, size, "%s", word);
	free(word);
	return 1;
}

#else /* HAVE_LIBSECCOMP */

int
filter_build(struct sandbox_filter *filter, const struct filter_wants *wants, char *error,
    size_t error_size)
{
	(void)wants;
	memset(filter, 0, sizeof *filter);
	return refusal_set(error, error_size, ENOTSUP,
	    OS_ADDRESSES_ABOUND ?
		"sandbox: this build of forkpool has no libseccomp, so system calls cannot be "
		"filtered" :
		"sandbox: system calls are filtered on 64-bit systems only");
}

int
filter_enter(const struct sandbox_filter *filter, uintptr_t gate)
{
	(void)filter;
	(void)gate;
	errno = ENOTSUP;
	return -1;
}

int
filter_enter_own(pid_t self)
{
	(void)self;
	errno = ENOTSUP;
	return -1;
}

static int
call_word(int number, uint32_t arch, char *name, size_t size)
{
	(void)number;
	(void)arch;
	(void)name;
	(void)size;
	return 0;
}

#endif

char *
filter_call_name(int number, uint32_t arch, char *name, size_t size)
{
	int other = 0;

#ifdef HAVE_LIBSECCOMP
	other = arch != seccomp_arch_native();
#endif
#if defined(__x86_64__) && defined(AUDIT_ARCH_X86_64)
	other = other || arch != AUDIT_ARCH_X86_64 || (number >= X32_FIRST);
#endif
	if (!other && call_word(number, arch, name, size))
		return name;
	if (number >= X32_FIRST)
		number -= X32_FIRST;
	(void)snprintf(name, size, "system call %d%s", number,
	    other ? " of another architecture" : "");
	return name;
}
