/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * promises - what a sandbox promises, and by which mechanisms a system can keep it: tables.
 *
 * A promise is a layer (enum forkpool_layer).  It holds by any of its mechanisms (enum
 * forkpool_mechanism), of which a system has some and lacks others; those that it has besides are
 * second walls.  The plan chooses among what the facts offer; the self-test takes out what it does
 * not see hold (barred), and plans again.
 */
#ifndef FORKPOOL_PROMISES_H
#define FORKPOOL_PROMISES_H

#include <stdbool.h>
#include <stddef.h>

#include "forkpool.h"

/* All mechanisms that are of one kind: they stand and fall together where they are entered. */
#define PROMISES_BY_LANDLOCK \
	(FORKPOOL_FILES_BY_LANDLOCK | FORKPOOL_NETWORK_BY_LANDLOCK | FORKPOOL_SIGNALS_BY_LANDLOCK)
#define PROMISES_BY_FILTER \
	(FORKPOOL_FILES_BY_FILTER | FORKPOOL_NETWORK_BY_FILTER | FORKPOOL_SIGNALS_BY_FILTER | \
	 FORKPOOL_SYSCALLS_BY_FILTER)
#define PROMISES_BY_JAIL (FORKPOOL_FILES_BY_ROOT | FORKPOOL_SIGNALS_BY_NAMESPACE)

/* What this system offers, and what was asked for. */
struct promise_facts {
	bool files, network, exec; /* paths were opened up; sockets; programs */
	bool job_paths;            /* and others for single jobs */
	bool landlock_files;       /* Landlock, whatever its version */
	bool landlock_truncation;  /* and it sees truncation (Linux 6.2) */
	bool landlock_network, landlock_signals;
	bool filter;
	bool own_user;             /* each worker's jobs have a user that nobody else has */
	bool namespaces;           /* asked for, and can be had */
	bool loopback;             /* among them a network that is not empty */
	bool user_namespace;       /* one of them, or with a jail */
	bool jail;                 /* a pid namespace can perhaps be had */
	bool root;                 /* and a private root with it */
	bool root_wanted;
};

/* The mechanisms to use: set of enum forkpool_mechanism, none of barred. */
unsigned promises_plan(const struct promise_facts *, unsigned barred);
/* Which of the layers FILES, NETWORK, SIGNALS and SYSCALLS hold by these mechanisms. */
unsigned promises_held(unsigned mechanisms);

/* All mechanisms for these layers. */
unsigned promises_mechanisms(unsigned layers);

/* "no file but those opened up", ...: what the layer promises, for a sentence; "nothing". */
const char *promise_text(unsigned layer);
/* What would help this system to keep the promise; "" where nobody knows. */
void promise_help(unsigned layer, const struct promise_facts *, char *text, size_t size);

#endif
