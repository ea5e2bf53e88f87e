/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options - the values of all options, read from the command line and checked.
 *
 * An error ends the tool before any job has run: with one line that names the word and says what
 * would be right, and with status 1, or the one of the dialect.  Texts point into argv, which must
 * last.
 *
 * How to add an option: see option_table.h.
 */
#ifndef FORKPOOL_TOOL_OPTIONS_H
#define FORKPOOL_TOOL_OPTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Which command the tool acts as: splitting, defaults, exit statuses, name in messages. */
enum dialect { DIALECT_NATIVE = 0, DIALECT_XARGS, DIALECT_PARALLEL };

/* One source of items, in the order given. */
struct source_option {
	enum {
		SOURCE_WORDS, /* ::: word... */
		SOURCE_FILE,  /* :::: file... or -a file ("-": standard input) */
	} kind;
	int    linked;  /* :::+ ::::+ : advances together with the source before it */
	char  *file;
	char **words;   /* count of them */
	size_t count;
};

enum grouping {
	GROUP_JOB = 0,  /* a job's whole output when the job has ended */
	GROUP_LINES,    /* --lb: each line as soon as it is complete */
	GROUP_NONE,     /* -u: jobs write to our descriptors themselves */
};

/* How several items get into one job. */
enum packing {
	PACK_ONE = 0,   /* max_items each (-n, -N); one by default */
	PACK_LINES,     /* -L: max_lines lines each */
	PACK_FULL,      /* -m, and xargs: as many as fit; -m shares them among workers */
	PACK_CONTEXT,   /* -X: the same, and the word around {} is repeated for each */
};

/* --group-markers: the service whose log folds what stands between them. */
enum group_markers { MARKERS_NONE = 0, MARKERS_GITHUB, MARKERS_GITLAB };

enum halt_when { HALT_NEVER = 0, HALT_SOON, HALT_NOW };
enum halt_what { HALT_FAIL, HALT_SUCCESS, HALT_DONE };

struct halt_option {
	enum halt_when when;
	enum halt_what what;
	unsigned       count;   /* so many jobs; or */
	double         percent; /* this share of all jobs, > 0 where it counts */
};

/* How --jobserver hands out tokens. */
enum jobserver_style { JOBSERVER_AUTO = 0, JOBSERVER_PIPE, JOBSERVER_FIFO };

struct options {
	enum dialect dialect;

	/* what runs */
	/* NULL-terminated template; empty: the items are commands (parallel), or echo (xargs) */
	char  **command;
	size_t  command_count;
	int     shell;            /* --shell (parallel: always): command is one text for sh -c */
	char   *plugin_file;      /* --plugin FILE:function[,function...] */
	char   *plugin_functions;
	char   *plugin_args;      /* for forkpool_plugin_init() */

	/* items */
	struct source_option *sources; /* none: standard input */
	size_t  source_count;
	int     separator;        /* a byte; default '\n' */
	int     xargs_quoting;    /* blanks and quotes separate, as xargs without -0 and -d */
	int     link;             /* --link: all sources go together, recycled */
	char   *colsep;           /* a POSIX extended expression, already checked; NULL: none */
	int     header;           /* --header : the first line names the columns */
	char   *end_of_input;     /* -E */
	int     no_run_if_empty;  /* -r */
	int     pipe;             /* --pipe: each job reads a block of standard input */
	int64_t block;            /* bytes of a block */

	/* items into jobs */
	enum packing packing;
	int     repeat_word;      /* -X -N -L: repeat the word around {}; else {} is all items */
	int     insert_nothing;   /* -n 0, -N 0: an item makes a job, but is not part of it */
	size_t  max_items;        /* -n -N; 0: no cap (PACK_ONE: 1 by default) */
	size_t  max_lines;        /* -L */
	int64_t max_chars;        /* -s; 0: the system's */
	int     exit_if_too_long; /* -x */
	char   *replace;          /* -I: in place of {} */
	int     plus;             /* --plus: more placeholders */
	int     replace_given;

	/* workers and when to start */
	unsigned workers;
	int      workers_given;   /* -j */
	int      jobserver;       /* --jobserver */
	enum jobserver_style jobserver_style;
	int64_t  delay_ns;
	double   load;            /* --load: start no job above it; 0: any */
	int64_t  memfree;
	char    *limit;           /* --limit: a command that says whether a job may begin */
	int      nice;            /* added to the niceness */
	int      nice_given;
	char    *slot_variable;   /* --process-slot-var */
	char    *directory;       /* --wd */
	char    *temporary;       /* --tmpdir; NULL: TMPDIR, or /tmp */
	char   **environment;     /* --env: NAME or NAME=VALUE each; NULL-terminated, or NULL */
	char    *stdin_from;      /* --stdin-from: a template */
	int      interactive;     /* -p */
	int      trace;           /* -t */
	int      explain;
	int      dry_run;         /* writes no file; joblog is set only where --resume reads it */

	/* each job */
	int64_t  timeout_ns;      /* 0: none */
	double   timeout_percent; /* --timeout N%: of the median run time; 0: not given */
	int64_t  grace_ns;        /* SIGTERM to SIGKILL: --term-seq, --grace; 0: default */
	unsigned retries;         /* how often a job runs at most; 1 by default */
	int64_t  retry_delay_ns;  /* before the second run; twice that before the third */
	int64_t  memory, stack, cpu_ns, file_size, open_files, processes; /* 0: no limit */
	int      sandbox;
	char   **readable, **writable; /* --readable, --writable; NULL-terminated */
	int      network;              /* --network: enum forkpool_network */
	int64_t  scratch;              /* --scratch; 0: the default */
	int      host_root;            /* --host-root */
	uid_t    uid;                  /* --uid; 0: not given, nor is gid then */
	gid_t    gid;

	/* output */
	enum grouping grouping;
	enum group_markers group_markers;
	int      keep_order;
	int      tag;             /* --tag: the items and a tab before each line */
	char    *tag_string;      /* --tagstring: this template instead */

	/* after jobs */
	struct halt_option halt;
	char    *joblog;
	int      resume;          /* --resume */
	int      resume_failed;
	int      retry_failed;
	char    *results;         /* --results */
	char    *results_json;    /* --results-json FILE */
	char    *junit;           /* --junit FILE */
	char    *trace_file;      /* --trace FILE */
	char    *metrics_file;    /* --metrics-file FILE */
	char    *report;          /* --report FILE */
	int      json;            /* --json */
	char    *journal;
	int      bar, eta, status;
	int      quiet;           /* no line for each failed job */
};

/* The name in argv[0] may choose the dialect.  Exits after --help and --version. */
void options_read(struct options *, int argc, char **argv);
void options_free(struct options *);

#endif
