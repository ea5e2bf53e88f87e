/* SPDX-License-Identifier: BSD-2-Clause */
/* Which options exclude or need each other, and whether the files they name exist. */
#include "config.h"
#include "tool/cli/cli_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/message.h"

/* Where a rule holds: xargs and parallel accept some pairs, and the last option counts; and a
   journal has what a joblog has not. */
enum { ALL = 0, NATIVE_ONLY, NOT_XARGS, NO_JOURNAL };

struct rule {
	enum option_id a, b;
	int holds;
	const char *why;
};

static const char has_output[] = "the object has the output in it, whole";
static const char not_caught[] =
    "-u leaves output to the jobs, so that it can be neither kept nor sorted";
static const char one_separator[] = "items end with one byte";
static const char in_blocks[] = "--pipe gives jobs blocks of standard input and no items";
static const char is_args[] = "an item is what the function gets, each for itself";
static const char is_no_command[] = "a plug-in's function is no command";
static const char has_no_root[] = "a function has no root directory of its own";
static const char one_way[] = "there is one way to fill a job with items";
static const char to_standard_input[] = "what their standard input was is gone";
static const char is_whole[] = "a function's value comes out whole";
static const char go_on[] = "a journal knows by itself what is left to do";
static const char one_picture[] = "the screen has both in it";
static const char positionals[] = "in --shell items are \"$1\", \"$2\" ... and have no other place";

static const struct rule exclude[] = {
	{ OPTION_JSON, OPTION_LINE_BUFFER, ALL, has_output },
	{ OPTION_JSON, OPTION_UNGROUP, ALL, has_output },
	{ OPTION_JSON, OPTION_TAG, ALL, has_output },
	{ OPTION_JSON, OPTION_TAG_STRING, ALL, has_output },
	{ OPTION_UNGROUP, OPTION_RESULTS, ALL, not_caught },
	{ OPTION_UNGROUP, OPTION_RESULTS_JSON, ALL, not_caught },
	{ OPTION_UNGROUP, OPTION_JOURNAL, ALL, not_caught },
	{ OPTION_UNGROUP, OPTION_KEEP_ORDER, NATIVE_ONLY, not_caught },
	{ OPTION_UNGROUP, OPTION_TAG, NATIVE_ONLY, not_caught },
	{ OPTION_UNGROUP, OPTION_TAG_STRING, NATIVE_ONLY, not_caught },
	{ OPTION_UNGROUP, OPTION_LINE_BUFFER, NATIVE_ONLY,
	    "one of them says how output is grouped" },
	{ OPTION_UNGROUP, OPTION_GROUP, NATIVE_ONLY, "one of them says how output is grouped" },
	{ OPTION_LINE_BUFFER, OPTION_GROUP, NATIVE_ONLY, "one of them says how output is grouped" },
	{ OPTION_LINE_BUFFER, OPTION_JOURNAL, ALL,
	    "with a journal a job's output comes out when it is known to be done" },
	{ OPTION_TAG, OPTION_TAG_STRING, NATIVE_ONLY, "a line has one tag" },
	{ OPTION_NULL, OPTION_DELIMITER, NATIVE_ONLY, one_separator },
	{ OPTION_PIPE, OPTION_COLSEP, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_HEADER, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_END, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_EOF, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_MAX_ARGS, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_MAX_REPLACE_ARGS, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_LINES, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_MAX_LINES, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_MANY, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_CONTEXT, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_REPLACE_WITH, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_REPLACE, ALL, in_blocks },
	{ OPTION_PIPE, OPTION_ARG_FILE, ALL,
	    "--pipe cuts standard input: give it the file by <FILE" },
	{ OPTION_PIPE, OPTION_RETRY_FAILED, NO_JOURNAL, to_standard_input },
	{ OPTION_PIPE, OPTION_STDIN_FROM, ALL, "a job has one standard input" },
	{ OPTION_RETRY_FAILED, OPTION_STDIN_FROM, NO_JOURNAL,
	    "a joblog does not tell a job's items" },
	{ OPTION_PLUGIN, OPTION_STDIN_FROM, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_PIPE, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_COLSEP, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_HEADER, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_MAX_ARGS, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_MAX_REPLACE_ARGS, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_LINES, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_MAX_LINES, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_MANY, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_CONTEXT, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_REPLACE_WITH, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_REPLACE, ALL, is_args },
	{ OPTION_PLUGIN, OPTION_MAX_CHARS, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_EXIT, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_SHELL, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_QUOTE, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_SLOT_VARIABLE, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_DRY_RUN, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_VERBOSE, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_INTERACTIVE, ALL, is_no_command },
	{ OPTION_PLUGIN, OPTION_RETRY_FAILED, NO_JOURNAL, is_no_command },
	{ OPTION_PLUGIN, OPTION_UNGROUP, ALL, is_whole },
	{ OPTION_PLUGIN, OPTION_LINE_BUFFER, ALL, is_whole },
	{ OPTION_PLUGIN, OPTION_COMPAT, ALL, "neither xargs nor parallel has plug-ins" },
	{ OPTION_PLUGIN, OPTION_JOBSERVER, ALL, "a plug-in's function is no make" },
	{ OPTION_SANDBOX, OPTION_JOBSERVER, ALL, "a sandboxed job has no way to it" },
	{ OPTION_HOST_ROOT, OPTION_SCRATCH, ALL, "there is no /tmp of the sandbox's own then" },
	{ OPTION_PLUGIN, OPTION_SCRATCH, ALL, has_no_root },
	{ OPTION_PLUGIN, OPTION_HOST_ROOT, ALL, has_no_root },
	{ OPTION_MAX_ARGS, OPTION_MAX_REPLACE_ARGS, NOT_XARGS, one_way },
	{ OPTION_MAX_ARGS, OPTION_LINES, NOT_XARGS, one_way },
	{ OPTION_MAX_ARGS, OPTION_MAX_LINES, NOT_XARGS, one_way },
	{ OPTION_MAX_REPLACE_ARGS, OPTION_LINES, NOT_XARGS, one_way },
	{ OPTION_MAX_REPLACE_ARGS, OPTION_MAX_LINES, NOT_XARGS, one_way },
	{ OPTION_LINES, OPTION_MAX_LINES, NOT_XARGS, one_way },
	{ OPTION_LINES, OPTION_MANY, NOT_XARGS, one_way },
	{ OPTION_LINES, OPTION_CONTEXT, NOT_XARGS, one_way },
	{ OPTION_MAX_LINES, OPTION_MANY, NOT_XARGS, one_way },
	{ OPTION_MAX_LINES, OPTION_CONTEXT, NOT_XARGS, one_way },
	{ OPTION_MANY, OPTION_CONTEXT, ALL, one_way },
	{ OPTION_SHELL, OPTION_REPLACE_WITH, NATIVE_ONLY, positionals },
	{ OPTION_SHELL, OPTION_REPLACE, NATIVE_ONLY, positionals },
	{ OPTION_SHELL, OPTION_QUOTE, ALL, "one is with a shell and the other without" },
	{ OPTION_RETRY_FAILED, OPTION_RESUME, ALL,
	    "--retry-failed takes its commands from the joblog and --resume from the input" },
	{ OPTION_RETRY_FAILED, OPTION_RESUME_FAILED, ALL,
	    "--retry-failed runs nothing but what failed, and --resume-failed the rest too" },
	{ OPTION_JOURNAL, OPTION_INTERACTIVE, ALL,
	    "what is refused is never done, and would be asked again" },
	{ OPTION_JOURNAL, OPTION_RESUME, ALL, go_on },
	{ OPTION_STATUS, OPTION_BAR, ALL, one_picture },
	{ OPTION_STATUS, OPTION_ETA, ALL, one_picture },
	{ OPTION_STATUS, OPTION_UNGROUP, ALL, "jobs would write into the screen" },
	{ OPTION_STATUS, OPTION_INTERACTIVE, ALL,
	    "while a question waits for its answer nothing is drawn" },
	{ OPTION_GROUP_MARKERS, OPTION_UNGROUP, ALL, not_caught },
	{ OPTION_GROUP_MARKERS, OPTION_LINE_BUFFER, ALL, "a group is one job's, whole" },
	{ OPTION_GROUP_MARKERS, OPTION_JSON, ALL, "an object has no lines to be folded" },
	{ OPTION_GROUP_MARKERS, OPTION_JOURNAL, ALL,
	    "markers are others in each run, and a journal's output is the same" },
	{ OPTION_EXPLAIN, OPTION_DRY_RUN, ALL, "it has the commands in it" },
	{ OPTION_TERM_SEQ, OPTION_GRACE, ALL, "both say how long it is from SIGTERM to SIGKILL" },
};

static const struct rule needs[] = {
	{ OPTION_RESUME, OPTION_JOBLOG, ALL, "it says what has run" },
	{ OPTION_RESUME_FAILED, OPTION_JOBLOG, NO_JOURNAL, "it says what has failed" },
	{ OPTION_RETRY_FAILED, OPTION_JOBLOG, NO_JOURNAL, "it says what has failed" },
	{ OPTION_PLUGIN_ARGS, OPTION_PLUGIN, ALL, "there is nothing else to give them to" },
	{ OPTION_RETRY_DELAY, OPTION_RETRIES, ALL, "without it no job runs again" },
	{ OPTION_BLOCK, OPTION_PIPE, ALL, "without it there are no blocks" },
	{ OPTION_JOBSERVER_STYLE, OPTION_JOBSERVER, ALL, "without it there is none to be told of" },
	{ OPTION_READABLE, OPTION_SANDBOX, ALL, "without it jobs may read all that you may" },
	{ OPTION_WRITABLE, OPTION_SANDBOX, ALL, "without it jobs may write all that you may" },
	{ OPTION_NETWORK, OPTION_SANDBOX, ALL, "without it jobs have the network" },
	{ OPTION_SCRATCH, OPTION_SANDBOX, ALL, "without it jobs have the system's /tmp" },
	{ OPTION_HOST_ROOT, OPTION_SANDBOX, ALL, "without it jobs have that anyway" },
	{ OPTION_UID, OPTION_SANDBOX, ALL, "without it jobs are run as who you are" },
};

static int
holds_for(const struct rule *rule, const struct options *o, const struct given *given)
{
	if (rule->holds == NO_JOURNAL)
		return given->name[OPTION_JOURNAL] == NULL;
	return rule->holds == ALL || o->dialect == DIALECT_NATIVE ||
	    (rule->holds == NOT_XARGS && o->dialect == DIALECT_PARALLEL);
}

static void
check_rules(const struct options *o, const struct given *given)
{
	for (size_t i = 0; i < sizeof exclude / sizeof exclude[0]; i++) {
		const struct rule *rule = &exclude[i];
		if (rule->b == OPTION_COMPAT && o->dialect == DIALECT_NATIVE)
			continue;
		if (given->name[rule->a] != NULL && given->name[rule->b] != NULL &&
		    holds_for(rule, o, given))
			fail("%s and %s exclude each other: %s", given->name[rule->a],
			    given->name[rule->b], rule->why);
	}
	for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
		const struct rule *rule = &needs[i];
		if (given->name[rule->a] != NULL && given->name[rule->b] == NULL &&
		    holds_for(rule, o, given))
			fail("%s needs --%s: %s", given->name[rule->a], option_table[rule->b].name,
			    rule->why);
	}
}

static void
check_command(const struct options *o, const struct given *given)
{
	char shown[256];

	if (o->plugin_file != NULL) {
		if (o->dialect != DIALECT_NATIVE)
			fail("%s: %s has no plug-ins; call it as forkpool",
			    given->name[OPTION_PLUGIN], message_name);
		if (o->command_count > 0)
			fail("%s runs instead of a command: leave out %s",
			    given->name[OPTION_PLUGIN],
			    message_text(shown, sizeof shown, o->command[0]));
		if (o->source_count > 1)
			fail("%s takes one source of items, and here are %zu",
			    given->name[OPTION_PLUGIN], o->source_count);
		return;
	}
	if (o->command_count == 0 && !(o->retry_failed && given->name[OPTION_JOURNAL] == NULL)) {
		if (o->dialect == DIALECT_NATIVE)
			fail("no command is given: "
			     "forkpool [options] command [args] [::: item...]");
		if (o->pipe)
			fail("%s needs a command, which gets the blocks", given->name[OPTION_PIPE]);
	}
	if (o->command_count > 0 && o->command[0][0] == '\0' && o->dialect == DIALECT_NATIVE)
		fail("the command's name is empty");
	if (o->shell && o->dialect == DIALECT_NATIVE)
		for (size_t i = 0; i < o->command_count; i++)
			if (strstr(o->command[i], "{}") != NULL)
				fail("{} in %s: %s",
				    message_text(shown, sizeof shown, o->command[i]), positionals);
}

static void
check_items(const struct options *o, const struct given *given)
{
	int standard_input = 0;
	char shown[512];

	if (o->pipe && o->source_count > 0)
		fail("%s and ::: exclude each other: %s", given->name[OPTION_PIPE], in_blocks);
	if (o->pipe && o->dialect == DIALECT_XARGS)
		fail("%s: xargs has no blocks; call it as forkpool", given->name[OPTION_PIPE]);
	const char *columns = given->name[OPTION_COLSEP];
	if (columns == NULL)
		columns = given->name[OPTION_HEADER];
	if (o->xargs_quoting && columns != NULL)
		fail("%s needs lines: give -d '\\n' or -0 as well", columns);
	const char *max_args = given->name[OPTION_MAX_ARGS];
	if (max_args == NULL)
		max_args = given->name[OPTION_MAX_REPLACE_ARGS];
	if (o->insert_nothing && (o->packing != PACK_ONE || o->plugin_file != NULL))
		fail("%s 0 puts no item in, and %s fills jobs with them", max_args,
		    given->name[OPTION_MANY] != NULL ? "-m" : "-X");
	for (size_t i = 0; i < o->source_count; i++) {
		struct stat st;
		if (o->sources[i].kind != SOURCE_FILE)
			continue;
		const char *name = o->sources[i].file;
		if (strcmp(name, "-") == 0) {
			if (standard_input++)
				fail("items from -: standard input can be read once");
			continue;
		}
		/* Do not open it: the writer of a named pipe would take us for its reader. */
		(void)message_text(shown, sizeof shown, name);
		if (name[0] == '\0')
			fail("items from %s: the file's name is empty", shown);
		if (stat(name, &st) == -1 || access(name, R_OK) == -1)
			fail_errno("items from %s", shown);
		if (S_ISDIR(st.st_mode))
			fail("items from %s: it is a directory, and a file is needed", shown);
	}
}

/* The paths of --readable and --writable must exist. */
static void
check_paths(char *const *paths, const char *name)
{
	char shown[512];

	for (size_t i = 0; paths != NULL && paths[i] != NULL; i++)
		if (paths[i][0] == '\0' || access(paths[i], F_OK) == -1) {
			if (paths[i][0] == '\0')
				errno = ENOENT;
			fail_errno("%s %s", name,
			    message_text(shown, sizeof shown, paths[i]));
		}
}

/*
 * Two names of one regular file, as far as that is known before the files exist.  Terminals and
 * /dev/null may be given several times.
 */
static int
is_same_file(const char *a, const char *b)
{
	struct stat at, bt;

	return strcmp(a, b) == 0 ||
	    (stat(a, &at) == 0 && stat(b, &bt) == 0 && at.st_dev == bt.st_dev &&
		at.st_ino == bt.st_ino && S_ISREG(at.st_mode));
}

static void
check_directory(const char *directory, const char *option)
{
	char shown[512];
	struct stat st;

	(void)message_text(shown, sizeof shown, directory);
	if (strcmp(directory, "...") == 0 && strcmp(option, "--tmpdir") != 0)
		fail("%s ... is GNU parallel's word for a new directory for each job, below the "
		     "home directory, and is not known here: give a directory, ./... if it has "
		     "that name", option);
	if (stat(directory, &st) == -1 ||
	    (S_ISDIR(st.st_mode) && access(directory, X_OK) == -1))
		fail_errno("%s %s", option, shown);
	if (!S_ISDIR(st.st_mode))
		fail("%s %s must be a directory", option, shown);
}

/* "-", which is standard output to other commands. */
static void
check_output_names(const struct options *o, const struct given *given)
{
	static const char by_name[] = "it must be a file with a name (./- is one)";
	const struct {
		enum option_id id;
		const char    *name, *why;
	} no_outputs[] = {
		{ OPTION_RESULTS, o->dialect == DIALECT_PARALLEL ? NULL : o->results, by_name },
		{ OPTION_RESULTS_JSON, o->results_json,
		    "--json puts the objects on standard output, in the place of the jobs' "
		    "output" },
		{ OPTION_TRACE, o->trace_file, by_name },
		{ OPTION_METRICS_FILE, o->metrics_file, by_name },
		{ OPTION_REPORT, o->report, by_name },
		{ OPTION_JUNIT, o->junit, by_name },
		{ OPTION_JOURNAL, o->journal, by_name },
	};

	for (size_t i = 0; i < sizeof no_outputs / sizeof no_outputs[0]; i++)
		if (no_outputs[i].name != NULL && strcmp(no_outputs[i].name, "-") == 0)
			fail("%s -: %s", given->name[no_outputs[i].id], no_outputs[i].why);
	/* Standard output cannot be read back. */
	if (o->joblog != NULL && strcmp(o->joblog + (o->joblog[0] == '+'), "-") == 0 &&
	    (o->resume || o->resume_failed || o->retry_failed || o->journal != NULL))
		fail("%s - is standard output, and to go on from a joblog it must be a file",
		    given->name[OPTION_JOBLOG]);
}

/* The files that are written must be different ones, and none that items are read from. */
static void
check_files(const struct options *o, const struct given *given)
{
	const struct {
		enum option_id id;
		const char    *name;
	} files[] = {
		{ OPTION_JOBLOG, o->joblog },
		{ OPTION_RESULTS, o->results },
		{ OPTION_RESULTS_JSON, o->results_json },
		{ OPTION_JUNIT, o->junit },
		{ OPTION_JOURNAL, o->journal },
		{ OPTION_TRACE, o->trace_file },
		{ OPTION_METRICS_FILE, o->metrics_file },
		{ OPTION_REPORT, o->report },
	};
	const size_t count = sizeof files / sizeof files[0];
	char shown[512];

	for (size_t i = 0; i < count; i++) {
		if (files[i].name == NULL)
			continue;
		const char *name = given->name[files[i].id];
		(void)message_text(shown, sizeof shown, files[i].name);
		for (size_t j = 0; j < i; j++)
			if (files[j].name != NULL && is_same_file(files[i].name, files[j].name))
				fail("%s and %s must be two files, and both are %s",
				    given->name[files[j].id], name, shown);
	}
	check_output_names(o, given);
	for (size_t i = 0; i < o->source_count; i++) {
		if (o->sources[i].kind != SOURCE_FILE)
			continue;
		for (size_t j = 0; j < count; j++)
			if (files[j].name != NULL &&
			    is_same_file(o->sources[i].file, files[j].name))
				fail("%s %s is where the items come from",
				    given->name[files[j].id],
				    message_text(shown, sizeof shown, files[j].name));
	}
}

void
option_check(const struct options *o, const struct given *given)
{
	char shown[512];

	check_rules(o, given);
	check_command(o, given);
	check_items(o, given);
	if (o->directory != NULL)
		check_directory(o->directory, given->name[OPTION_WD]);
	if (o->temporary != NULL)
		check_directory(o->temporary, given->name[OPTION_TMPDIR]);
	if (o->slot_variable != NULL && strchr(o->slot_variable, '=') != NULL)
		fail("%s %s must be a name, without =", given->name[OPTION_SLOT_VARIABLE],
		    message_text(shown, sizeof shown, o->slot_variable));
	if (o->stdin_from != NULL && strstr(o->stdin_from, "{%}") != NULL)
		fail("%s %s: {%%} is not known before the job runs, and the file is opened before",
		    given->name[OPTION_STDIN_FROM],
		    message_text(shown, sizeof shown, o->stdin_from));
	if (o->uid != 0 && geteuid() != 0)
		fail("%s: only root can have jobs run as somebody else", given->name[OPTION_UID]);
	check_paths(o->readable, "--readable");
	check_paths(o->writable, "--writable");
	check_files(o, given);
}
