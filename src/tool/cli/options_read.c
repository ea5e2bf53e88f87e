/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the command line: each option is carried out here. */
#include "config.h"
#include "tool/cli/cli_internal.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"
#include "tool/base/parse_units.h"
#include "tool/cli/argv_scan.h"
#include "tool/cli/option_values.h"

/* Of struct forkpool_limits. */
#define STACK_LEAST 65536

/* The value as a number of that range; any other ends the tool. */
static long long
count_of(const struct argument *a, long long min, long long max)
{
	long long n = 0;
	const char *why = parse_count(a->value, min, max, &n);

	if (why != NULL)
		argument_fail(a, why);
	return n;
}

static void
source_add(struct options *o, int linked, char *file, char **words, size_t count)
{
	o->sources = reallocarray(o->sources, o->source_count + 1, sizeof *o->sources);
	if (o->sources == NULL)
		fail_memory();
	o->sources[o->source_count++] = (struct source_option){
		.kind = file != NULL ? SOURCE_FILE : SOURCE_WORDS,
		.linked = linked,
		.file = file,
		.words = words,
		.count = count,
	};
}

/* Appends to a list that ends with a NULL. */
static void
text_add(char ***texts, char *text)
{
	size_t count = 0;

	while (*texts != NULL && (*texts)[count] != NULL)
		count++;
	*texts = reallocarray(*texts, count + 2, sizeof **texts);
	if (*texts == NULL)
		fail_memory();
	(*texts)[count] = text;
	(*texts)[count + 1] = NULL;
}

static void
max_args(struct options *o, const struct argument *a, int repeat)
{
	long long n = count_of(a, o->dialect == DIALECT_XARGS ? 1 : 0, INT32_MAX);

	o->insert_nothing = n == 0;
	o->max_items = n == 0 ? 1 : (size_t)n;
	o->repeat_word |= repeat;
}

/* Options of kind OWN about items: what is wrong with the value, or NULL. */
static const char *
items_apply(struct options *o, struct argument *a)
{
	const char *why = NULL;

	switch (a->id) {
	case OPTION_ARG_FILE:
		source_add(o, 0, a->value, NULL, 0);
		break;
	case OPTION_NULL:
		o->separator = '\0';
		o->xargs_quoting = 0;
		break;
	case OPTION_DELIMITER:
		why = option_value_delimiter(a->value, &o->separator);
		o->xargs_quoting = 0;
		break;
	case OPTION_COLSEP:
		free(o->colsep);
		o->colsep = NULL;
		why = option_value_colsep(a->value, &o->colsep);
		break;
	case OPTION_HEADER:
		if (strcmp(a->value, ":") != 0)
			why = "must be ':' : the first line";
		o->header = 1;
		break;
	case OPTION_EOF:
		o->end_of_input = a->value;
		break;
	case OPTION_MAX_ARGS:
	case OPTION_MAX_REPLACE_ARGS:
		max_args(o, a, a->id == OPTION_MAX_REPLACE_ARGS);
		break;
	case OPTION_LINES:
	case OPTION_MAX_LINES:
		o->packing = PACK_LINES;
		o->max_items = 0;
		o->max_lines = a->value == NULL ? 1 : (size_t)count_of(a, 1, INT32_MAX);
		o->repeat_word = a->id == OPTION_LINES;
		break;
	case OPTION_MANY:
		o->packing = PACK_FULL;
		break;
	case OPTION_CONTEXT:
		o->packing = PACK_CONTEXT;
		o->repeat_word = 1;
		break;
	case OPTION_REPLACE_WITH:
	case OPTION_REPLACE:
		if (a->value != NULL)
			o->replace = a->value;
		o->replace_given = 1;
		if (o->replace[0] == '\0')
			why = "must not be empty";
		break;
	default:
		break;
	}
	return why;
}

/* Options of kind OWN about limits. */
static const char *
limits_apply(struct options *o, struct argument *a)
{
	const char *why = NULL;

	switch (a->id) {
	case OPTION_TIMEOUT:
		why = option_value_timeout(a->value, &o->timeout_ns, &o->timeout_percent);
		break;
	case OPTION_TERM_SEQ:
		why = option_value_term_seq(a->value, &o->grace_ns);
		break;
	case OPTION_NOFILE:
		o->open_files = count_of(a, 16, INT32_MAX);
		break;
	case OPTION_PIDS:
		o->processes = count_of(a, 1, INT32_MAX);
		break;
	case OPTION_READABLE:
		text_add(&o->readable, a->value);
		break;
	case OPTION_WRITABLE:
		text_add(&o->writable, a->value);
		break;
	case OPTION_NETWORK:
		why = option_value_network(a->value, &o->network);
		break;
	case OPTION_UID:
		why = option_value_uid(a->value, &o->uid, &o->gid);
		break;
	default:
		break;
	}
	return why;
}

/* All other options of kind OWN. */
static const char *
jobs_apply(struct options *o, struct argument *a)
{
	const char *why = NULL;

	switch (a->id) {
	case OPTION_PLUGIN:
		free(o->plugin_file);
		o->plugin_file = NULL;
		why = option_value_plugin(a->value, &o->plugin_file, &o->plugin_functions);
		break;
	case OPTION_NICE:
		o->nice = (int)count_of(a, -20, 19);
		o->nice_given = 1;
		break;
	case OPTION_QUOTE:
		o->shell = 0;
		break;
	case OPTION_JOBS:
		if (o->dialect == DIALECT_XARGS &&
		    (a->value[0] == '-' || strchr(a->value, '%') != NULL))
			why = "must be a number >= 0, 0 for as many as possible";
		else
			why = parse_workers(a->value, &o->workers);
		break;
	case OPTION_GROUP_MARKERS:
		why = option_value_group_markers(a->value, &o->group_markers);
		break;
	case OPTION_JOBSERVER_STYLE:
		why = option_value_jobserver_style(a->value, &o->jobserver_style);
		break;
	case OPTION_LOAD:
		why = parse_load(a->value, &o->load);
		break;
	case OPTION_LIMIT:
		why = option_value_limit(a->value);
		o->limit = a->value;
		break;
	case OPTION_RETRIES:
		o->retries = (unsigned)count_of(a, 1, 1000000);
		break;
	case OPTION_HALT:
		why = option_value_halt(a->value, &o->halt);
		break;
	case OPTION_ENV:
		if (a->value[0] == '\0' || a->value[0] == '=')
			why = "must begin with a variable's name";
		text_add(&o->environment, a->value);
		break;
	case OPTION_GROUP:
		o->grouping = GROUP_JOB;
		break;
	case OPTION_LINE_BUFFER:
		o->grouping = GROUP_LINES;
		break;
	case OPTION_UNGROUP:
		o->grouping = GROUP_NONE;
		break;
	default: /* argv_scan_read() has done --compat; OPTION_NOTHING does nothing */
		break;
	}
	return why;
}

static void
option_apply(struct options *o, struct argument *a)
{
	const struct option_row *row = &option_table[a->id];
	void *field = (char *)o + row->field;
	const char *why = NULL;

	switch (row->kind) {
	case KIND_FLAG:
		*(int *)field = 1;
		return;
	case KIND_TEXT:
		if (a->value[0] == '\0' && a->id != OPTION_END && a->id != OPTION_PLUGIN_ARGS &&
		    a->id != OPTION_TAG_STRING)
			argument_fail(a, "must not be empty");
		*(char **)field = a->value;
		return;
	case KIND_SIZE:
		if (o->dialect == DIALECT_PARALLEL)
			why = parallel_size(a->value, field);
		else
			why = parse_size(a->value, field);
		if (why == NULL && a->id == OPTION_STACK && o->stack < STACK_LEAST)
			why = "must be at least 64K: no program begins with less";
		break;
	case KIND_DURATION:
		why = parse_duration(a->value, field);
		break;
	case KIND_OWN:
		if (row->section == SECTION_INPUT || row->section == SECTION_PACKING)
			why = items_apply(o, a);
		else if (row->section == SECTION_LIMITS)
			why = limits_apply(o, a);
		else
			why = jobs_apply(o, a);
		break;
	}
	if (why != NULL)
		argument_fail(a, why);
}

/* Whether word is ::: or ::::, either with a + at the end or without. */
static int
is_separator(const char *word, int *is_file, int *linked)
{
	size_t colons = strspn(word, ":");

	*is_file = colons == 4;
	*linked = word[colons] == '+';
	return (colons == 3 || colons == 4) && word[colons + (size_t)*linked] == '\0';
}

/* The words behind the options: the command, then ::: and the items. */
static void
rest_read(struct options *o, char **words, size_t count)
{
	size_t at = 0;
	int is_file, linked;

	while (at < count &&
	    (o->dialect == DIALECT_XARGS || !is_separator(words[at], &is_file, &linked)))
		at++;
	o->command = calloc(at + 1, sizeof *o->command);
	if (o->command == NULL)
		fail_memory();
	memcpy(o->command, words, at * sizeof *words);
	o->command_count = at;
	while (at < count) {
		size_t first;
		int next_is_file, next_linked;
		(void)is_separator(words[at], &is_file, &linked);
		if (linked && o->source_count == 0)
			fail("%s has no source before it to go with: use %s", words[at],
			    is_file ? "::::" : ":::");
		for (first = ++at;
		     at < count && !is_separator(words[at], &next_is_file, &next_linked); at++)
			if (is_file)
				source_add(o, linked, words[at], NULL, 0);
		if (!is_file)
			source_add(o, linked, NULL, words + first, at - first);
		else if (first == at)
			fail("%s needs a file's name behind it", words[first - 1]);
	}
}

void
options_read(struct options *o, int argc, char **argv)
{
	struct argv_scan scan = { 0 };
	struct given given = { { 0 } };

	defaults_init(o);
	int at = argv_scan_read(o, &scan, argc, argv);
	if (o->dialect == DIALECT_XARGS)
		xargs_defaults(o);
	else if (o->dialect == DIALECT_PARALLEL)
		parallel_defaults(o);
	for (size_t i = 0; i < scan.count; i++) {
		struct argument *a = &scan.arguments[i];
		if (a->name[1] != '-' && !option_letter_known(o->dialect, a->name[1]))
			fail("%s is not an option of %s: --help lists those there are", a->name,
			    message_name);
		if (a->id == OPTION_NOTHING && o->dialect != DIALECT_PARALLEL)
			fail("%s is for --compat=parallel: leave it out%s", a->name,
			    strcmp(a->name, "--silent") == 0 ? ", or use --quiet" : "");
		if (a->id == OPTION_QUOTE && o->dialect == DIALECT_XARGS)
			fail("%s is for --compat=parallel: no shell runs the command here",
			    a->name);
		if (o->dialect == DIALECT_XARGS)
			xargs_before(o, a->id, a->value);
		given.name[a->id] = a->name;
		option_apply(o, a);
	}
	rest_read(o, argv + at, (size_t)(argc - at));
	if (o->dialect == DIALECT_XARGS)
		xargs_settle(o, &given);
	else if (o->dialect == DIALECT_PARALLEL)
		parallel_settle(o, &given);
	option_check(o, &given);
	defaults_settle(o, &given);
	argv_scan_free(&scan);
}

void
options_free(struct options *o)
{
	free(o->command);
	free(o->plugin_file); /* and plugin_functions */
	free(o->sources);
	free(o->colsep);
	free(o->readable);
	free(o->writable);
	free(o->environment);
	*o = (struct options){ 0 };
}
