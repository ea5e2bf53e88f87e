/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the environment of jobs together. */
#include "config.h"
#include "tool/run/job_environment.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/bytes.h"
#include "tool/base/message.h"

extern char **environ;

/* What a program needs to find others and to speak to its user; no more, since what else is there
   may be secret. */
static const char *const kept_names[] = { "PATH", "HOME", "LANG", "TZ", "TMPDIR" };

/* The entries so far; those that were allocated are owned. */
struct list {
	const char **at;
	size_t count;
};

static int
has_name(const char *entry, const char *name, size_t len)
{
	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static void
list_add(struct list *list, const char *entry)
{
	list->at = reallocarray(list->at, list->count + 2, sizeof *list->at);
	if (list->at == NULL || (list->at[list->count] = strdup(entry)) == NULL)
		fail_memory();
	list->at[++list->count] = NULL;
}

/* Add an entry, in place of the one of that name. */
static void
list_set(struct list *list, const char *entry)
{
	size_t i = 0, len = strcspn(entry, "=");

	while (i < list->count && !has_name(list->at[i], entry, len))
		i++;
	if (i < list->count) {
		free((void *)(uintptr_t)list->at[i]);
		list->at[i] = list->at[--list->count];
	}
	list_add(list, entry);
}

/* As we have it, if we have it. */
static void
list_set_ours(struct list *list, const char *name, size_t len)
{
	for (char **entry = environ; *entry != NULL; entry++)
		if (has_name(*entry, name, len))
			list_set(list, *entry);
}

/* What a sandbox's own root directory has: a /tmp that is empty for each job. */
static void
set_inside(struct list *list)
{
	list_set(list, "HOME=/tmp");
	list_set(list, "TMPDIR=/tmp");
}

/* The names of --env in GNU parallel: with commas between them, functions of bash too, and _ for
   all. */
static void
set_named(struct list *list, const struct options *o, const char *names)
{
	struct bytes function = { 0 };

	if (o->dialect != DIALECT_PARALLEL) {
		list_set_ours(list, names, strlen(names));
		return;
	}
	for (size_t len; *names != '\0'; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		if (len == 1 && names[0] == '_')
			for (char **entry = environ; *entry != NULL; entry++)
				list_set(list, *entry);
		list_set_ours(list, names, len);
		bytes_clear(&function);
		bytes_add_text(&function, "BASH_FUNC_");
		bytes_add(&function, names, len);
		bytes_add_text(&function, "%%");
		list_set_ours(list, function.at, function.len);
	}
	bytes_free(&function);
}

const char *const *
job_environment(const struct options *o)
{
	struct list list = { NULL, 0 };

	if (!o->sandbox && o->environment == NULL)
		return (const char *const *)environ;
	if ((list.at = calloc(1, sizeof *list.at)) == NULL)
		fail_memory();
	if (o->sandbox)
		for (size_t i = 0; i < sizeof kept_names / sizeof kept_names[0]; i++)
			list_set_ours(&list, kept_names[i], strlen(kept_names[i]));
	for (char **entry = environ; *entry != NULL; entry++)
		if (!o->sandbox || strncmp(*entry, "LC_", 3) == 0)
			list_add(&list, *entry);
	if (o->sandbox && !o->host_root && o->plugin_file == NULL)
		set_inside(&list);
	for (size_t i = 0; o->environment != NULL && o->environment[i] != NULL; i++) {
		if (strchr(o->environment[i], '=') != NULL)
			list_set(&list, o->environment[i]);
		else
			set_named(&list, o, o->environment[i]);
	}
	return list.at;
}

void
job_environment_free(const char *const *environment)
{
	if (environment == (const char *const *)environ)
		return;
	for (const char *const *entry = environment; *entry != NULL; entry++)
		free((void *)(uintptr_t)*entry);
	free((void *)(uintptr_t)environment);
}
