/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that are no options here, and what to use instead: of GNU parallel, xargs and others. */
#include "config.h"
#include "tool/cli/option_table.h"

#include <string.h>

static const char no_remote[] = "jobs run on this machine only";
static const char no_perl[] = "there is no Perl here; let the command itself change the item";
static const char no_split[] = "--pipe cuts into blocks of whole lines, or of what -0 or -d ends";
static const char no_spread[] =
    "each block is a job of its own, in the order of the input: divide the input before";
static const char no_semaphore[] = "it is no semaphore: use flock(1)";
static const char no_profile[] = "there are no profiles: use an alias or a script";
static const char no_terminal[] = "jobs have no terminal";
static const char no_database[] = "use --joblog or --results-json";
static const char no_names[] = "{.} {/} {//} {/.} {#} {%} are what they are; -I changes {}";
static const char no_color[] = "output stays as it is";
static const char no_compression[] = "output that waits is kept as it is: leave it out";
static const char is_counted[] = "-j N is jobs; N% is a share of the processors that may be used";
static const char is_counted_anyway[] = "--bar, --eta and --status count the jobs themselves";
static const char is_on_stdin[] =
    "a block is the job's standard input: where a file is needed give the command /dev/stdin";
static const char has_environment[] = "a job has the whole environment, so leave it out";
static const char is_script[] = "use an ordinary script that runs the command";
static const char is_limit[] = "the limit is the system's: getconf ARG_MAX";

const struct option_refusal option_refusals[] = {
	{ "S", no_remote },
	{ "sshlogin", no_remote },
	{ "sshloginfile", no_remote },
	{ "slf", no_remote },
	{ "ssh", no_remote },
	{ "ssh-delay", no_remote },
	{ "rsync-opts", no_remote },
	{ "transfer", no_remote },
	{ "transferfile", no_remote },
	{ "tf", no_remote },
	{ "return", no_remote },
	{ "trc", no_remote },
	{ "cleanup", no_remote },
	{ "basefile", no_remote },
	{ "bf", no_remote },
	{ "onall", no_remote },
	{ "nonall", no_remote },
	{ "controlmaster", no_remote },
	{ "M", no_remote },
	{ "filter-hosts", no_remote },
	{ "hostgroups", no_remote },
	{ "hgrp", no_remote },
	{ "record-env", has_environment },
	{ "session", has_environment },
	{ "rpl", no_perl },
	{ "parens", no_perl },
	{ "filter", "there is no Perl here; leave items out of the input, such as by grep(1)" },
	{ "extensionreplace", no_names },
	{ "er", no_names },
	{ "basenamereplace", no_names },
	{ "bnr", no_names },
	{ "dirnamereplace", no_names },
	{ "dnr", no_names },
	{ "basenameextensionreplace", no_names },
	{ "bner", no_names },
	{ "seqreplace", no_names },
	{ "slotreplace", no_names },
	{ "template", "let the command make the file, such as by sed(1)" },
	{ "tmpl", "let the command make the file, such as by sed(1)" },
	{ "pipe-part", "use --pipe <FILE" },
	{ "recstart", no_split },
	{ "recend", no_split },
	{ "regexp", no_split },
	{ "remove-rec-sep", "what ends a record stays in the block" },
	{ "rrs", "what ends a record stays in the block" },
	{ "round-robin", no_spread },
	{ "round", no_spread },
	{ "shard", no_spread },
	{ "bin", no_spread },
	{ "group-by", no_spread },
	{ "tee", "use --stdin-from FILE, which each job reads from its beginning" },
	{ "cat", is_on_stdin },
	{ "fifo", is_on_stdin },
	{ "block-timeout", "a block is given to a job when it is full or the input ends" },
	{ "bt", "a block is given to a job when it is full or the input ends" },
	{ "semaphore", no_semaphore },
	{ "semaphore-name", no_semaphore },
	{ "id", no_semaphore },
	{ "semaphore-timeout", no_semaphore },
	{ "st", no_semaphore },
	{ "fg", no_semaphore },
	{ "bg", no_semaphore },
	{ "wait", no_semaphore },
	{ "xargs", "use -m or -X, or --compat=xargs" },
	{ "csv", "use --colsep , where no column has a comma or a quote in it" },
	{ "shuf", "use shuf(1) on the input" },
	{ "arg-sep", "it is :::" },
	{ "arg-file-sep", "it is ::::" },
	{ "output-as-files", "use --results DIR" },
	{ "files", "use --results DIR" },
	{ "compress", no_compression },
	{ "compress-program", no_compression },
	{ "decompress-program", no_compression },
	{ "tmux", "use --status, or --lb --tag" },
	{ "tmux-pane", "use --status, or --lb --tag" },
	{ "latest-line", "use --status, or --lb --tag" },
	{ "ll", "use --status, or --lb --tag" },
	{ "color", no_color },
	{ "color-failed", no_color },
	{ "cf", no_color },
	{ "ctag", "use --tag" },
	{ "ctagstring", "use --tagstring TEXT" },
	{ "no-keep-order", "leave out -k, which nothing else sets" },
	{ "total-jobs", is_counted_anyway },
	{ "total", is_counted_anyway },
	{ "noswap", "use --memfree SIZE" },
	{ "memsuspend", "use --memfree SIZE, which starts no job while less is free" },
	{ "use-sockets-instead-of-threads", is_counted },
	{ "use-cores-instead-of-threads", is_counted },
	{ "use-cpus-instead-of-cores", is_counted },
	{ "profile", no_profile },
	{ "J", no_profile },
	{ "shebang", is_script },
	{ "hashbang", is_script },
	{ "shebang-wrap", is_script },
	{ "embed", is_script },
	{ "shell-completion", "completions for bash, zsh and fish are installed with it" },
	{ "skip-first-line", "use tail -n +2 on the input" },
	{ "trim", "use sed(1) on the input" },
	{ "sql", no_database },
	{ "sql-master", no_database },
	{ "sql-worker", no_database },
	{ "sql-and-worker", no_database },
	{ "shell-quote", "use --dry-run, which prints commands with their items quoted" },
	{ "v", "use -t" },
	{ "minversion", "it has no version of GNU parallel: see --version" },
	{ "open-tty", no_terminal },
	{ "o", no_terminal },
	{ "tty", no_terminal },
	{ "show-limits", is_limit },
	{ "max-line-length-allowed", is_limit },
	{ NULL, NULL },
};

static const char use_jobs[] = "use -j N";
static const char use_halt[] = "use --halt now,fail=1";
static const char use_output[] = "use --results DIR to keep each job's output, or > FILE for all";
static const char use_lines[] = "use --lb, or -u";
static const char use_resume[] = "use --joblog FILE --resume, or --journal FILE";
static const char use_retries[] = "use --retries N";
static const char use_order[] = "use -k";
static const char use_items[] = "use -a FILE for items, or <FILE";
static const char use_separators[] = "use -d C for what ends an item, -C REGEX between columns";
static const char use_directory[] = "use --wd DIR";
static const char use_batch[] = "use -n N for so many items in each job; --pipe has --block SIZE";
static const char use_repeat[] = "use seq N | forkpool -n0 command";
static const char use_memory[] = "use --mem SIZE";
static const char use_trace[] = "use -t";
static const char use_delay[] = "use --delay TIME between starts";
static const char use_dry_run[] = "use --dry-run";
static const char goes_on[] = "the other jobs go on anyway, unless --halt is given";

/* What people try first who come from make, ninja, cargo, pytest, rush, pueue and the like. */
static const struct option_refusal words[] = {
	{ "log", "use --joblog FILE" },
	{ "logfile", "use --joblog FILE" },
	{ "output", use_output },
	{ "output-dir", use_output },
	{ "outdir", use_output },
	{ "json-file", "use --results-json FILE" },
	{ "json-output", "use --json, or --results-json FILE" },
	{ "junit-xml", "use --junit FILE" },
	{ "junitxml", "use --junit FILE" },
	{ "tap", "use --results FILE.tap" },
	{ "max-jobs", use_jobs },
	{ "threads", use_jobs },
	{ "num-threads", use_jobs },
	{ "workers", use_jobs },
	{ "procs", use_jobs },
	{ "processes", use_jobs },
	{ "nproc", use_jobs },
	{ "concurrency", use_jobs },
	{ "parallel", use_jobs },
	{ "fail-fast", use_halt },
	{ "stop-on-error", use_halt },
	{ "exit-on-error", use_halt },
	{ "abort-on-error", use_halt },
	{ "exitfirst", use_halt },
	{ "bail", use_halt },
	{ "maxfail", "use --halt soon,fail=N" },
	{ "max-failures", "use --halt soon,fail=N" },
	{ "keep-going", goes_on },
	{ "no-fail-fast", goes_on },
	{ "ignore-errors", goes_on },
	{ "continue-on-error", goes_on },
	{ "continue", use_resume },
	{ "retry", "use --retries N, or --retry-failed for what failed in an earlier run" },
	{ "rerun-failed", "use --joblog FILE --retry-failed" },
	{ "max-retries", use_retries },
	{ "attempts", use_retries },
	{ "ordered", use_order },
	{ "order", use_order },
	{ "stream", use_lines },
	{ "no-group", use_lines },
	{ "immediate-output", use_lines },
	{ "prefix", "use --tag, or --tagstring TEXT" },
	{ "input", use_items },
	{ "infile", use_items },
	{ "file", use_items },
	{ "separator", use_separators },
	{ "field-separator", use_separators },
	{ "zero", "use -0" },
	{ "print0", "use -0" },
	{ "read0", "use -0" },
	{ "cwd", use_directory },
	{ "chdir", use_directory },
	{ "directory", use_directory },
	{ "batch", use_batch },
	{ "batch-size", use_batch },
	{ "chunk-size", use_batch },
	{ "repeat", use_repeat },
	{ "count", use_repeat },
	{ "memory", use_memory },
	{ "max-memory", use_memory },
	{ "mem-limit", use_memory },
	{ "echo", use_trace },
	{ "print-commands", use_trace },
	{ "debug", use_trace },
	{ "sleep", use_delay },
	{ "interval", use_delay },
	{ "just-print", use_dry_run },
	{ "kill-after", "use --grace TIME" },
	{ "signal", "use --term-seq SEQ" },
	{ "max-load", "use --load N" },
	{ "load-average", "use --load N" },
	{ "niceness", "use --nice N" },
	{ "progress-bar", "use --bar" },
	{ "user", "use --uid USER, with --sandbox" },
	{ "bash", "use bash -c 'TEXT' bash as the command; TEXT has the item in \"$1\"" },
	{ "config", "no file of settings is read" },
	{ NULL, NULL },
};

/* Of the xargs of BSD systems; some of these letters are of GNU parallel too. */
static const struct option_refusal of_bsd_xargs[] = {
	{ "J", "use forkpool -m, which puts the items where {} stands as a word" },
	{ "R", "-I replaces in all words of the command: leave it out" },
	{ "S", "what -I makes of a word may be as long as a word can be: leave it out" },
	{ NULL, NULL },
};

/* GNU parallel has most of its names with and without dashes between the words. */
static int
is_same_name(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "-");
		b += strspn(b, "-");
		if (*a != *b)
			return 0;
		if (*a == '\0')
			return 1;
	}
}

const char *
option_refused(const char *name, enum dialect dialect)
{
	static const struct option_refusal *const lists[] = {
		of_bsd_xargs, option_refusals, words
	};

	for (size_t i = dialect == DIALECT_XARGS ? 0 : 1; i < sizeof lists / sizeof lists[0]; i++)
		for (const struct option_refusal *r = lists[i]; r->name != NULL; r++)
			if (is_same_name(r->name, name))
				return r->why;
	return NULL;
}
