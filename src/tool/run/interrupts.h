/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupts - the signals that people send to a run: the first Ctrl-C lets running jobs end, the
 * second ends them with SIGTERM, the third with SIGKILL.
 *
 * SIGHUP is like the first, SIGTERM like the second; SIGUSR1 and SIGUSR2 ask for one worker more or
 * fewer.  SIGTSTP asks for the jobs to be stopped, and then the tool; SIGCONT and SIGWINCH concern
 * what is drawn on the terminal.  Handlers only count, and write to a pipe that the main loop
 * polls.
 */
#ifndef FORKPOOL_TOOL_INTERRUPTS_H
#define FORKPOOL_TOOL_INTERRUPTS_H

enum interrupt_stage { INTERRUPT_NONE = 0, INTERRUPT_DRAIN, INTERRUPT_END, INTERRUPT_KILL };

/*
 * To be called after the pool was opened, so that its processes do not have these handlers.
 * Signals that were ignored stay ignored.  From then on SIGTSTP takes effect in interrupts_stop().
 */
void interrupts_open(void);
/* The loop that polls is over: SIGTSTP stops the tool by itself, as it did before. */
void interrupts_loop_over(void);
/* The descriptor to poll for input. */
int  interrupts_fd(void);
/* How far interrupts have come; *signo is the first signal among them. */
enum interrupt_stage interrupts_stage(int *signo);
/* How many more workers (or fewer) were asked for since the last call. */
int  interrupts_resize(void);
/* Whether since the last call the terminal has changed its size, the tool was continued after a
   stop. */
int  interrupts_winch(void);
int  interrupts_continued(void);
/* The descriptor becomes readable, as by a signal. */
void interrupts_wake(void);
/* Whether Ctrl-Z was typed, and no SIGCONT has come since. */
int  interrupts_stop_asked(void);
/* Stop the tool, if that is still asked; returns when it is continued. */
void interrupts_stop(void);
/* Die of that signal as a process without a handler does; if the signal does not end it, exit with
   128 + signo. */
_Noreturn void interrupts_die(int signo);

#endif
