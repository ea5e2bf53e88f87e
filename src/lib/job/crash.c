/* SPDX-License-Identifier: BSD-2-Clause */
/* Crashes: the signal handler in a worker or job, and what the parent makes of its note. */
#include "config.h"
#include "lib/job/crash.h"

#include <dlfcn.h>
#include <errno.h>
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

#include "lib/os/os.h"
#include "lib/sandbox/limits.h"

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };

#define ALT_STACK_SIZE 65536

/* si_code SYS_SECCOMP of sigaction(2), which not every C library defines. */
#define BY_FILTER 1

/* A backtrace begins with the handler's frame and the kernel's frame that it returns through. */
#define OWN_FRAMES 2u

/* One process has one note: it crashes once at most. */
static struct crash_note *own_note;
static const struct forkpool_limits *own_limits;
static uint64_t own_stack_max;
static uintptr_t own_stack_top;

void
crash_prepare(void)
{
	void *address[2];

	if (!os_sanitized())
		(void)unwind(address, 2);
}

/* Whether a fault at this address means that the stack could not grow any more. */
static int
is_stack_end(uintptr_t fault)
{
	uintptr_t room = own_stack_max > 0 ? (uintptr_t)own_stack_max : (uintptr_t)8 << 20;
	uintptr_t margin = (uintptr_t)1 << 20;

	if (room > own_stack_top)
		return 0;
	uintptr_t end = own_stack_top - room;
	/* The fault may lie below the stack's end, by a large frame at most, or above it, by what
	   the stack holds over the frame that own_stack_top was taken in. */
	return fault < end + 256 * 1024 && fault >= end - (margin < end ? margin : end);
}

static void
crash_handler(int signo, siginfo_t *info, void *context)
{
	static volatile sig_atomic_t first;
	struct crash_note *note = own_note;
	void *address[SHARED_CRASH_FRAMES];

	(void)context;
	if (note == NULL)
		goto end; /* this is the supervisor */
	if (first != 0) {
		/* The handler itself crashed: re-raise the first signal, so that the wait status
		   shows it. */
		sigset_t blocked;
		sigemptyset(&blocked);
		sigaddset(&blocked, first);
		(void)raise(first);
		(void)sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	}
	first = signo;
	int denied = signo == SIGSYS && info->si_code == BY_FILTER;
	/* SI_TKILL: from raise().  The kernel's SIGXFSZ, which write(2) sends, has a si_code as if
	   from a process too, but not this one. */
	atomic_store(&note->raised, signo == SIGSYS ? !denied : info->si_code == SI_TKILL);
	if ((signo == SIGSEGV || signo == SIGBUS) && is_stack_end((uintptr_t)info->si_addr))
		atomic_store(&note->stack_full, 1);
	else if (!denied) /* a denied call has not set errno */
		crash_last_words(errno);
#ifdef si_syscall
	if (denied) {
		atomic_store(&note->denied, (uint32_t)info->si_syscall);
		atomic_store(&note->denied_arch, info->si_arch);
	}
#endif
	int frames = unwind(address, (int)SHARED_CRASH_FRAMES);
	for (int i = 0; i < frames; i++)
		atomic_store(&note->address[i], (uint64_t)(uintptr_t)address[i]);
	atomic_store(&note->frames, frames > 0 ? (uint32_t)frames : 0);
end:
	/* SA_RESETHAND has restored the default action.  A fault that the processor raised comes
	   again on return.  A signal that was sent does not, nor does SIGSYS: raise it again; it is
	   blocked in the handler, and strikes on return. */
	if (info->si_code <= 0 || signo == SIGSYS)
		(void)raise(signo);
}

void
crash_last_words(int error)
{
	if (own_note == NULL || own_limits == NULL)
		return;
	atomic_store(&own_note->met, limits_met(own_limits, error));
	atomic_store(&own_note->spoke, 1);
}

static void
crash_at_exit(void)
{
	crash_last_words(errno);
}

void
crash_enter(struct crash_note *note, const struct forkpool_limits *limits, uint64_t stack_max)
{
	int here;

	own_limits = limits;
	own_stack_max = stack_max;
	own_stack_top = (uintptr_t)&here;
	own_note = note;
}

void
crash_install(void)
{
	struct sigaction action, was;

	own_note = NULL;
	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = SIG_DFL;
	if (!os_sanitized()) {
		/* The handler has a stack of its own: the normal one may have overflowed. */
		void *alt = mmap(NULL, ALT_STACK_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		stack_t stack = { .ss_sp = alt, .ss_size = ALT_STACK_SIZE };
		if (alt != MAP_FAILED && sigaltstack(&stack, NULL) == 0) {
			action.sa_sigaction = crash_handler;
			action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND;
		}
	}
	for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
		(void)sigaction(fatal_signals[i], &action, NULL);
	/* Sanitizers do not handle these two signals. */
	action.sa_sigaction = crash_handler;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND;
	(void)sigaction(SIGSYS, &action, NULL);
	/* If the caller ignores SIGXFSZ, jobs ignore it too, and write(2) fails with EFBIG. */
	if (sigaction(SIGXFSZ, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
		(void)sigaction(SIGXFSZ, &action, NULL);
	os_exit_hook(crash_at_exit);
}

char *
crash_backtrace(const uint64_t *addresses, size_t frames)
{
	char *text = NULL;
	size_t size = 0;

	/* The dying process wrote the addresses: look them up, but never follow them. */
	if (frames == 0)
		return NULL;
	FILE *out = open_memstream(&text, &size);
	if (out == NULL)
		return NULL;
	for (size_t i = frames > OWN_FRAMES ? OWN_FRAMES : 0, shown = 0; i < frames; i++, shown++) {
		uintptr_t address = (uintptr_t)addresses[i];
		Dl_info where;
		(void)fprintf(out, "#%zu %#" PRIxPTR, shown, address);
		if (dladdr((void *)address, &where) != 0) {
			const char *file = where.dli_fname != NULL ? where.dli_fname : "?";
			const char *slash = strrchr(file, '/');
			if (where.dli_sname != NULL)
				(void)fprintf(out, " %s+%#" PRIxPTR, where.dli_sname,
				    address - (uintptr_t)where.dli_saddr);
			/* addr2line -e takes this, where the symbol is not exported. */
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

size_t
crash_note_frames(const struct crash_note *note, uint64_t address[SHARED_CRASH_FRAMES])
{
	uint32_t frames = atomic_load(&note->frames);

	if (frames > SHARED_CRASH_FRAMES)
		return 0;
	for (uint32_t i = 0; i < frames; i++)
		address[i] = atomic_load(&note->address[i]);
	return frames;
}
