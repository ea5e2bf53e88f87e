/* SPDX-License-Identifier: BSD-2-Clause */
/* The paths of the system that a command needs, and those that the options name. */
#include "config.h"
#include "tool/run/sandbox_paths.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/base/anchored_file.h"
#include "tool/base/message.h"

/* Programs, their libraries and the configuration of the system. */
static const char *const system_readable[] = {
	"/usr",
	"/bin",
	"/sbin",
	"/lib",
	"/lib32",
	"/lib64",
	"/libx32",
	"/etc",
	"/dev/zero",
	"/dev/urandom",
	NULL,
};
/* Scripts write to /dev/null. */
static const char *const system_writable[] = { "/dev/null", NULL };
static const char *const nothing[] = { NULL };

static size_t
count_of(const char *const *paths)
{
	size_t n = 0;

	while (paths[n] != NULL)
		n++;
	return n;
}

/* The paths of the system that exist here, then the given ones, up to a NULL. */
static const char *const *
joined(const char *const *system, char *const *given_paths)
{
	const char *const *given = given_paths != NULL ? (const char *const *)given_paths : nothing;
	const char **all = calloc(count_of(system) + count_of(given) + 1, sizeof *all);
	size_t n = 0;

	if (all == NULL)
		fail_memory();
	for (; *system != NULL; system++)
		if (access(*system, F_OK) == 0)
			all[n++] = *system;
	for (; *given != NULL; given++)
		all[n++] = *given;
	return all;
}

/*
 * What a link in one --writable leads to would be opened up as well.
 *
 * The library finds the paths anew, in forkpool_open(), and no job runs in between: it has started
 * no worker yet, and a run's jobs end with it.  From then on it opens nothing but the same files,
 * which it knows by device and inode.  Only another run with the same --writable could come
 * between.
 */
void
sandbox_paths_check(const struct options *o)
{
	if (!o->sandbox || !untrusted_places_exist())
		return;
	for (char *const *path = o->readable; path != NULL && *path != NULL; path++)
		anchored_check("--readable", *path);
	for (char *const *path = o->writable; *path != NULL; path++)
		anchored_check("--writable", *path);
}

void
sandbox_paths_fill(struct forkpool_sandbox *sandbox, const struct options *o)
{
	int commands = o->plugin_file == NULL;

	*sandbox = (struct forkpool_sandbox){
		.network = o->network, .exec = commands, .uid = o->uid, .gid = o->gid,
		.private_root = commands && !o->host_root, .scratch = o->scratch,
		.readable = joined(commands ? system_readable : nothing, o->readable),
		.writable = joined(commands ? system_writable : nothing, o->writable),
	};
}

void
sandbox_paths_free(struct forkpool_sandbox *sandbox)
{
	free((void *)(uintptr_t)sandbox->readable);
	free((void *)(uintptr_t)sandbox->writable);
}
