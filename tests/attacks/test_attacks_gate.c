/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that want the gate back: the one address from which a filter inherited from the worker lets
 * any system call pass.  Its page is unmapped before a job's function runs; nothing executable may
 * be mapped there again.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/syscall_gate.h"
#include "tests/support/lives.h"
#include "tests/support/users.h"

#if defined(__x86_64__)

typedef long gate_page(long number, long a, long b, long c, long d, long e);

static uintptr_t
page_of_gate(void)
{
	return gate_address() & ~(uintptr_t)(WALK_PAGE - 1);
}

/* Call the gate, where its own code may be back: can it do what a job may not? */
static int
use_page(struct forkpool_context *context, const char *how)
{
	union {
		uintptr_t address;
		gate_page *call;
	} page = { .address = page_of_gate() };

	long r = page.call(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0);
	return r >= 0 ? attack_through(context, how, r) : 0;
}

/*
 * Make a system call socket(2) that ends where the gate's does.  SIGSEGV where the page is not
 * executable.
 */
static int
use_made_page(struct forkpool_context *context, const char *how, unsigned char *page)
{
	static const unsigned char code[] = { 0x0f, 0x05, 0xc3 }; /* syscall; ret */
	uintptr_t at = gate_address() - 2;
	long r;

	memcpy(page + (at - page_of_gate()), code, sizeof code);
	register long protocol __asm__("rdx") = 0;
	__asm__ volatile("call *%1" : "=a"(r) : "r"(at), "0"((long)SYS_socket), "D"((long)AF_UNIX),
	    "S"((long)SOCK_STREAM),
	    "r"(protocol) : "rcx", "r11", "memory");
	return r >= 0 ? attack_through(context, how, r) : 0;
}

enum route {
	ROUTE_CALL = 0,
	ROUTE_READ,
	ROUTE_MMAP,
	ROUTE_MMAP_WRITABLE,
	ROUTE_MPROTECT,
	ROUTE_MREMAP_TO,
	ROUTE_MREMAP_GROW,
	ROUTE_MREMAP_MOVE,
	ROUTE_MREMAP_MADE,
	ROUTE_PERSONALITY,
	ROUTE_SHARED,
	ROUTE_PKEY,
	ROUTE_PLAIN,
	ROUTE_GROWSDOWN,
};

static int
goes(struct forkpool_context *context, const void *args, size_t args_len)
{
	enum route route = (enum route)attack_known(args, args_len)->n;
	void *page = (void *)page_of_gate();
	char *before = (char *)page - WALK_PAGE; /* text of the library or of the program */
	const int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	void *made = MAP_FAILED;

	switch (route) {
	case ROUTE_CALL:
		return use_page(context, "the gate as it was");
	case ROUTE_READ:
		if (walk_readable((uintptr_t)page))
			return attack_through(context, "the page is there", 1);
		return 0;
	case ROUTE_MMAP:
		made = mmap(page, WALK_PAGE, PROT_READ | PROT_EXEC, fixed, -1, 0);
		break;
	case ROUTE_MMAP_WRITABLE:
		made = mmap(page, WALK_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, fixed, -1, 0);
		break;
	case ROUTE_MPROTECT:
		if (mmap(page, WALK_PAGE, PROT_READ | PROT_WRITE, fixed, -1, 0) == page &&
		    mprotect(page, WALK_PAGE, PROT_READ | PROT_EXEC) == 0)
			made = page;
		break;
	case ROUTE_MREMAP_TO:
		made = mremap(before, WALK_PAGE, WALK_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page);
		break;
	case ROUTE_MREMAP_GROW:
		/* Where the mapping of a file grows, the file's next page comes with it. */
		made = mremap(before, WALK_PAGE, 2 * WALK_PAGE, 0);
		if (made != MAP_FAILED)
			return use_page(context, "mremap() in place");
		break;
	case ROUTE_MREMAP_MOVE:
		made = mremap(before, WALK_PAGE, 2 * WALK_PAGE, MREMAP_MAYMOVE);
		break;
	case ROUTE_MREMAP_MADE: { /* data, which is not executable there either */
		void *own = mmap(NULL, WALK_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (mremap(own, WALK_PAGE, WALK_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) == page)
			return use_made_page(context, "mremap() of a page", page);
		return 0;
	}
	case ROUTE_PERSONALITY:
		ATTACK_TRY(personality(READ_IMPLIES_EXEC));
		return 0;
	case ROUTE_SHARED: {
		int id = shmget(IPC_PRIVATE, WALK_PAGE, IPC_CREAT | 0700);
		if (id == -1)
			return 0;
		void *at = shmat(id, page, SHM_EXEC | SHM_REMAP);
		(void)shmctl(id, IPC_RMID, NULL);
		return at == (void *)-1 ? 0 : attack_through(context, "shmat()", 0);
	}
	case ROUTE_PKEY:
		if (mmap(page, WALK_PAGE, PROT_READ | PROT_WRITE, fixed, -1, 0) == page &&
		    syscall(SYS_pkey_mprotect, page, WALK_PAGE, PROT_READ | PROT_EXEC, -1) == 0)
			made = page;
		break;
	case ROUTE_PLAIN: /* executable only with the personality READ_IMPLIES_EXEC */
		if (mmap(page, WALK_PAGE, PROT_READ | PROT_WRITE, fixed, -1, 0) == page)
			return use_made_page(context, "memory without PROT_EXEC", page);
		return 0;
	case ROUTE_GROWSDOWN:
		if (mmap((char *)page + WALK_PAGE, WALK_PAGE, PROT_READ | PROT_WRITE,
			fixed | MAP_GROWSDOWN, -1, 0) == MAP_FAILED)
			return 0;
		return use_made_page(context, "MAP_GROWSDOWN", page);
	default:
		return EINVAL;
	}
	if (made == MAP_FAILED)
		return 0;
	return attack_through(context, "executable memory at the gate", route);
}

#define FAULTS (ENDS(CRASHED) | KEPT_OUT)

static const struct attack routes[] = {
	{ "the gate is called", goes, .sandbox = ENDS(CRASHED), .n = ROUTE_CALL,
	    .signal = SIGSEGV },
	{ "the gate is read", goes, .sandbox = ENDS(OK), .n = ROUTE_READ },
	{ "mmap with PROT_EXEC", goes, .sandbox = KEPT_OUT, .n = ROUTE_MMAP },
	{ "mmap with PROT_EXEC and PROT_WRITE", goes, .sandbox = KEPT_OUT,
	    .n = ROUTE_MMAP_WRITABLE },
	{ "mprotect with PROT_EXEC", goes, .sandbox = KEPT_OUT, .n = ROUTE_MPROTECT },
	{ "mremap of text to it", goes, .sandbox = KEPT_OUT, .n = ROUTE_MREMAP_TO },
	{ "mremap of the text in front of it", goes, .sandbox = KEPT_OUT, .n = ROUTE_MREMAP_GROW },
	{ "mremap of text to anywhere", goes, .sandbox = KEPT_OUT, .n = ROUTE_MREMAP_MOVE },
	{ "mremap of data to it", goes, .sandbox = FAULTS, .n = ROUTE_MREMAP_MADE,
	    .signal = SIGSEGV },
	{ "personality", goes, .sandbox = KEPT_OUT, .n = ROUTE_PERSONALITY },
	{ "shmat with SHM_EXEC", goes, .sandbox = KEPT_OUT, .n = ROUTE_SHARED },
	{ "pkey_mprotect", goes, .sandbox = KEPT_OUT, .n = ROUTE_PKEY },
	{ "plain memory", goes, .sandbox = FAULTS, .n = ROUTE_PLAIN, .signal = SIGSEGV },
	{ "memory that grows down", goes, .sandbox = FAULTS, .n = ROUTE_GROWSDOWN,
	    .signal = SIGSEGV },
};

START_TEST(wants_the_gate_back)
{
	if (gate_address() != 0)
		attack_table(routes, _i, NULL);
}
END_TEST

/*
 * With READ_IMPLIES_EXEC all memory that the caller can read is executable, also what it maps
 * later.
 */
static void
caller_with_personality(enum attack_mode mode, int i)
{
	const struct attack *attack = &routes[i];
	struct attack_knowledge known = { .n = attack->n };
	struct forkpool_options options = support_options(1);

	if (mode == ATTACK_SANDBOX_USER)
		user_become(USER_OTHER);
	ck_assert_int_ne(personality(READ_IMPLIES_EXEC), -1);
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	struct forkpool *pool = support_open(&options);
	ck_assert_msg(personality(0xffffffff) & READ_IMPLIES_EXEC,
	    "the caller's personality has changed");
	(void)support_submit(pool, goes, &known, sizeof known);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_msg(attack->sandbox & 1u << result->outcome, "%s, with READ_IMPLIES_EXEC: %s: %s",
	    attack->name, forkpool_outcome_name(result->outcome), result->message);
	ck_assert_int_eq(forkpool_close(pool), 0);
	_exit(0);
}

START_TEST(wants_the_gate_back_where_all_memory_is_executable)
{
	enum attack_mode mode = _i % 2 ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX;

	if (gate_address() == 0 || !attack_mode_possible(mode))
		return;
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		caller_with_personality(mode, _i / 2);
	lives_child(pid);
}
END_TEST

static const int entries = (int)(sizeof routes / sizeof routes[0]);

#else

START_TEST(wants_the_gate_back)
{
	(void)fprintf(stderr, "skipped: this is not written for the architecture\n");
}
END_TEST
#define wants_the_gate_back_where_all_memory_is_executable wants_the_gate_back
static const int entries = 1;

#endif

int
main(void)
{
	Suite *suite = suite_create("attacks on the gate");
	TCase *tc = support_case("gate", 60);

	tcase_add_loop_test(tc, wants_the_gate_back, 0, entries * ATTACK_MODES);
	tcase_add_loop_test(tc, wants_the_gate_back_where_all_memory_is_executable, 0, entries * 2);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}
