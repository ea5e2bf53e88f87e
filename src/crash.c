#include "config.h"
#include "crash.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(HAVE_EXECINFO_H) && defined(HAVE_BACKTRACE)
#include <execinfo.h>
#define unwind(address, n) backtrace(address, n)
#elif defined(HAVE_LIBUNWIND)
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#define unwind(address, n) unw_backtrace(address, n)
#else
#define unwind(address, n) 0
#endif

#include "limits.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* A caller built with a sanitizer may load this library built without one. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

#define ALT_STACK_SIZE 65536

/* The handler's own frame and the one that the kernel returns through stand first. */
#define OWN_FRAMES 2u

/* Of this process; a worker is one process with one crash at most. */
static struct crash_note *own_note;
static uint64_t own_memory_max, own_stack_max;
static uintptr_t own_stack_top;

static int
signals_taken(void)
{
	return SANITIZED || __asan_init != NULL || __tsan_init != NULL;
}

void
crash_prepare(void)
{
	void *address[2];

	if (!signals_taken())
		(void)unwind(address, 2);
}

/* Whether a fault at this address looks like a stack that could not grow any more. */
static int
is_stack_end(uintptr_t fault)
{
	uintptr_t room = own_stack_max > 0 ? (uintptr_t)own_stack_max : (uintptr_t)8 << 20;
	uintptr_t margin = (uintptr_t)1 << 20;

	if (room > own_stack_top)
		return 0;
	uintptr_t end = own_stack_top - room;
	/* Below its end by a large frame at most, or just above by what lies over our first frame. */
	return fault < end + 256 * 1024 && fault >= end - (margin < end ? margin : end);
}

static void
crash_handler(int signo, siginfo_t *info, void *context)
{
	struct crash_note *note = own_note;
	void *address[SHARED_CRASH_FRAMES];

	(void)context;
	if (note == NULL)
		goto end; /* the supervisor */
	if ((signo == SIGSEGV || signo == SIGBUS) && is_stack_end((uintptr_t)info->si_addr)) {
		atomic_store(&note->hint, CRASH_STACK);
	} else if (own_memory_max > 0) {
		/* At its limit: within a sixteenth, and a megabyte at least, which is what malloc()
		   asks the system for in one piece or less. */
		uint64_t margin = own_memory_max / 16 > 1 << 20 ? own_memory_max / 16 : 1 << 20;
		if (limits_memory_used() + margin >= own_memory_max)
			atomic_store(&note->hint, CRASH_MEMORY);
	}
	int frames = unwind(address, (int)SHARED_CRASH_FRAMES);
	for (int i = 0; i < frames; i++)
		atomic_store(&note->address[i], (uint64_t)(uintptr_t)address[i]);
	atomic_store(&note->frames, frames > 0 ? (uint32_t)frames : 0);
end:
	/* SA_RESETHAND has put the default action back.  A fault that the processor raised comes
	   again on return; a signal that was sent does not, so it is sent again: it is blocked here
	   and strikes on return as well. */
	if (info->si_code <= 0)
		(void)raise(signo);
}

void
crash_enter(struct crash_note *note, uint64_t memory_max, uint64_t stack_max)
{
	int here;

	own_memory_max = memory_max;
	own_stack_max = stack_max;
	own_stack_top = (uintptr_t)&here;
	own_note = note;
}

void
crash_install(void)
{
	struct sigaction action;

	own_note = NULL;
	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = SIG_DFL;
	if (!signals_taken()) {
		/* A stack of its own, with the handler needing none of an overflown one. */
		void *alt = mmap(NULL, ALT_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		stack_t stack = { .ss_sp = alt, .ss_size = ALT_STACK_SIZE };
		if (alt != MAP_FAILED && sigaltstack(&stack, NULL) == 0) {
			action.sa_sigaction = crash_handler;
			action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND;
		}
	}
	for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
		(void)sigaction(fatal_signals[i], &action, NULL);
}

char *
crash_backtrace(const struct crash_note *note)
{
	uint32_t frames = atomic_load(&note->frames);
	char *text = NULL;
	size_t size = 0;

	/* Written by the dying worker: the count is checked, the addresses are only looked up. */
	if (frames == 0 || frames > SHARED_CRASH_FRAMES)
		return NULL;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL)
		return NULL;
	for (uint32_t i = frames > OWN_FRAMES ? OWN_FRAMES : 0, shown = 0; i < frames; i++, shown++) {
		uintptr_t address = (uintptr_t)atomic_load(&note->address[i]);
		Dl_info where;
		(void)fprintf(out, "#%" PRIu32 " %#" PRIxPTR, shown, address);
		if (dladdr((void *)address, &where) != 0) {
			const char *file = where.dli_fname != NULL ? where.dli_fname : "?";
			const char *slash = strrchr(file, '/');
			if (where.dli_sname != NULL)
				(void)fprintf(out, " %s+%#" PRIxPTR, where.dli_sname, address - (uintptr_t)where.dli_saddr);
			/* What addr2line -e wants, where the symbol is not exported. */
			(void)fprintf(out, " (%s+%#" PRIxPTR ")", slash != NULL ? slash + 1 : file,
			    address - (uintptr_t)where.dli_fbase);
		}
		(void)fputc('\n', out);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
