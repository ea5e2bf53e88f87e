/* SPDX-License-Identifier: BSD-2-Clause */
/* Crashes: the signal handler in a worker or job, and what the parent makes of its note. */
#include "config.h"
#include "lib/job/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
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
static inline int
unwind(void **address, int n)
{
	(void)address;
	(void)n;
	return 0;
}
#endif

#include "lib/job/job_call.h"
#include "lib/os/os.h"
#include "lib/os/signal_context.h"
#include "lib/sandbox/limits.h"

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };

/* What a sanitizer's runtime does at each of them: SIG_DFL where it leaves the signal alone. */
static struct sigaction sanitizer_has[sizeof fatal_signals / sizeof fatal_signals[0]];

#define ALT_STACK_SIZE 65536

/* si_code SYS_SECCOMP of sigaction(2), which not every C library defines. */
#define BY_FILTER 1

/* An unwinder begins with frames of its own, the handler's, and the kernel's that this returns
   through: so many at most, and so many where it is not known what the signal interrupted. */
#define OWN_FRAMES_MAX 6
#define OWN_FRAMES     3

/* The signal that this process crashes by; 0: it does not. */
static volatile sig_atomic_t first;
/* One process has one note: it crashes once at most. */
static struct crash_note *own_note;
static const struct forkpool_limits *own_limits;
static uint64_t own_stack_max;
static uintptr_t own_stack_top;
/* Jobs' functions return to here.  Each pool finds the same. */
static _Atomic uintptr_t own_bottom;

/* When the library is loaded, nobody but the runtime has handlers yet: later ones are the
   caller's, and not for workers. */
__attribute__((constructor)) static void
sanitizer_note(void)
{
	for (size_t i = 0; os_sanitized() && i < sizeof fatal_signals / sizeof fatal_signals[0];
	     i++)
		(void)sigaction(fatal_signals[i], NULL, &sanitizer_has[i]);
}

void
crash_prepare(void)
{
	void *address[2];

	atomic_store(&own_bottom, job_call_returns_to());
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

/* Store the addresses of the job's own frames as entries from `at` on: from the one that is at pc,
   stored as top, down to the call of the job's function.  How many entries there are then. */
static unsigned
frames_store(struct crash_note *note, unsigned at, void *const *address, int n, uintptr_t pc,
    uintptr_t top)
{
	const uintptr_t bottom = atomic_load(&own_bottom);
	int i = 0;

	while (i < n && i < OWN_FRAMES_MAX && (uintptr_t)address[i] != pc)
		i++;
	if (i >= n || i == OWN_FRAMES_MAX)
		return at;
	atomic_store(&note->address[at++], top);
	for (i++; i < n && at < SHARED_CRASH_FRAMES && (uintptr_t)address[i] != bottom; i++)
		atomic_store(&note->address[at++], (uintptr_t)address[i]);
	return at;
}

/* Whether the fault is that of a call whose target is no code. */
static bool
led_nowhere(const siginfo_t *info, uintptr_t pc)
{
	/* At other signals si_addr may be the instruction as well. */
	return info->si_signo == SIGSEGV && info->si_code > 0 && (uintptr_t)info->si_addr == pc;
}

/* The frames behind the one that is stored, for such a call.  No unwinder finds its caller, and
   libgcc's reads what is at the pc, which faults.  But what the call has left is there still, as no
   instruction was executed since. */
static __attribute__((noinline)) void
callers_note(struct crash_note *note, void *context)
{
	void *address[OWN_FRAMES_MAX + SHARED_CRASH_FRAMES];
	struct signal_context_was was;
	uintptr_t to;

	if (!signal_context_step_out(context, &was, &to))
		return;
	if (to != atomic_load(&own_bottom)) {
		int n = unwind(address, (int)(OWN_FRAMES_MAX + SHARED_CRASH_FRAMES));
		atomic_store(&note->frames, frames_store(note, 1, address, n, to - 1, to));
	}
	signal_context_restore(context, &was);
}

/* Not inlined: OWN_FRAMES counts it. */
static __attribute__((noinline)) void
frames_note(struct crash_note *note, const siginfo_t *info, void *context)
{
	void *address[OWN_FRAMES_MAX + SHARED_CRASH_FRAMES];
	uintptr_t pc;
	bool known = signal_context_pc(context, &pc) != 0;

	if (known) {
		/* First of all, as the unwinder may fault in its turn. */
		atomic_store(&note->address[0], pc);
		atomic_store(&note->frames, 1);
	}
	if (known && led_nowhere(info, pc)) {
		callers_note(note, context);
		return;
	}
	int n = unwind(address, (int)(OWN_FRAMES_MAX + SHARED_CRASH_FRAMES));
	if (!known && n <= OWN_FRAMES)
		return;
	if (!known)
		pc = (uintptr_t)address[OWN_FRAMES];
	unsigned stored = frames_store(note, 0, address, n, pc, pc);
	if (stored > 0)
		atomic_store(&note->frames, stored);
}

/* NULL in the supervisor, and where the note is another process's. */
static struct crash_note *
note_to_fill(void)
{
	return own_note != NULL && atomic_load(&own_note->owner) == os_self() ? own_note : NULL;
}

unsigned
crash_limits_met(int error)
{
	return own_limits == NULL ? 0 : limits_met(own_limits, error);
}

void
crash_note_limits(unsigned met)
{
	struct crash_note *note = note_to_fill();

	if (note == NULL || own_limits == NULL)
		return;
	atomic_store(&note->met, met);
	atomic_store(&note->spoke, 1);
}

/* The process is about to end; error: its last errno. */
static void
crash_last_words(int error)
{
	crash_note_limits(crash_limits_met(error));
}

static void
crash_handler(int signo, siginfo_t *info, void *context)
{
	struct crash_note *note = note_to_fill();

	if (note == NULL)
		goto end;
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
	/* The kernel's SIGXFSZ, which write(2) sends, is SI_USER, as if kill(2) had sent it;
	   raise(), sigqueue(3) and timers have other codes. */
	atomic_store(&note->raised, signo == SIGSYS ? !denied : info->si_code != SI_USER);
	/* Only a fault has an address: a signal that was sent has its sender in that place. */
	if ((signo == SIGSEGV || signo == SIGBUS) && info->si_code > 0 &&
	    is_stack_end((uintptr_t)info->si_addr))
		atomic_store(&note->stack_full, 1);
	if (!denied) /* a denied call has not set errno */
		crash_last_words(errno);
#ifdef si_syscall
	if (denied) {
		atomic_store(&note->denied, (uint32_t)info->si_syscall);
		atomic_store(&note->denied_arch, info->si_arch);
	}
#endif
	frames_note(note, info, context);
end:
	/* SA_RESETHAND has restored the default action, and the signal is blocked in the handler:
	   raised again, it strikes on return.  Not only what was sent needs that: a trap does not
	   come again either, since its instruction has been executed, and no si_code tells it for
	   sure from a fault, which would. */
	(void)raise(signo);
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
crash_own(void)
{
	first = 0; /* one that shared this memory may have crashed before */
	atomic_store(&own_note->owner, os_self());
}

/* The handlers have a stack of their own, since the normal one may have overflowed.  1: there is
   one. */
static int
signal_stack_set(void)
{
	stack_t stack;

	/* A sanitizer's runtime has made one already, and gives it back itself. */
	if (os_sanitized() && sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE) == 0)
		return 1;
	void *alt = mmap(NULL, ALT_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	stack = (stack_t){ .ss_sp = alt, .ss_size = ALT_STACK_SIZE };
	return alt != MAP_FAILED && sigaltstack(&stack, NULL) == 0;
}

void
crash_install(void)
{
	struct sigaction action, was;

	own_note = NULL;
	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = SIG_DFL;
	if (signal_stack_set()) {
		action.sa_sigaction = crash_handler;
		action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND;
	}
	/* A sanitizer's report tells more than a backtrace. */
	for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
		(void)sigaction(fatal_signals[i],
		    sanitizer_has[i].sa_handler != SIG_DFL ? &sanitizer_has[i] : &action, NULL);
	/* Sanitizers do not handle these two signals. */
	action.sa_sigaction = crash_handler;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND;
	(void)sigaction(SIGSYS, &action, NULL);
	/* If the caller ignores SIGXFSZ, jobs ignore it too, and write(2) fails with EFBIG. */
	if (sigaction(SIGXFSZ, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
		(void)sigaction(SIGXFSZ, &action, NULL);
	os_exit_hook(crash_at_exit);
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
