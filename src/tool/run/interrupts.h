/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupts - the signals that people send to a run: first Ctrl-C lets running jobs end, the second ends them with
 * SIGTERM, the third with SIGKILL.
 *
 * SIGHUP is like the first, SIGTERM like the second; SIGUSR1 and SIGUSR2 ask for one worker more or fewer.  SIGWINCH,
 * SIGTSTP and SIGCONT concern what is drawn on the terminal.  Handlers only count and write to a pipe that the main loop polls.
 */
#ifndef FORKPOOL_TOOL_INTERRUPTS_H
#define FORKPOOL_TOOL_INTERRUPTS_H

enum interrupt_stage { INTERRUPT_NONE = 0, INTERRUPT_DRAIN, INTERRUPT_END, INTERRUPT_KILL };

/*
 * After the pool was opened: its processes have none of this.  Signals that were ignored stay so.  drawn: something on the
 * terminal has to be taken away before the tool is stopped, so SIGTSTP is not carried out before interrupts_stop().
 */
void interrupts_open(int drawn);
/* To poll for input. */
int  interrupts_fd(void);
/* What is wanted by now; *signo is the signal that has said so first. */
enum interrupt_stage interrupts_stage(int *signo);
/* Workers more (or fewer) asked for since the last call. */
int  interrupts_resize(void);
/* Since the last call: the terminal has another size; Ctrl-Z was typed; the tool goes on after it was stopped. */
int  interrupts_winch(void);
int  interrupts_stop_asked(void);
int  interrupts_continued(void);
/* Be stopped; comes back when the tool goes on. */
void interrupts_stop(void);
/* Die of that signal, as one who had no handler for it; where it is blocked or ignored: exit with 128 + signo. */
_Noreturn void interrupts_die(int signo);

#endif
