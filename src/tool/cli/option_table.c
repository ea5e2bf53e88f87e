/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options, their further names, and the options that are refused. */
#include "config.h"
#include "tool/cli/option_table.h"

#include <string.h>

const struct option_row option_table[OPTION_COUNT] = {
#define OPTION_ROW(id, short_, long_, argument_, argument_name_, section_, kind_, field_, help_) \
	[OPTION_##id] = { \
		.letter = short_, \
		.name = long_, \
		.argument = ARGUMENT_##argument_, \
		.argument_name = argument_name_, \
		.section = SECTION_##section_, \
		.kind = KIND_##kind_, \
		.field = offsetof(struct options, field_), \
		.help = help_, \
	},
	OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

const struct option_alias option_aliases[] = {
	{ "P", OPTION_JOBS },
	{ "max-procs", OPTION_JOBS },
	{ "argfile", OPTION_ARG_FILE },
	{ "col-sep", OPTION_COLSEP },
	{ "block-size", OPTION_BLOCK },
	{ "maxargs", OPTION_MAX_ARGS },
	{ "workdir", OPTION_WD },
	{ "work-dir", OPTION_WD },
	{ "halt-on-error", OPTION_HALT },
	{ "dryrun", OPTION_DRY_RUN },
	{ "termseq", OPTION_TERM_SEQ },
	{ "lb", OPTION_LINE_BUFFER },
	{ "linebuffer", OPTION_LINE_BUFFER },
	{ "line-buffered", OPTION_LINE_BUFFER },
	{ "keeporder", OPTION_KEEP_ORDER },
	{ "tag-string", OPTION_TAG_STRING },
	{ "resumefailed", OPTION_RESUME_FAILED },
	{ "retryfailed", OPTION_RETRY_FAILED },
	{ "result", OPTION_RESULTS },
	{ "res", OPTION_RESULTS },
	{ "will-cite", OPTION_NOTHING },
	{ "gnu", OPTION_NOTHING },
	{ "plain", OPTION_NOTHING },
	{ "silent", OPTION_NOTHING },
	{ "no-notice", OPTION_NOTHING },
	{ NULL, OPTION_COUNT },
};

/* The letters of each dialect; a letter means the same in all. */
static const char *const letters[] = {
	[DIALECT_NATIVE] = "0aCdEehIijkLlmNnPprstuVXx",
	[DIALECT_XARGS] = "0adEehIiLlnPprstVx",
	[DIALECT_PARALLEL] = "0aCdEehIijkLlmNnPpqrstuVXx",
};

static const char no_remote[] = "jobs run on this machine only";
static const char no_perl[] = "there is no Perl in replacement strings";
static const char no_split[] = "--pipe cuts into blocks of whole lines and nothing else";
static const char no_semaphore[] = "it is no semaphore";

static const struct {
	const char *name, *why;
} refused[] = {
	{ "S", no_remote },
	{ "sshlogin", no_remote },
	{ "sshloginfile", no_remote },
	{ "slf", no_remote },
	{ "ssh", no_remote },
	{ "transferfile", no_remote },
	{ "transfer", no_remote },
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
	{ "record-env", "a job has the whole environment, so leave it out" },
	{ "rpl", no_perl },
	{ "parens", no_perl },
	{ "filter", no_perl },
	{ "plus", "{+/} and the like are not known" },
	{ "pipe-part", "use --pipe" },
	{ "pipepart", "use --pipe" },
	{ "recstart", no_split },
	{ "recend", no_split },
	{ "regexp", no_split },
	{ "round-robin", no_split },
	{ "roundrobin", no_split },
	{ "shard", no_split },
	{ "bin", no_split },
	{ "group-by", no_split },
	{ "tee", no_split },
	{ "cat", no_split },
	{ "fifo", no_split },
	{ "rrs", no_split },
	{ "semaphore", no_semaphore },
	{ "fg", no_semaphore },
	{ "bg", no_semaphore },
	{ "wait", no_semaphore },
	{ "link", "use :::+ or ::::+" },
	{ "xapply", "use :::+ or ::::+" },
	{ "xargs", "use -m or -X, or --compat=xargs" },
	{ "csv", "use --colsep" },
	{ "shuf", "use shuf(1) on the input" },
	{ "arg-sep", "it is :::" },
	{ "arg-file-sep", "it is ::::" },
	{ "progress", "use --bar, --eta or --status" },
	{ "files", "use --results" },
	{ "compress", "use --results and compress what is there" },
	{ "tmux", "use --lb --tag" },
	{ "latest-line", "use --lb --tag" },
	{ "ll", "use --lb --tag" },
	{ "color", "output stays as it is" },
	{ "ctag", "use --tag" },
	{ "ctagstring", "use --tagstring" },
	{ "limit", "use --load or --memfree" },
	{ "noswap", "use --memfree" },
	{ "memsuspend", "use --memfree" },
	{ "profile", "there are no profiles" },
	{ "J", "there are no profiles" },
	{ "shebang", "use an ordinary script" },
	{ "hashbang", "use an ordinary script" },
	{ "skip-first-line", "use tail -n +2 on the input" },
	{ "trim", "use sed(1) on the input" },
	{ "sqlmaster", "use --joblog or --results-json" },
	{ "sqlworker", "use --joblog or --results-json" },
	{ "tmpdir", "set TMPDIR" },
	{ "shellquote", "use --dry-run" },
	{ "v", "use -t" },
	{ "open-tty", "jobs have no terminal" },
	{ "o", "jobs have no terminal" },
	{ "tty", "jobs have no terminal" },
	{ "show-limits", "the limit is the system's: getconf ARG_MAX" },
	{ "max-line-length-allowed", "the limit is the system's: getconf ARG_MAX" },
	{ "number-of-cores", "use nproc(1)" },
	{ "number-of-cpus", "use nproc(1)" },
	{ "number-of-threads", "use nproc(1)" },
};

const char *
option_refused(const char *name)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (strcmp(refused[i].name, name) == 0)
			return refused[i].why;
	return NULL;
}

int
option_letter_known(enum dialect dialect, int letter)
{
	return letter != 0 && strchr(letters[dialect], letter) != NULL;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Letters to insert, delete, change, or swap with the next one, to make b of a. */
static size_t
distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	size_t a_len = strlen(a), b_len = strlen(b);
	size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2];

	if (a_len > LONGEST || b_len > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(last[j] + 1, row[j - 1] + 1,
			    last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[b_len];
}

const char *
option_nearest(const char *name)
{
	const char *nearest = NULL;
	size_t near = strlen(name) / 3 + 1; /* a larger distance means another word */

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].name == NULL)
			continue;
		size_t d = distance(name, option_table[i].name);
		if (d < near || (d == near && nearest == NULL)) {
			near = d;
			nearest = option_table[i].name;
		}
	}
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++) {
		size_t d = distance(name, alias->name);
		if (d < near && alias->name[1] != '\0' && alias->id != OPTION_NOTHING) {
			near = d;
			nearest = alias->name;
		}
	}
	return nearest;
}
