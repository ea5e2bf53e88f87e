/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attack - a pool under attack by one of its jobs, and what must be true of it afterwards.
 *
 * An attack is a job function that tries something.  It returns 0 if it was kept out, and what
 * attack_through() returns if it got through.  An attack runs among other jobs: some before it, one
 * at the same time on the other worker, some in the same packet, some after it on the same worker.
 * Then the caller looks: all those jobs came out right; each process of the pool is alive and the
 * one that it was; there is no other process; no worker died; and the caller's memory, signal
 * handlers and descriptors are what they were.
 */
#ifndef FORKPOOL_TESTS_ATTACK_H
#define FORKPOOL_TESTS_ATTACK_H

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"
#include "tests/support/support.h"

/* Who attacks: the level, and whether the pool's caller is root. */
enum attack_mode {
	ATTACK_JOB = 0,
	ATTACK_JOB_USER,
	ATTACK_SANDBOX,
	ATTACK_SANDBOX_USER,
	ATTACK_MODES
};

/* Sets of outcomes. */
#define ENDS(outcome)  (1u << FORKPOOL_##outcome)
#define KEPT_OUT       (ENDS(OK) | ENDS(DENIED)) /* the call failed, or ended the job */

/* In tables of attacks: at which levels one runs, and what it may end as there. */
#define BOTH(ends)      .job = (ends), .sandbox = (ends)
#define SANDBOX(ends)   .sandbox = (ends)
#define DENIED_BY(call) .sandbox = ENDS(DENIED), .denied = (call)

#define ATTACK_PIDS    512u
#define ATTACK_WORKERS 2u
#define ATTACK_CANARY  ((size_t)1 << 18)

/* Memory that the test and all processes of the pool share. */
struct attack_words {
	_Atomic uint32_t started, over, runs, processes, bomb;
	_Atomic int32_t  neighbour;
	_Atomic int32_t  pid[ATTACK_PIDS];
};

/* The args of each attack: more than a job could find out by itself. */
struct attack_knowledge {
	int64_t   n;                         /* the attack's own number */
	pid_t     caller, supervisor, worker[ATTACK_WORKERS], neighbour;
	uintptr_t canary;                    /* memory at the same address in each of these */
	uint16_t  tcp, udp;                  /* ports on 127.0.0.1 where the caller listens */
	char      abstract[48];              /* name of an abstract socket of the caller's */
	char      directory[96];             /* writable for everybody */
};

struct attack {
	const char  *name;
	forkpool_fn *fn;
	unsigned     job, sandbox;  /* how it may end at these levels; 0: not run there */
	const char  *denied;        /* where it is DENIED the message names this; NULL: anything */
	int64_t      n;
	int          timeout_ms;    /* 0: none */
	int          signal;        /* where it is CRASHED; 0: any */
};

struct attack_scene {
	struct forkpool *pool;
	enum attack_mode mode;
	int              is_sandbox;
	struct attack_knowledge known;
	struct attack_words *words;
	struct forkpool_result result;       /* of the last attack, with copies of its texts */
	char             message[300];
	unsigned char   *value;
	char            *output;
	/* What was seen when the pool was opened. */
	unsigned char   *canary;
	uint64_t         canary_sum;
	uint64_t         born[ATTACK_WORKERS + 1];  /* start times, the supervisor's last */
	char            *worker_state[ATTACK_WORKERS];
	struct sigaction action[65];
	sigset_t         mask;
	int              fds;
	int              tcp, udp, abstract;
};

/*
 * Whether this mode can be had here.  If not, a notice says why, or the test fails where the
 * environment has FORKPOOL_REQUIRE_SANDBOX.  Where the environment names JOB or SANDBOX as the
 * run's level, the modes of the other are left out.
 */
int attack_mode_possible(enum attack_mode);

/*
 * Open a pool in that mode, run body with it, check by attack_aftermath(), and close the pool.  All
 * that is in a process of its own where the mode wants another user.  options: NULL, or what shall
 * differ from the default (isolation and workers are set here).
 */
typedef void attack_body(struct attack_scene *, const void *arg);
void attack_in(enum attack_mode, const struct forkpool_options *options, attack_body *body,
    const void *arg);

/* Run one attack among other jobs and look at everything; the result is in scene->result. */
void attack_run(struct attack_scene *, const struct attack *);
/* Check what is said above, that nobody came to the sockets, and that the directory is empty. */
void attack_aftermath(struct attack_scene *);
/* The set of outcomes that an attack may have in this mode; 0: it is not for this mode. */
unsigned attack_ends(const struct attack *, enum attack_mode);
/*
 * In a loop test over a table: run entry i / ATTACK_MODES in mode i % ATTACK_MODES.  body gets the
 * entry, runs it, and may look at more than attack_run() does.
 */
void attack_table(const struct attack *table, int i, const struct forkpool_options *options);
void attack_table_with(const struct attack *table, int i, const struct forkpool_options *options,
    attack_body *body);
/* The same in that sandbox; at JOB nothing.  The one here lets programs run, and so denies less. */
void attack_table_sandbox(const struct attack *table, int i, const struct forkpool_sandbox *);
extern const struct forkpool_sandbox attack_programs;
#define ATTACK_TABLE(tc, test, table) \
	tcase_add_loop_test(tc, test, 0, (int)(sizeof (table) / sizeof (table)[0]) * ATTACK_MODES)

/* In a job: its knowledge; words in shared memory; an end that says "it got through". */
const struct attack_knowledge *attack_known(const void *args, size_t args_len);
extern struct attack_words *attack_words;
int  attack_through(struct forkpool_context *, const char *how, long r);
/* A job that prints ATTACK_PRINTS bytes, each a 'p', to standard output and error, and succeeds. */
#define ATTACK_PRINTS ((size_t)64 * 65536)
int attack_job_prints(struct forkpool_context *, const void *args, size_t args_len);
/* -1: the attack was kept out; anything else: it got through. */
#define ATTACK_TRY(call) \
	do { \
		long attack_r = (long)(call); \
		if (attack_r != -1) \
			return attack_through(context, #call, attack_r); \
	} while (0)
/* The condition holds, or the job fails and says that it does not. */
#define ATTACK_MUST(condition) \
	do { \
		if (!(condition)) \
			return forkpool_fail(context, EPROTO, "not so: %s (%s)", #condition, \
			    strerror(errno)); \
	} while (0)
void attack_burn(int64_t cpu_ns);     /* until the process has used so much processor time */
void attack_recurse(int64_t bytes);   /* until so much stack is in use */
void attack_pid_note(pid_t); /* a process that must be gone after the job */
/* So many processes or more were noted, and none of them is alive at this moment. */
void attack_pids_gone(struct attack_scene *, uint32_t at_least);


/* An empty directory that everybody may write to. */
const char *attack_directory(void);

/*
 * What main() of these programs returns: make the directory, run the suite, remove the directory.
 */
int attack_main(Suite *);

#endif
