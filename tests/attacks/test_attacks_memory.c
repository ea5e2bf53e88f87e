/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that search all memory that they can read for the pool's tables, and for arguments, names,
 * values, messages and output of other jobs, which went through the same worker.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/attack_observe.h"
#include "tests/support/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "lib/job/context.h"
#include "lib/job/mailbox.h"
#include "lib/os/fd.h"
#include "lib/pool/pool.h"

#define MARK   32u /* bytes that all secrets begin with */
#define SECRET 64u
#define LARGE  ((size_t)300000)

/* How a job gets a secret or gives it away. */
enum kind {
	KIND_ARGS = 0,
	KIND_ID,
	KIND_LARGE_ARGS,
	KIND_VALUE,
	KIND_LARGE_VALUE,
	KIND_OUTPUT,
	KIND_MESSAGE,
	KIND_HEAP,
	KIND_CRASH,
	KINDS,
};
static const char kind_letters[] = "aiAvVomhc";

struct keeper {
	uint32_t kind;
	char     secret[SECRET + 1];
};

static void
text_random(char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[SECRET];

	ck_assert_uint_le(len, sizeof bytes);
	ck_assert_int_eq(getrandom(bytes, len, 0), (ssize_t)len);
	for (size_t i = 0; i < len; i++)
		text[i] = digits[bytes[i] & 15];
}

/* Leave a secret everywhere where a job can. */
static int
keeps_secret(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct keeper k;
	static char kept[SECRET + 1];
	char large[8192];

	if (args_len < sizeof k)
		return EBADMSG;
	memcpy(&k, args, sizeof k);
	memcpy(kept, k.secret, sizeof kept);
	for (size_t at = 0; at + SECRET <= sizeof large; at += SECRET)
		memcpy(large + at, k.secret, SECRET);
	char *heap = malloc(LARGE);
	if (heap == NULL)
		return errno;
	for (size_t at = 0; at + SECRET <= LARGE; at += SECRET)
		memcpy(heap + at, k.secret, SECRET);
	switch ((enum kind)k.kind) {
	case KIND_VALUE:
		return forkpool_reply(context, k.secret, SECRET);
	case KIND_LARGE_VALUE:
		return forkpool_reply(context, heap, LARGE);
	case KIND_OUTPUT:
		(void)!write(STDOUT_FILENO, heap, LARGE);
		printf("%s\n", k.secret);
		break;
	case KIND_MESSAGE:
		return forkpool_fail(context, EIO, "%s", k.secret);
	case KIND_CRASH:
		(void)forkpool_reply(context, large, sizeof large);
		printf("%s\n", k.secret);
		abort();
	case KIND_ARGS:
	case KIND_ID:
	case KIND_LARGE_ARGS:
	case KIND_HEAP:
	case KINDS:
	default:
		break;
	}
	return 0;
}

/* The registers as they were when the job began. */
static _Alignas(64) unsigned char registers[16384];

#if defined(__x86_64__)
static void
registers_save(void)
{
	unsigned a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_OSXSAVE) != 0)
		__asm__ volatile("xsave64 %0" : "+m"(registers) : "a"(~0u), "d"(~0u));
}
#else
static void
registers_save(void)
{
}
#endif

/* Search for halves of the mark: in the saved state the halves of a register can lie apart. */
static uint64_t
registers_search(const unsigned char *veiled)
{
	enum { HALF = 16 };
	uint64_t hits = 0;

	for (size_t at = 0; at + HALF <= sizeof registers; at += HALF) {
		size_t same = 0;
		while (same < HALF && (registers[at + same] ^ WALK_VEIL) == veiled[same])
			same++;
		hits += same == HALF;
	}
	return hits;
}

struct searcher {
	unsigned char veiled[MARK], own_veiled[MARK];
	char own[MARK];
};

struct found {
	uint64_t own, others, in_registers;
	uintptr_t place[WALK_PLACES];
	char      kind[WALK_PLACES];
};

static int
searches(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct searcher s;
	struct found f = { 0 };
	struct walk_needle needles[2] = {
		{ .veiled = s.own_veiled, .len = MARK }, { .veiled = s.veiled, .len = MARK },
	};

	registers_save();
	if (args_len != sizeof s)
		return EBADMSG;
	memcpy(&s, args, sizeof s);
	f.in_registers = registers_search(s.veiled);
	walk_search(needles, 2);
	f.own = needles[0].hits;
	f.others = needles[1].hits;
	memcpy(f.place, needles[1].place, sizeof f.place);
	for (size_t i = 0; i < WALK_PLACES && i < f.others; i++)
		f.kind[i] = *(const char *)(f.place[i] + MARK);
	return forkpool_reply(context, &f, sizeof f);
}

static void
keeper_submit(struct attack_scene *scene, const char *mark, enum kind kind)
{
	static char args[LARGE];
	struct keeper k = { .kind = (uint32_t)kind };
	struct forkpool_job job = { .fn = keeps_secret, .args = args, .args_len = sizeof k };

	memcpy(k.secret, mark, MARK);
	k.secret[MARK] = kind_letters[kind];
	text_random(k.secret + MARK + 1, SECRET - MARK - 1);
	memcpy(args, &k, sizeof k);
	if (kind == KIND_ID)
		job.id = k.secret;
	if (kind == KIND_LARGE_ARGS) {
		job.args_len = sizeof args;
		for (size_t at = sizeof k; at + SECRET <= sizeof args; at += SECRET)
			memcpy(args + at, k.secret, SECRET);
	}
	ck_assert_int_eq(forkpool_submit(scene->pool, &job, NULL), 1);
}

static void
searcher_submit(struct attack_scene *scene, const char *mark)
{
	struct searcher s;

	text_random(s.own, MARK);
	for (size_t i = 0; i < MARK; i++) {
		s.veiled[i] = (unsigned char)mark[i] ^ WALK_VEIL;
		s.own_veiled[i] = (unsigned char)s.own[i] ^ WALK_VEIL;
	}
	(void)support_submit(scene->pool, searches, &s, sizeof s);
}

static void
search_check(const struct forkpool_result *result)
{
	struct found f;

	ck_assert_msg(result->outcome == FORKPOOL_OK && result->value_len == sizeof f, "%s: %s",
	    forkpool_outcome_name(result->outcome), result->message);
	memcpy(&f, result->value, sizeof f);
	ck_assert_msg(f.own > 0, "the search does not find what is there");
	ck_assert_msg(f.in_registers == 0, "%llu registers hold another job's secret",
	    (unsigned long long)f.in_registers);
	ck_assert_msg(f.others == 0,
	    "%llu of other jobs' secrets can be read; of kinds %.8s, at %#lx, %#lx, ...",
	    (unsigned long long)f.others, f.kind, (unsigned long)f.place[0],
	    (unsigned long)f.place[1]);
}

/* Many jobs with secrets, and between them jobs that search, in the same packet and in the next. */
static void
secrets(struct attack_scene *scene, const void *arg)
{
	enum { ROUNDS = 4, EACH = 4 };
	char mark[MARK + 1] = "";
	unsigned looked = 0, expected = 0;

	(void)arg;
	text_random(mark, MARK); /* after the pool was opened: no process inherits the mark */
	for (int round = 0; round < ROUNDS; round++) {
		for (int kind = 0; kind < KINDS; kind++)
			for (int i = 0; i < EACH; i++) {
				keeper_submit(scene, mark, (enum kind)((kind + round) % KINDS));
				if (i == EACH / 2 && (kind + round) % 3 == 0)
					searcher_submit(scene, mark), expected++;
			}
		searcher_submit(scene, mark), expected++;
		while (forkpool_pending(scene->pool) > 0) {
			const struct forkpool_result *result = support_wait(scene->pool);
			if (result->value_len == sizeof(struct found)) {
				search_check(result);
				looked++;
			} else {
				ck_assert_msg(result->outcome == FORKPOOL_OK ||
					(result->outcome == FORKPOOL_FAILED &&
					    result->error == EIO) ||
					(result->outcome == FORKPOOL_CRASHED &&
					    result->signal == SIGABRT),
				    "%s: %s", forkpool_outcome_name(result->outcome),
				    result->message);
			}
		}
	}
	ck_assert_uint_eq(looked, expected);
}

/*
 * Output goes through the worker in three ways: it is kept, it is past the cap, or it is passed on.
 */
static const struct {
	enum forkpool_output output;
	int64_t              cap;
} outputs[] = {
	{ FORKPOOL_OUTPUT_CAPTURE, 0 },
	{ FORKPOOL_OUTPUT_CAPTURE, 1000 },
	{ FORKPOOL_OUTPUT_INHERIT, 0 },
};

START_TEST(secrets_of_other_jobs)
{
	struct forkpool_options options = support_options(2);

	if (SUPPORT_SANITIZED)
		return; /* a sanitizer's shadow memory has 16 TiB to search */
	int kept = dup(STDOUT_FILENO);
	options.output = outputs[_i / ATTACK_MODES].output;
	options.limits.output = outputs[_i / ATTACK_MODES].cap;
	/* Output that is passed on need not be seen. */
	ck_assert_int_eq(fd_redirect("/dev/null", O_WRONLY, STDOUT_FILENO), 0);
	attack_in((enum attack_mode)(_i % ATTACK_MODES), &options, secrets, NULL);
	ck_assert_int_eq(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(close(kept), 0);
}
END_TEST

/* ----------------------------------------------------------------------------------- the tables */

/*
 * The pool's tables are shared memory, and the caller's mappings tell where they would be in a
 * process that inherits them.  Of all mailboxes a job's process has its own only.
 */
static int
reads_tables(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct walk_range range, mailboxes;
	size_t n = args_len / sizeof range;

	memcpy(&mailboxes, args, sizeof mailboxes);
	uintptr_t own =
	    (uintptr_t)mailboxes_at((struct mailbox *)mailboxes.at, forkpool_worker_index(context));
	uintptr_t own_end = own + (sizeof(struct mailbox) + WALK_PAGE - 1) / WALK_PAGE * WALK_PAGE;
	/* Its worker maps the area for its value where there is room: where a table was, too. */
	uintptr_t area = (uintptr_t)context->area;
	for (size_t i = 0; i < n; i++) {
		memcpy(&range, (const char *)args + i * sizeof range, sizeof range);
		for (uintptr_t at = range.at; at < range.end; at += WALK_PAGE)
			if (walk_readable(at) && (at < own || at >= own_end) &&
			    at - area >= context->value_max)
				return forkpool_fail(context, EPROTO,
				    "page %zu of %zu of mapping %zu of the pool's can be read",
				    (size_t)(at - range.at) / WALK_PAGE,
				    (size_t)(range.end - range.at) / WALK_PAGE, i);
	}
	return 0;
}

/* The shared mappings that this process has now; how many. */
static size_t
mappings_shared(struct walk_range *ranges, size_t max)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], flags[8];
	unsigned long at, end;
	size_t n = 0;

	while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &at, &end, flags) == 3 && flags[3] == 's' &&
		    n < max)
			ranges[n++] = (struct walk_range){ .at = at, .end = end };
	if (maps != NULL)
		(void)fclose(maps);
	return n;
}

/* Give jobs the mappings that came with the pool, the mailboxes first. */
static void
tables(struct attack_scene *scene, const void *arg)
{
	static struct walk_range now[256], pools[257];
	const struct walk_range *before = arg;
	size_t n = mappings_shared(now, 256), k = 1;
	int has_claims = 0;

	ck_assert_uint_gt(n, 0);
	for (size_t i = 0; i < n; i++) {
		int is_old = now[i].at == (uintptr_t)scene->words;
		for (size_t j = 0; before[j].end != 0; j++)
			is_old |= now[i].at == before[j].at;
		if (is_old)
			continue;
		uintptr_t mailboxes = (uintptr_t)scene->pool->d.link.setup.worker.mailboxes,
			  claims = (uintptr_t)scene->pool->d.shared;
		has_claims |= claims >= now[i].at && claims < now[i].end;
		pools[k++] = now[i];
		if (mailboxes >= now[i].at && mailboxes < now[i].end)
			pools[0] = (struct walk_range){ .at = mailboxes, .end = now[i].end };
	}
	ck_assert(has_claims && pools[0].at != 0);
	for (int i = 0; i < 20; i++)
		(void)support_submit(scene->pool, reads_tables, pools, k * sizeof pools[0]);
	for (int i = 0; i < 20; i++) {
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
	}
}

START_TEST(tables_of_the_pool)
{
	static struct walk_range before[257];

	if (SUPPORT_SANITIZED)
		return; /* a sanitizer maps memory of its own wherever there is room */
	before[mappings_shared(before, 256)].end = 0;
	attack_in((enum attack_mode)_i, NULL, tables, before);
}
END_TEST

/* Fill all shared memory that can be written, but for the test's own. */
static int
fills_shared_memory(struct forkpool_context *context, const void *args, size_t args_len)
{
	static struct walk_range ranges[256];
	int fill = (int)attack_known(args, args_len)->n;
	size_t n = mappings_shared(ranges, 256);

	for (size_t i = 0; i < n; i++) {
		uintptr_t at = ranges[i].at, end = ranges[i].end;
		if (at == (uintptr_t)attack_words)
			continue;
		(void)mprotect((void *)at, end - at, PROT_READ | PROT_WRITE);
		for (; at < end; at += WALK_PAGE)
			if (walk_writable(at))
				memset((void *)at, fill, WALK_PAGE);
	}
	return forkpool_reply(context, "x", 1);
}

static const struct attack fills[] = {
	{ "zeros in all shared memory", fills_shared_memory, .job = ~0u, .sandbox = 0, .n = 0 },
	{ "ones in all shared memory", fills_shared_memory, .job = ~0u, .sandbox = 0, .n = 0xff },
	{ "0x41 in all shared memory", fills_shared_memory, .job = ~0u, .sandbox = 0, .n = 0x41 },
};

START_TEST(fills_all_shared_memory)
{
	attack_table(fills, _i, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on memory");
	TCase *secret = support_case("secrets", 120), *table = support_case("tables", 60);

	ATTACK_TABLE(secret, secrets_of_other_jobs, outputs);
	tcase_add_loop_test(table, tables_of_the_pool, 0, ATTACK_MODES);
	ATTACK_TABLE(table, fills_all_shared_memory, fills);
	suite_add_tcase(suite, secret);
	suite_add_tcase(suite, table);
	return attack_main(suite);
}
