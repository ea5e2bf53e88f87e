/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * \file forkpool_sandbox.h
 * \brief What FORKPOOL_ISOLATE_SANDBOX promises, by which mechanisms, and what can be opened up
 *
 * A part of forkpool.h, which includes it: programs include that one.
 */
#ifndef FORKPOOL_PUBLIC_SANDBOX_H
#define FORKPOOL_PUBLIC_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct forkpool;

/**
 * \brief What FORKPOOL_ISOLATE_SANDBOX promises, in layers, as forkpool_layers() tells them
 *
 * The strictest sandbox has all but the last two, and USER where the caller is root;
 * forkpool_open() fails where one cannot be had.  A layer is a promise that was seen to hold,
 * whichever mechanism this system has for it: enum forkpool_mechanism.  forkpool_sandbox(7) says of
 * each what it stops, what it does not, and which kernels have what it takes.
 */
enum forkpool_layer {
	FORKPOOL_LAYER_PROCESS    = 1u << 0, /**< a fresh process for each job (JOB and SANDBOX) */
	FORKPOOL_LAYER_PRIVILEGES = 1u << 1, /**< no new privileges, no capability, undumpable */
	FORKPOOL_LAYER_USER       = 1u << 2, /**< another user and group than the caller's, no
	                                          supplementary group */
	FORKPOOL_LAYER_FILES      = 1u << 3, /**< no file but those opened up */
	FORKPOOL_LAYER_NETWORK    = 1u << 4, /**< no network */
	FORKPOOL_LAYER_SIGNALS    = 1u << 5, /**< no signal to, no abstract socket of anybody
	                                          outside */
	FORKPOOL_LAYER_SYSCALLS   = 1u << 6, /**< a seccomp filter that denies by default */
	FORKPOOL_LAYER_NAMESPACES = 1u << 7, /**< namespaces of its own: user (unless root),
	                                          network, IPC, UTS */
	FORKPOOL_LAYER_CGROUP     = 1u << 8, /**< a cgroup of its worker's own */
};

/**
 * \brief By what a sandbox keeps its promises, as forkpool_mechanisms() tells
 *
 * Each was seen to hold.  A promise with more than one has a second wall; one with none is not
 * among forkpool_layers().  That the jobs of other workers are users of their own is no layer: it
 * is told here alone.
 */
enum forkpool_mechanism {
	FORKPOOL_FILES_BY_LANDLOCK    = 1u << 0,  /**< with BY_FILTER: that adds what Landlock
	                                               before Linux 6.2 does not see; or, with no
	                                               path opened up, holds by itself */
	FORKPOOL_FILES_BY_FILTER      = 1u << 1,  /**< every path is refused; or see above */
	FORKPOOL_FILES_BY_ROOT        = 1u << 2,  /**< a root directory of its own */
	FORKPOOL_NETWORK_BY_FILTER    = 1u << 3,  /**< no socket at all */
	FORKPOOL_NETWORK_BY_LANDLOCK  = 1u << 4,  /**< no TCP: a second wall only (Linux 6.7) */
	FORKPOOL_NETWORK_BY_NAMESPACE = 1u << 5,  /**< an empty network of its own */
	FORKPOOL_SIGNALS_BY_LANDLOCK  = 1u << 6,  /**< Linux 6.12 */
	FORKPOOL_SIGNALS_BY_FILTER    = 1u << 7,  /**< only to its own process */
	FORKPOOL_SIGNALS_BY_NAMESPACE = 1u << 8,  /**< it sees no other processes */
	FORKPOOL_SIGNALS_BY_USER      = 1u << 9,  /**< it may signal none: they are other users' */
	FORKPOOL_JOBS_BY_USER         = 1u << 10, /**< each worker's jobs are a user that nobody
	                                               else is at that time */
	FORKPOOL_JOBS_BY_NAMESPACE    = 1u << 11, /**< each worker has a user namespace */
	FORKPOOL_SYSCALLS_BY_FILTER   = 1u << 12,
};

/** \brief What .network of struct forkpool_sandbox can be. */
enum forkpool_network {
	FORKPOOL_NETWORK_NONE = 0,
	FORKPOOL_NETWORK_OPEN = 1,
	FORKPOOL_NETWORK_LOOPBACK = 2, /**< a network of its worker's own: 127.0.0.1 and ::1 */
};

/**
 * \brief What a sandbox opens up or demands; set all to zero first: zero is the strictest
 *
 * The strictest has no file, no network, no further process and no program; what is named here is
 * opened up, and nothing else.  Everything is copied by forkpool_open().
 *
 * Whatever is set here, a job can read the caller's memory as it was in forkpool_open() and write
 * to what the caller had mapped as shared; it has descriptors 1 and 2 as enum forkpool_output says,
 * and those of .descriptors, with which it can do all that they are open for.  Of the program's
 * other pools, and of what the library keeps of their jobs, it has nothing.
 */
struct forkpool_sandbox {
	const char *const *readable;     /**< NULL, or paths up to a NULL: files, and directories
	                                      with all below, that may be read; they must exist */
	const char *const *writable;     /**< likewise: read, written, created and removed */
	int         network;             /**< non-zero: IPv4 and IPv6 sockets may be used.
	                                      FORKPOOL_NETWORK_LOOPBACK: in a network of its
	                                      worker's own, which has 127.0.0.1 and ::1 alone;
	                                      that demands .namespaces */
	int         exec;                /**< non-zero: programs may be executed that are below
	                                      readable or writable, and processes and threads be
	                                      made.  Nobody can make a file set-user-ID */
	int         namespaces;          /**< non-zero: demand namespaces of their own for network
	                                      (empty), IPC and UTS, and for users where the caller
	                                      is not root */
	uid_t       uid;                 /**< 0: where the caller is root, a user of its own for
	                                      each worker, above 1879048191, whom nobody else is
	                                      at that time (65534, nobody, in a user namespace
	                                      that lacks these), else unchanged; (uid_t)-1:
	                                      unchanged, and without any capability; another: all
	                                      jobs are that user, only root may ask for it.  A
	                                      later worker, of any pool, may have the user of one
	                                      that is gone, and its files */
	gid_t       gid;                 /**< 0: 65534 where the caller is root, else unchanged;
	                                      and likewise.  So a directory among writable is for
	                                      everybody (mode 1777) or for that group */
	const char *cgroup;              /**< NULL, or a directory of a cgroup file system that was
	                                      delegated to the caller: each worker makes a group
	                                      below it */
	int         best_effort;         /**< non-zero: open with the layers that can be had, see
	                                      forkpool_layers() */
	const char *cgroup_pids;         /**< NULL, or the directory for the pids controller, where
	                                      version 1 has it in another hierarchy than the memory
	                                      controller, whose directory .cgroup is then */
	int         private_root;        /**< non-zero: a root directory of its own: only readable,
	                                      writable, /dev/null, zero, full, random and urandom,
	                                      an empty /tmp and /dev/shm for each job, and /proc of
	                                      its own pid namespace.  Modes and times of files may
	                                      be changed there, and symbolic links and FIFOs made.
	                                      Linux 5.12; root, or user namespaces.  Its worker can
	                                      make no thread after worker_init() */
	int64_t     scratch;             /**< with private_root: bytes of /tmp, and of /dev/shm;
	                                      0: 64 MiB */
	int         threads;             /**< non-zero: threads may be made, as pthread_create(3)
	                                      does.  limits.processes bounds their number, the
	                                      first included; without it there is no bound but
	                                      the user's and the machine's, so limits.memory then
	                                      needs a cgroup that has a memory controller (else
	                                      EINVAL).  limits.memory counts the whole of each
	                                      one's stack */
	int         job_paths;           /**< non-zero: each job may name paths of its own, see
	                                      below.  Demands Landlock; not with private_root */
};

/*
 * .job_paths: .readable and .writable of struct forkpool_job are opened up for that one job, beside
 * those of its pool, of which there may be 64 then.  At most 255 paths and 60000 bytes for a job;
 * relative ones begin at its worker's directory.  They are looked up in the job's process, before
 * its function is called; what is not there, or is reached by way of a symbolic link, which another
 * job may have made, ends the job as SETUP_FAILED, and the message names it: give what realpath(3)
 * says.  A job without paths costs what it costs elsewhere.
 */

/** \brief Set of enum forkpool_layer: what holds each job of this pool, as forkpool_open() tried it
    out; 0 at FORKPOOL_ISOLATE_WORKER. */
unsigned forkpool_layers(const struct forkpool *);
/** \brief "process", "privileges", "user", "files", ... for one layer; "unknown" for any other
    number.  Static. */
const char *forkpool_layer_name(unsigned layer);
/** \brief Set of enum forkpool_mechanism: by what the layers hold, as forkpool_open() tried it out;
    0 at levels other than FORKPOOL_ISOLATE_SANDBOX. */
unsigned forkpool_mechanisms(const struct forkpool *);
/** \brief "files:landlock", "signals:user", ...: promise and mechanism, for one of them; "unknown"
    for any other number.  Static. */
const char *forkpool_mechanism_name(unsigned mechanism);

#ifdef __cplusplus
}
#endif
#endif
