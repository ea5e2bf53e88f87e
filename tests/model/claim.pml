/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The claim protocol of forkpool, for Spin. README.md says what is modelled and what is left out;
 * `run` compiles this file in several sizes and, with one rule broken at a time, checks that the
 * model can fail.
 *
 * Sizes:    NW workers, NJ jobs, NR records, NATT attempts per job.
 * Budgets:  DEATHS (SIGKILL from outside), CANCELS, TIMEOUTS, HANGS, STOPS (SIGSTOP from outside),
 *           SUPDEATHS (the supervisor is killed).
 * Switches: BATCH (packets of two frames), PEEK (the parent reads outboxes of living workers),
 *           PREPARE_FIRST (the outbox is filled before the finish, which then commits),
 *           PEEK_ANY (it looks even where there is nothing for it),
 *           SPLIT (the slot is written and read in two steps), STEAL (a hung job has no deadline).
 */
#include "state.pml"
#include "worker.pml"
#include "supervisor.pml"
#include "caller.pml"

init {
	atomic {
		alive[0] = true;
		run worker(0);
#if NW > 1
		alive[1] = true;
		run worker(1);
#endif
		run supervisor();
		run outside();
		run parent()
	}
}
