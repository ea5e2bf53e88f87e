/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option_table - every option once: its names, its argument, where its value goes, its text in
 * --help.
 *
 * The parser and --help are made of this table.  To add an option:
 *
 *   1. A row in OPTIONS below, at its place in --help, and a field in struct options (options.h).
 *      A flag, a text, a size or a duration needs no more code: the row names the field, and
 *      option_apply() (options_read.c) sets it.
 *   2. Any other value (kind OWN, field "dialect"): a case in items_apply() or jobs_apply()
 *      (options_read.c), with its parser in option_values.c, or in base/parse_units.c where several
 *      options use it.
 *   3. A letter: to the dialects that have it, in option_table.c.  Further names: to option_aliases
 *      there.  A name that was refused until now: out of the list in option_refused.c.
 *   4. A value other than 0 where the option is not given: in defaults.c, or in xargs.c and
 *      parallel.c for one dialect.
 *   5. Options that exclude or need each other: rows in option_check.c.  A file that is written: a
 *      row in check_files() there, and what --dry-run leaves out, in defaults.c.
 *   6. The manual, man/forkpool.1, and completions/: forkpool.bash, _forkpool, forkpool.fish.
 *
 * tests/tool/test_usage.c compares this table with --help and the manual, tests/tool/completions.sh
 * compares --help with the completions.  tests/tool/test_options.c and test_option_values.c test
 * what an option sets, tests/tool/usage.sh which options are refused together.
 */
#ifndef FORKPOOL_TOOL_OPTION_TABLE_H
#define FORKPOOL_TOOL_OPTION_TABLE_H

#include <stddef.h>

#include "tool/cli/options.h"

enum option_section {
	SECTION_INPUT = 0,
	SECTION_PACKING,
	SECTION_JOBS,
	SECTION_STARTING,
	SECTION_LIMITS,
	SECTION_OUTPUT,
	SECTION_RECORDS,
	SECTION_OTHER,
	SECTIONS
};
enum option_argument { ARGUMENT_NONE = 0, ARGUMENT_NEEDED, ARGUMENT_OPTIONAL };
/* How the value is read: into the row's field by its type, or by code of its own. */
enum option_kind { KIND_OWN = 0, KIND_FLAG, KIND_TEXT, KIND_SIZE, KIND_DURATION };

/*
 * X(id, letter or 0, long name or NULL, argument, argument's name or NULL, section, kind, field,
 *     help)
 *
 * Field "dialect" stands for none.
 */
#define OPTIONS(X) \
	X(ARG_FILE, 'a', "arg-file", NEEDED, "FILE", INPUT, OWN, dialect, \
	    "take items from FILE (-: standard input)") \
	X(NULL, '0', "null", NONE, NULL, INPUT, OWN, dialect, "items end with a NUL byte") \
	X(DELIMITER, 'd', "delimiter", NEEDED, "C", INPUT, OWN, dialect, \
	    "items end with the byte C, or \\n \\t \\0 \\xHH \\OOO") \
	X(COLSEP, 'C', "colsep", NEEDED, "REGEX", INPUT, OWN, dialect, \
	    "split each item into columns {1} {2} ... at REGEX") \
	X(LINK, 0, "link", NONE, NULL, INPUT, FLAG, link, \
	    "all sources go item by item, and shorter ones begin anew") \
	X(HEADER, 0, "header", NEEDED, ":", INPUT, OWN, dialect, \
	    "the first line has the columns' names, for {name}") \
	X(END, 'E', NULL, NEEDED, "TEXT", INPUT, TEXT, end_of_input, \
	    "the line TEXT ends the input") \
	X(EOF, 'e', "eof", OPTIONAL, "TEXT", INPUT, OWN, dialect, \
	    "the same; without TEXT: nothing does") \
	X(NO_RUN_IF_EMPTY, 'r', "no-run-if-empty", NONE, NULL, INPUT, FLAG, no_run_if_empty, \
	    "pass over blank items (xargs: run nothing without items)") \
	X(PIPE, 0, "pipe", NONE, NULL, INPUT, FLAG, pipe, \
	    "cut standard input into blocks of whole lines (-0, -d: what those end), " \
	    "each one job's standard input") \
	X(BLOCK, 0, "block", NEEDED, "SIZE", INPUT, SIZE, block, "of so many bytes each (1M)") \
	\
	X(MAX_ARGS, 'n', "max-args", NEEDED, "N", PACKING, OWN, dialect, \
	    "N items in each job; 0: none of them is put in") \
	X(MAX_REPLACE_ARGS, 'N', "max-replace-args", NEEDED, "N", PACKING, OWN, dialect, \
	    "the same; the word around {} is repeated for each") \
	X(LINES, 'L', NULL, NEEDED, "N", PACKING, OWN, dialect, "N lines of items in each job") \
	X(MAX_LINES, 'l', "max-lines", OPTIONAL, "N", PACKING, OWN, dialect, \
	    "the same; N is 1 where it is left out") \
	X(MANY, 'm', NULL, NONE, NULL, PACKING, OWN, dialect, \
	    "as many items in each job as fit, shared out among the workers") \
	X(CONTEXT, 'X', NULL, NONE, NULL, PACKING, OWN, dialect, \
	    "the same; the word around {} is repeated for each") \
	X(MAX_CHARS, 's', "max-chars", NEEDED, "SIZE", PACKING, SIZE, max_chars, \
	    "command lines of at most so many bytes") \
	X(EXIT, 'x', "exit", NONE, NULL, PACKING, FLAG, exit_if_too_long, \
	    "stop where items do not fit, instead of taking fewer") \
	X(REPLACE_WITH, 'I', NULL, NEEDED, "R", PACKING, OWN, dialect, \
	    "put items in place of R instead of {}") \
	X(REPLACE, 'i', "replace", OPTIONAL, "R", PACKING, OWN, dialect, \
	    "the same; R is {} where it is left out") \
	X(PLUS, 0, "plus", NONE, NULL, PACKING, FLAG, plus, \
	    "also replace {+/} {+.} {+..} {+...} {..} {...} {/..} {/...}") \
	\
	X(SHELL, 0, "shell", NONE, NULL, JOBS, FLAG, shell, \
	    "the command is a text for sh, which has the items as \"$1\" \"$2\" ...") \
	X(PLUGIN, 0, "plugin", NEEDED, "FILE:FN[,FN...]", JOBS, OWN, dialect, \
	    "run functions of a shared object instead of a command") \
	X(PLUGIN_ARGS, 0, "plugin-args", NEEDED, "TEXT", JOBS, TEXT, plugin_args, \
	    "for the plug-in's start") \
	X(NICE, 0, "nice", NEEDED, "N", JOBS, OWN, dialect, "add N to the jobs' niceness") \
	X(WD, 0, "wd", NEEDED, "DIR", JOBS, TEXT, directory, "run jobs in DIR") \
	X(TMPDIR, 0, "tmpdir", NEEDED, "DIR", JOBS, TEXT, temporary, \
	    "where output waits that does not fit in memory; TMPDIR for jobs too") \
	X(SLOT_VARIABLE, 0, "process-slot-var", NEEDED, "NAME", JOBS, TEXT, slot_variable, \
	    "set NAME to the number of a job's worker, from 0") \
	X(ENV, 0, "env", NEEDED, "NAME[=VALUE]", JOBS, OWN, dialect, \
	    "give jobs this variable, also in the sandbox, where they have few") \
	X(STDIN_FROM, 0, "stdin-from", NEEDED, "FILE", JOBS, TEXT, stdin_from, \
	    "each job's standard input is FILE, with {} and the like") \
	X(QUOTE, 'q', "quote", NONE, NULL, JOBS, OWN, dialect, \
	    "run the command without a shell, as forkpool does anyway (--compat=parallel)") \
	\
	X(JOBS, 'j', "jobs", NEEDED, "N", STARTING, OWN, dialect, \
	    "run N at a time; +N, -N, N%: of the processors; 0: many") \
	X(JOBSERVER, 0, "jobserver", NONE, NULL, STARTING, FLAG, jobserver, \
	    "the makes in jobs share those N with us, as GNU make's jobserver") \
	X(JOBSERVER_STYLE, 0, "jobserver-style", NEEDED, "STYLE", STARTING, OWN, dialect, \
	    "auto, pipe or fifo: how they are told") \
	X(DELAY, 0, "delay", NEEDED, "TIME", STARTING, DURATION, delay_ns, \
	    "start a job not sooner than TIME after the one before") \
	X(LOAD, 0, "load", NEEDED, "N", STARTING, OWN, dialect, \
	    "start none while the load is above N, or N% of the processors") \
	X(MEMFREE, 0, "memfree", NEEDED, "SIZE", STARTING, SIZE, memfree, \
	    "start none while less memory is free") \
	X(LIMIT, 0, "limit", NEEDED, "COMMAND", STARTING, OWN, dialect, \
	    "ask this text for sh before each job: status 0: start it, 1: wait") \
	X(RETRIES, 0, "retries", NEEDED, "N", STARTING, OWN, dialect, \
	    "run a job that fails up to N times in all") \
	X(RETRY_DELAY, 0, "retry-delay", NEEDED, "TIME", STARTING, DURATION, retry_delay_ns, \
	    "wait TIME before the second run, and each time twice as long") \
	X(HALT, 0, "halt", NEEDED, "WHEN,WHY=N", STARTING, OWN, dialect, \
	    "stop early: soon or now, when N or N% of the jobs fail, success or done") \
	X(INTERACTIVE, 'p', "interactive", NONE, NULL, STARTING, FLAG, interactive, \
	    "ask before each job") \
	X(VERBOSE, 't', "verbose", NONE, NULL, STARTING, FLAG, trace, \
	    "print each command on standard error as it starts") \
	X(DRY_RUN, 0, "dry-run", NONE, NULL, STARTING, FLAG, dry_run, \
	    "print the commands and run none") \
	X(EXPLAIN, 0, "explain", NONE, NULL, STARTING, FLAG, explain, \
	    "print what each job would be run with, and run none") \
	\
	X(TIMEOUT, 0, "timeout", NEEDED, "TIME", LIMITS, OWN, dialect, \
	    "end a job that runs longer; N%: than that share of the median") \
	X(TERM_SEQ, 0, "term-seq", NEEDED, "SEQ", LIMITS, OWN, dialect, \
	    "how jobs are ended, such as TERM,200,KILL (milliseconds)") \
	X(GRACE, 0, "grace", NEEDED, "TIME", LIMITS, DURATION, grace_ns, \
	    "the time from SIGTERM to SIGKILL (1s)") \
	X(MEM, 0, "mem", NEEDED, "SIZE", LIMITS, SIZE, memory, \
	    "memory of each process of a job; of all, where cgroups can be made") \
	X(STACK, 0, "stack", NEEDED, "SIZE", LIMITS, SIZE, stack, "stack of each process") \
	X(CPU, 0, "cpu", NEEDED, "TIME", LIMITS, DURATION, cpu_ns, "processor time of a job") \
	X(FSIZE, 0, "fsize", NEEDED, "SIZE", LIMITS, SIZE, file_size, \
	    "how large a file may become") \
	X(NOFILE, 0, "nofile", NEEDED, "N", LIMITS, OWN, dialect, "open files of each process") \
	X(PIDS, 0, "pids", NEEDED, "N", LIMITS, OWN, dialect, "processes of a job at a time") \
	X(SANDBOX, 0, "sandbox", NONE, NULL, LIMITS, FLAG, sandbox, \
	    "deny jobs all that is not opened up: forkpool_sandbox(7)") \
	X(READABLE, 0, "readable", NEEDED, "PATH", LIMITS, OWN, dialect, \
	    "open PATH and all below it for reading") \
	X(WRITABLE, 0, "writable", NEEDED, "PATH", LIMITS, OWN, dialect, "and for writing") \
	X(NETWORK, 0, "network", OPTIONAL, "WHICH", LIMITS, OWN, dialect, \
	    "open up the network; loopback: one of this machine's own, for each worker") \
	X(SCRATCH, 0, "scratch", NEEDED, "SIZE", LIMITS, SIZE, scratch, \
	    "room in each of the sandbox's own /tmp and /dev/shm (64M)") \
	X(HOST_ROOT, 0, "host-root", NONE, NULL, LIMITS, FLAG, host_root, \
	    "a sandbox without a root directory of its own: faster, for less") \
	X(UID, 0, "uid", NEEDED, "USER[:GROUP]", LIMITS, OWN, dialect, \
	    "run sandboxed jobs as USER, if you are root") \
	\
	X(GROUP, 0, "group", NONE, NULL, OUTPUT, OWN, dialect, \
	    "a job's output when it has ended (default)") \
	X(GROUP_MARKERS, 0, "group-markers", NEEDED, "SERVICE", OUTPUT, OWN, dialect, \
	    "the same, between lines by which the log of github or gitlab folds it") \
	X(LINE_BUFFER, 0, "line-buffer", NONE, NULL, OUTPUT, OWN, dialect, \
	    "each line as soon as it is whole") \
	X(UNGROUP, 'u', "ungroup", NONE, NULL, OUTPUT, OWN, dialect, \
	    "jobs write where we do, unsorted") \
	X(KEEP_ORDER, 'k', "keep-order", NONE, NULL, OUTPUT, FLAG, keep_order, \
	    "output in the order of the input") \
	X(TAG, 0, "tag", NONE, NULL, OUTPUT, FLAG, tag, "the items and a tab before each line") \
	X(TAG_STRING, 0, "tagstring", NEEDED, "TEXT", OUTPUT, TEXT, tag_string, \
	    "TEXT, with {} and the like, instead of the items") \
	X(JSON, 0, "json", NONE, NULL, OUTPUT, FLAG, json, \
	    "an object for each job, one a line, instead of its output") \
	X(BAR, 0, "bar", NONE, NULL, OUTPUT, FLAG, bar, "a progress bar on standard error") \
	X(ETA, 0, "eta", NONE, NULL, OUTPUT, FLAG, eta, \
	    "how many are done and how long it will take") \
	X(STATUS, 0, "status", NONE, NULL, OUTPUT, FLAG, status, \
	    "a screen on standard error: what each worker does, totals, the last failures") \
	X(QUIET, 0, "quiet", NONE, NULL, OUTPUT, FLAG, quiet, "no line for each job that failed") \
	\
	X(JOBLOG, 0, "joblog", NEEDED, "FILE", RECORDS, TEXT, joblog, \
	    "a line for each job, as GNU parallel writes them") \
	X(RESUME, 0, "resume", NONE, NULL, RECORDS, FLAG, resume, \
	    "pass over jobs that the joblog has") \
	X(RESUME_FAILED, 0, "resume-failed", NONE, NULL, RECORDS, FLAG, resume_failed, \
	    "but for those that failed") \
	X(RETRY_FAILED, 0, "retry-failed", NONE, NULL, RECORDS, FLAG, retry_failed, \
	    "run only what failed, by the joblog or the journal") \
	X(RESULTS, 0, "results", NEEDED, "DIR", RECORDS, TEXT, results, \
	    "keep each job's output below DIR, or in a .csv .tsv .json .tap") \
	X(RESULTS_JSON, 0, "results-json", NEEDED, "FILE", RECORDS, TEXT, results_json, \
	    "an object for each job, one a line, in FILE") \
	X(JUNIT, 0, "junit", NEEDED, "FILE", RECORDS, TEXT, junit, \
	    "a test report in JUnit's XML, for GitLab, Jenkins and the like") \
	X(TRACE, 0, "trace", NEEDED, "FILE", RECORDS, TEXT, trace_file, \
	    "what ran when on which worker, for Perfetto and chrome://tracing") \
	X(METRICS_FILE, 0, "metrics-file", NEEDED, "FILE", RECORDS, TEXT, metrics_file, \
	    "numbers for Prometheus, brought up to date while jobs run") \
	X(REPORT, 0, "report", NEEDED, "FILE", RECORDS, TEXT, report, \
	    "a page for a browser that shows all of the run, in FILE") \
	X(JOURNAL, 0, "journal", NEEDED, "FILE", RECORDS, TEXT, journal, \
	    "go on where a run that was killed stopped, each job's output once") \
	\
	X(COMPAT, 0, "compat", NEEDED, "NAME", OTHER, OWN, dialect, \
	    "be as xargs or parallel, as when called by that name") \
	X(NUMBER_OF_THREADS, 0, "number-of-threads", NONE, NULL, OTHER, OWN, dialect, \
	    "how many processors may be used: by default so many jobs run") \
	X(NUMBER_OF_CORES, 0, "number-of-cores", NONE, NULL, OTHER, OWN, dialect, \
	    "the cores that these are on, at most") \
	X(NUMBER_OF_SOCKETS, 0, "number-of-sockets", NONE, NULL, OTHER, OWN, dialect, \
	    "and the sockets") \
	X(HELP, 'h', "help", NONE, NULL, OTHER, OWN, dialect, "this text") \
	X(VERSION, 'V', "version", NONE, NULL, OTHER, OWN, dialect, "the version") \
	X(NOTHING, 0, NULL, NONE, NULL, OTHER, OWN, dialect, NULL)

enum option_id {
#define OPTION_ID(id, ...) OPTION_##id,
	OPTIONS(OPTION_ID)
#undef OPTION_ID
	OPTION_COUNT
};

struct option_row {
	int         letter;   /* 0: none */
	const char *name;     /* without the dashes; NULL: none */
	enum option_argument argument;
	const char *argument_name;
	enum option_section section;
	enum option_kind kind;
	size_t      field;    /* offset in struct options */
	const char *help;
};
extern const struct option_row option_table[OPTION_COUNT];

/*
 * Further names of options, "P" or "max-procs"; the last one's name is NULL.  The names of
 * OPTION_NOTHING are accepted and do nothing.
 */
struct option_alias { const char *name; enum option_id id; };
extern const struct option_alias option_aliases[];

/*
 * Options of xargs and GNU parallel that do not exist here, and what to use instead; the last one's
 * name is NULL.
 */
struct option_refusal { const char *name, *why; };
extern const struct option_refusal option_refusals[];

/*
 * What to use instead of an option that xargs, GNU parallel or another program has; NULL: it is
 * none of these.  name as in an alias; the same letter can be another program's in each dialect.
 */
const char *option_refused(const char *name, enum dialect);
/* Whether that letter is an option in that dialect. */
int option_letter_known(enum dialect, int letter);
/* The long name most similar to a mistyped one; NULL: none is similar. */
const char *option_nearest(const char *name);

#endif
