/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate: its page of machine code, whether it can be used, and calls through it. */
#include "config.h"
#include "lib/os/syscall_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

/*
 * GATE_SIZE is the largest page that a system of the architecture may have: the section fills a
 * whole page.  The symbols are global and hidden, not local: link-time optimisation may put this
 * assembly and the code that names the symbols into different parts of the program.
 */
#if defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
#define GATE 1
#define GATE_SIZE 4096
/* As libc's syscall(): the number comes first, and each argument moves to the register before. */
__asm__(
    ".pushsection .text.forkpool_gate, \"ax\", @progbits\n"
    ".balign 4096\n"
    ".globl forkpool_gate_page\n"
    ".hidden forkpool_gate_page\n"
    ".globl forkpool_gate_after\n"
    ".hidden forkpool_gate_after\n"
    "forkpool_gate_page:\n"
    ".type forkpool_gate_page, @function\n"
    "	endbr64\n"
    "	movq %rdi, %rax\n"
    "	movq %rsi, %rdi\n"
    "	movq %rdx, %rsi\n"
    "	movq %rcx, %rdx\n"
    "	movq %r8, %r10\n"
    "	movq %r9, %r8\n"
    "	xorl %r9d, %r9d\n"
    "	syscall\n"
    "forkpool_gate_after:\n"
    "	ret\n"
    ".size forkpool_gate_page, . - forkpool_gate_page\n"
    ".balign 4096, 0xcc\n"
    ".popsection\n");
#elif defined(__linux__) && defined(__GLIBC__) && defined(__aarch64__)
#define GATE 1
#define GATE_SIZE 65536
__asm__(
    ".pushsection .text.forkpool_gate, \"ax\", %progbits\n"
    ".balign 65536\n"
    ".globl forkpool_gate_page\n"
    ".hidden forkpool_gate_page\n"
    ".globl forkpool_gate_after\n"
    ".hidden forkpool_gate_after\n"
    "forkpool_gate_page:\n"
    ".type forkpool_gate_page, %function\n"
    "	hint #34\n"
    "	mov x8, x0\n"
    "	mov x0, x1\n"
    "	mov x1, x2\n"
    "	mov x2, x3\n"
    "	mov x3, x4\n"
    "	mov x4, x5\n"
    "	mov x5, #0\n"
    "	svc #0\n"
    "forkpool_gate_after:\n"
    "	ret\n"
    ".size forkpool_gate_page, . - forkpool_gate_page\n"
    ".balign 65536\n"
    ".popsection\n");
#else
#define GATE 0
#endif

#if GATE
extern long forkpool_gate_page(long number, long a, long b, long c, long d, long e)
    __attribute__((visibility("hidden")));
extern const char forkpool_gate_after[] __attribute__((visibility("hidden")));
#endif

#if GATE
static inline long
plain_call(long number, long a, long b, long c, long d, long e)
{
#ifdef __x86_64__
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = 0;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
#else
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = 0;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#endif
}
#endif

static int in_use;

uintptr_t
gate_address(void)
{
#if GATE
	/* A linker may ignore the alignment: then the gate may share its page with other code. */
	return (uintptr_t)forkpool_gate_page % GATE_SIZE == 0 ? (uintptr_t)forkpool_gate_after : 0;
#else
	return 0;
#endif
}

/* No executable mapping between these two. */
static uintptr_t plain_from, plain_to;

#if GATE
/* What gate_use() wants to know of this process's mappings. */
struct map_view {
	uintptr_t probe;            /* an address that mmap() has given */
	uintptr_t below;            /* the end of the last executable mapping so far */
	uintptr_t from, to;         /* around the probe */
	int stack_plain, stack_executable;
};

/* One mapping, in the order of addresses. */
static void
map_note(struct map_view *v, uintptr_t start, uintptr_t end, int executable, int is_stack)
{
	if (is_stack && executable)
		v->stack_executable = 1;
	else if (is_stack)
		v->stack_plain = 1;
	if (!executable)
		return;
	if (v->below <= v->probe && v->probe < start) {
		v->from = v->below;
		v->to = start;
	}
	v->below = end;
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Look at all mappings.  0, or -1. */
static int
maps_look(struct map_view *v)
{
	static const char label[] = "[stack]";
	char text[4096];
	size_t field = 0, at = 0, matched = 0;
	uintptr_t bound[2] = { 0, 0 };
	int executable = 0, which = 0;
	ssize_t n;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	/* proc(5): "address perms offset dev inode label", address as in "1000-2000", perms as in
	   "r-xp" */
	while ((n = read(fd, text, sizeof text)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			char c = text[i];
			if (c == '\n') {
				map_note(v, bound[0], bound[1], executable,
				    matched == sizeof label - 1);
				field = at = matched = 0;
				bound[0] = bound[1] = 0;
				executable = which = 0;
				continue;
			}
			if (c == ' ') {
				field++;
				at = 0;
			} else if (field == 0 && c == '-') {
				which = 1;
			} else if (field == 0) {
				bound[which] = bound[which] << 4 | (uintptr_t)hex_digit(c);
			} else if (field == 1 && ++at == 3) {
				executable = c == 'x';
			}
			matched = c == label[matched] ? matched + 1 : c == label[0];
		}
	}
	(void)close(fd);
	return n == 0 ? 0 : -1;
}

/* An address in the part that mmap() gives memory from: too large to fit between libraries. */
static uintptr_t
map_probe(void)
{
	const size_t size = (size_t)1 << 28;
	void *probe = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
	    0);

	if (probe == MAP_FAILED)
		return 0;
	(void)munmap(probe, size);
	return (uintptr_t)probe;
}
#endif

void
gate_use(void)
{
#if GATE
	struct map_view view = { .probe = map_probe() };

	/*
	 * The stack must be known not to be executable.  An old object file in the program can make
	 * it so, and that would be the one executable mapping that a job could move without a
	 * system call that the filter judges: the stack grows down to wherever there is room, and
	 * the part above can be unmapped.
	 */
	in_use = gate_address() != 0 && maps_look(&view) == 0 && view.stack_plain &&
	    !view.stack_executable;
	plain_from = view.from;
	plain_to = view.to;
#endif
}

int
gate_plain_range(uintptr_t *from, uintptr_t *to)
{
	*from = plain_from;
	*to = plain_to;
	return plain_from < plain_to ? 0 : -1;
}

int
gate_close(void)
{
	int was = in_use;

	in_use = 0;
#if GATE
	return was ? munmap((void *)(uintptr_t)forkpool_gate_page, GATE_SIZE) : 0;
#else
	(void)was;
	return 0;
#endif
}

int
gate_in_use(void)
{
	return in_use;
}

long
gate_call(long number, long a, long b, long c, long d, long e)
{
#if GATE
	/* plain_call() and not libc's syscall(): each page of a library's text that a job's process
	   touches costs a page fault. */
	long r = in_use ? forkpool_gate_page(number, a, b, c, d, e) :
			  plain_call(number, a, b, c, d, e);
	if (r < 0 && r > -4096) {
		errno = (int)-r;
		return -1;
	}
	return r;
#elif defined(HAVE_SYS_SYSCALL_H)
	return syscall(number, a, b, c, d, e);
#else
	(void)number;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	(void)e;
	errno = ENOSYS;
	return -1;
#endif
}
