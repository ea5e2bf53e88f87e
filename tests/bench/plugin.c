/* SPDX-License-Identifier: BSD-2-Clause */
/* plugin.c - what echo does with its argument, as a job function of a plug-in. */
#include <forkpool_plugin.h>

#include <errno.h>

FORKPOOL_PLUGIN;

FORKPOOL_EXPORT int
echo(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len) != 0 ||
		forkpool_reply(context, "\n", 1) != 0 ?
	    errno :
	    0;
}
