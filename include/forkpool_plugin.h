/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * \file forkpool_plugin.h
 * \brief What a shared object exports so that forkpool(1) can run its functions as jobs
 *
 *	#include <forkpool_plugin.h>
 *
 *	FORKPOOL_PLUGIN;
 *
 *	FORKPOOL_EXPORT int
 *	length(struct forkpool_context *context, const void *args, size_t args_len)
 *	{
 *		...forkpool_reply()...
 *		return 0;
 *	}
 *
 * compiled with `cc -shared -fPIC -o length.so length.c`
 * and run as `forkpool --plugin ./length.so:length`.
 *
 * A job function is a forkpool_fn: args is the item's bytes, without the separator and without a
 * NUL behind them; what it replies goes to standard output as it is, so a line has to end itself;
 * an error that it returns, with the message of forkpool_fail(), is the job's.  What it calls of
 * forkpool it finds in the program that loads it: it need not be linked with the library.
 *
 * The object is loaded twice, first in a process of its own to see whether it can be, and its
 * constructors run each time, before there is any worker.  Whatever a function needs once, open
 * files and other processes above all, is made in forkpool_plugin_init().
 */
#ifndef FORKPOOL_PLUGIN_H
#define FORKPOOL_PLUGIN_H

#include <forkpool_job.h>

/** \brief Version of this header; forkpool refuses a plug-in with another one, in which the same
    names may mean other things. */
#define FORKPOOL_PLUGIN_VERSION 2

#if defined(__GNUC__)
#define FORKPOOL_PLUGIN_VISIBLE __attribute__((__visibility__("default")))
#else
#define FORKPOOL_PLUGIN_VISIBLE
#endif
/** \brief Before a job function's definition: it can be found, whatever -fvisibility says, and by
    its C name. */
#ifdef __cplusplus
#define FORKPOOL_EXPORT extern "C" FORKPOOL_PLUGIN_VISIBLE
#else
#define FORKPOOL_EXPORT FORKPOOL_PLUGIN_VISIBLE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** \brief Once in each plug-in, at file scope: `FORKPOOL_PLUGIN;` */
#define FORKPOOL_PLUGIN const int forkpool_plugin_version = FORKPOOL_PLUGIN_VERSION
FORKPOOL_PLUGIN_VISIBLE extern const int forkpool_plugin_version;

/**
 * \brief If the plug-in has it: run in each new worker, before its first job
 *
 * Also after a crash, in the worker that takes the place of the one that died.  Where each job has
 * a process of its own (limits, --sandbox), that is a copy of its worker as this function has left
 * it.
 *
 * \param args   what --plugin-args says; "" without it
 * \param state  whatever is stored there, jobs get from forkpool_worker_state()
 * \return 0, or an errno: no job runs in this worker then
 */
FORKPOOL_PLUGIN_VISIBLE int forkpool_plugin_init(const char *args, void **state);

/** \brief If the plug-in has it: run in a worker that leaves in order, not in one that crashed or
    was killed. */
FORKPOOL_PLUGIN_VISIBLE void forkpool_plugin_exit(void *state);

#ifdef __cplusplus
}
#endif
#endif
