/* SPDX-License-Identifier: BSD-2-Clause */
/* What earlier runs left, what is to be published of that, and the ends of this run's jobs. */
#include "config.h"
#include "tool/journal/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool/base/clock.h"
#include "tool/base/message.h"
#include "tool/journal/command_key.h"
#include "tool/journal/inflight.h"
#include "tool/journal/journal_entry.h"
#include "tool/journal/journal_file.h"
#include "tool/journal/known.h"
#include "tool/journal/rounds.h"

/* The index has the place of every so many-th entry. */
#define INDEX_STEP 1024
/*
 * Syncing takes at most one part in SYNC_SHARE of the run's time, and no end waits longer than
 * SYNC_MAX_NS to go out.
 */
#define SYNC_SHARE  20
#define SYNC_MIN_NS INT64_C(5000000)
#define SYNC_MAX_NS INT64_C(250000000)

struct journal {
	struct journal_file *file;
	char     *surplus;    /* FILE.surplus, for the sinks */
	unsigned  retries;
	int       keep_order;
	struct known_jobs known;
	struct rounds rounds;
	int       begins_round; /* of this run: journal_begin() is to note that */
	uint64_t *index;      /* the places of entries 0, INDEX_STEP, ... */
	size_t    index_room;
	uint64_t  entries;    /* in the journal */
	uint64_t  in_a_row;   /* places from 0 on whose jobs were done when this run began */
	uint64_t  old_entries; /* of earlier runs */
	/* replay */
	uint64_t  want_entry, want_place; /* those before these are out everywhere */
	uint64_t  next_entry, next_at;
	/* syncing */
	uint64_t  unsynced;   /* ends that are not known to be on the disk */
	int64_t   synced_ns, sync_took_ns;
	int       said;       /* an error was told */
};

/* -------------------------------------------------------------------------------- what is known */

static void
entry_known(struct journal *j, uint64_t seq, uint64_t at, const struct journal_brief *brief)
{
	known_done(&j->known, seq, brief);
	if (j->entries % INDEX_STEP == 0) {
		if (j->entries / INDEX_STEP == j->index_room) {
			j->index_room = j->index_room == 0 ? 64 : 2 * j->index_room;
			j->index = reallocarray(j->index, j->index_room, sizeof *j->index);
			if (j->index == NULL)
				fail_memory();
		}
		j->index[j->entries / INDEX_STEP] = at;
	}
	j->entries++;
}

/* From here on jobs that have failed, or were lost with their run, are to be run again.  Whether
   there are any. */
static int
round_begin(struct journal *j)
{
	int any = 0, any_failed = 0;

	for (uint64_t seq = 1; seq <= j->known.count; seq++) {
		struct known *k = &j->known.job[seq - 1];
		if (known_failed(k)) {
			if (!any_failed)
				rounds_begin(&j->rounds, j->entries, j->known.count);
			any_failed = 1;
			rounds_add(&j->rounds, seq);
		} else if (k->done || k->lost == 0) {
			continue;
		}
		known_again(k);
		any = 1;
	}
	return any;
}

/* The first place in the order of the input whose job is not done. */
static uint64_t
first_not_done(const struct journal *j)
{
	uint64_t first = j->known.count + rounds_jobs(&j->rounds);

	for (uint64_t seq = 1; seq <= j->known.count; seq++) {
		uint64_t place = UINT64_MAX;
		if (!j->known.job[seq - 1].done)
			place = rounds_place(&j->rounds, seq, UINT64_MAX);
		first = place < first ? place : first;
	}
	return first;
}

/* An entry of several records counts only if its last record is there. */
static void
read_all(struct journal *j)
{
	struct journal_record record;
	struct journal_brief brief = { 0 };
	struct inflight_note note;
	uint64_t at = 0, seq = 0, word;
	uint32_t part = 0;
	int got;

	for (uint64_t next = 0; (got = journal_file_read(j->file, next, &record)) == 1;
	     next = record.next) {
		if (record.seq == 0 || record.seq > INFLIGHT_SEQ_MAX)
			break;
		if (record.kind == JOURNAL_INFLIGHT) {
			if (record.len != sizeof word || part != 0)
				break;
			memcpy(&word, record.data, sizeof word);
			if (inflight_read(word, &note) != 1 || note.seq != record.seq)
				break;
			known_inflight(&j->known, &note);
			at = record.next;
			continue;
		}
		if (record.kind == JOURNAL_AGAIN) {
			if (part != 0 || record.seq != j->known.count || !round_begin(j))
				break;
			at = record.next;
			continue;
		}
		if (record.part != part || (part > 0 && record.seq != seq))
			break;
		if (part == 0) {
			at = record.at;
			seq = record.seq;
			if (journal_entry_brief(&record, &brief) == -1)
				break;
		}
		part++;
		if (record.kind == JOURNAL_ENTRY) {
			entry_known(j, seq, at, &brief);
			at = record.next;
			part = 0;
		}
	}
	if (got == -1 && errno != 0)
		fail_errno("--journal %s", journal_file_path(j->file));
	journal_file_cut(j->file, at);
	j->old_entries = j->entries;
}

/* Refuses a damaged page, before the file is changed in any way. */
static void
check_page(const struct journal *j)
{
	const uint64_t *page = journal_file_page(j->file);
	struct inflight_note note;

	for (size_t i = 0; i < INFLIGHT_TICKETS; i++)
		if (inflight_read(page[i], &note) == -1)
			fail("--journal %s: damaged at byte %zu, where it has the jobs that have "
			     "begun: name another file, or remove it",
			    journal_file_path(j->file), PAGE_AT + i * sizeof page[i]);
}

/*
 * Turns what the page says of a killed run into records, before this run's jobs use the page.
 * All records are on the disk before the first word of the page is emptied.
 */
static void
take_over_page(struct journal *j)
{
	uint64_t *page = journal_file_page(j->file);
	struct inflight_note note;
	int any = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < INFLIGHT_TICKETS; i++) {
			int is_noted = inflight_read(page[i], &note) == 1;
			if (pass == 1)
				page[i] = 0;
			if (pass == 1 || !is_noted ||
			    (note.seq <= j->known.count && j->known.job[note.seq - 1].done))
				continue;
			known_inflight(&j->known, &note);
			any = 1;
			if (journal_file_add(j->file, JOURNAL_INFLIGHT, note.seq, 0, &page[i],
				sizeof page[i]) == -1)
				fail_errno("--journal %s", journal_file_path(j->file));
		}
		if (pass == 0 && any && journal_file_sync(j->file) == -1)
			fail_errno("--journal %s", journal_file_path(j->file));
	}
	inflight_open(page);
}

struct journal *
journal_open(const struct options *o)
{
	struct bytes text = { 0 };

	if (o->journal == NULL || o->dry_run)
		return NULL;
	if (o->retry_failed && access(o->journal, F_OK) == -1)
		fail_errno("--retry-failed: cannot read the journal %s", o->journal);
	struct journal *j = calloc(1, sizeof *j);
	if (j == NULL)
		fail_memory();
	j->retries = o->retries;
	j->keep_order = o->keep_order;
	j->want_entry = j->want_place = UINT64_MAX;
	uint64_t key = command_key(o, &text);
	j->file = journal_file_open(o->journal, key, text.at);
	bytes_clear(&text);
	bytes_printf(&text, "%s.surplus", o->journal);
	j->surplus = text.at;
	check_page(j);
	read_all(j);
	take_over_page(j);
	if (o->resume_failed || o->retry_failed)
		j->begins_round = round_begin(j);
	j->in_a_row = first_not_done(j);
	return j;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->unsynced > 0)
		(void)journal_sync(j);
	inflight_open(NULL);
	journal_file_close(j->file);
	free(j->surplus);
	known_free(&j->known);
	rounds_free(&j->rounds);
	free(j->index);
	free(j);
}

int
journal_descriptor(const struct journal *j)
{
	return j != NULL ? journal_file_descriptor(j->file) : -1;
}

int
journal_is_new(const struct journal *j)
{
	return j->known.count == 0;
}

/* ---------------------------------------------------------------------------------------- sinks */

static const char *const sink_name[] = {
	[JOURNAL_OUT] = "standard output",
	[JOURNAL_ERR] = "standard error",
	[JOURNAL_JOBLOG] = "the joblog",
	[JOURNAL_RESULTS_JSON] = "the file of --results-json",
	[JOURNAL_RESULTS] = "the directory of --results",
};
_Static_assert(sizeof sink_name / sizeof sink_name[0] == JOURNAL_SINKS,
    "each sink has a checkpoint");

static int
is_by_seq(const struct journal *j, enum journal_sink which)
{
	return j->keep_order && (which == JOURNAL_OUT || which == JOURNAL_ERR);
}

void
journal_attach(struct journal *j, enum journal_sink which, struct sink *s, int fd, int shared)
{
	int by_seq = is_by_seq(j, which);
	uint64_t *want = by_seq ? &j->want_place : &j->want_entry;

	sink_attach(s, journal_file_checkpoint(j->file, which), fd, shared || which == JOURNAL_ERR,
	    by_seq ? j->in_a_row : j->old_entries, sink_name[which], j->surplus);
	if (s->count < *want)
		*want = s->count;
}

uint64_t
journal_place(const struct journal *j, uint64_t seq, uint64_t entry)
{
	return rounds_place(&j->rounds, seq, entry);
}

uint64_t
journal_number(const struct journal *j, enum journal_sink which, const struct task *task)
{
	return is_by_seq(j, which) ? journal_place(j, task->seq, task->entry) : task->entry;
}

uint64_t
journal_first_place(const struct journal *j)
{
	return j->want_place == UINT64_MAX ? 0 : j->want_place;
}

void
journal_replay_all(struct journal *j)
{
	j->want_entry = 0;
	if (j->keep_order)
		j->want_place = 0;
}

int
journal_replay(struct journal *j, struct task **task, struct outcome *outcome,
    struct output_buffer *out, struct output_buffer *err)
{
	struct journal_record record;

	/* Begin at the last indexed entry before the first one that a sink wants. */
	if (j->next_entry == 0 && j->want_place == UINT64_MAX)
		j->next_entry = j->want_entry >= j->old_entries ?
		    j->old_entries : j->want_entry / INDEX_STEP * INDEX_STEP;
	if (j->next_at == 0 && j->next_entry < j->old_entries)
		j->next_at = j->index[j->next_entry / INDEX_STEP];
	while (j->next_entry < j->old_entries) {
		uint64_t number = j->next_entry;
		errno = 0;
		if (journal_file_read(j->file, j->next_at, &record) != 1)
			break;
		int is_entry = record.kind == JOURNAL_ENTRY || record.kind == JOURNAL_PART;
		if (is_entry &&
		    (number >= j->want_entry ||
			journal_place(j, record.seq, number) >= j->want_place)) {
			if (journal_entry_read(j->file, &j->next_at, task, outcome, out, err) == -1)
				break;
			(*task)->entry = number;
			j->next_entry++;
			return 1;
		}
		j->next_entry += record.kind == JOURNAL_ENTRY;
		j->next_at = record.next;
	}
	if (j->next_entry == j->old_entries)
		return 0;
	errno = errno != 0 ? errno : EIO;
	message_errno("--journal %s: cannot be read back", journal_file_path(j->file));
	j->next_entry = j->old_entries;
	return -1;
}

/* ---------------------------------------------------------------------------------------- tasks */

enum journal_state
journal_check(struct journal *j, struct task *task, struct outcome *outcome)
{
	if (task->seq > j->known.count)
		return JOURNAL_TO_RUN;
	const struct known *k = &j->known.job[task->seq - 1];
	if (!known_is(k, task->hash)) {
		message("--journal %s: job %" PRIu64
			" was another one when it was begun: the input has changed",
		    journal_file_path(j->file), task->seq);
		return JOURNAL_CHANGED;
	}
	if (!k->done && k->lost == 0)
		return JOURNAL_TO_RUN;
	task->attempts = k->lost;
	*outcome = (struct outcome){ .verdict = VERDICT_UNKNOWN,
		.exit_code = -1,
		.attempt = k->lost,
		.user_ns = -1,
		.system_ns = -1,
		.max_rss = -1,
		.message = "" };
	if (!k->done) {
		int tries_left = k->lost < j->retries && k->lost < INFLIGHT_ATTEMPT_MAX;
		return tries_left ? JOURNAL_TO_RUN : JOURNAL_UNKNOWN;
	}
	outcome->verdict = (enum verdict)k->verdict;
	outcome->exit_code = k->exit_code;
	outcome->signal = k->signal;
	return JOURNAL_DONE;
}

uint64_t
journal_known(const struct journal *j)
{
	return j != NULL ? j->known.count : 0;
}

void
journal_input_ended(const struct journal *j, uint64_t last_seq)
{
	message("--journal %s: the input ends at job %" PRIu64 ", and had %" PRIu64
		" or more: it has changed",
	    journal_file_path(j->file), last_seq, j->known.count);
}

/* Only the first error is told: later ones follow from it. */
static int
say(struct journal *j)
{
	if (!j->said)
		message_errno("--journal %s", journal_file_path(j->file));
	j->said = 1;
	return -1;
}

int
journal_begin(struct journal *j)
{
	if (!j->begins_round)
		return 0;
	j->begins_round = 0;
	if (journal_file_add(j->file, JOURNAL_AGAIN, j->known.count, 0, "", 0) == -1 ||
	    journal_file_sync(j->file) == -1)
		return say(j);
	return 0;
}

int
journal_done(struct journal *j, struct task *task, const struct outcome *outcome,
    const struct output_buffer *out, const struct output_buffer *err)
{
	if (journal_entry_write(j->file, task, outcome, out, err) == -1)
		return say(j);
	task->entry = j->entries++;
	inflight_ended(task);
	j->unsynced++;
	return 0;
}

void
journal_not_done(struct journal *j, struct task *task)
{
	(void)j;
	inflight_clear(task);
}

int
journal_flush(struct journal *j)
{
	if (journal_file_flush(j->file) == -1)
		return say(j);
	inflight_written();
	return 0;
}

int
journal_sync(struct journal *j)
{
	int64_t from = clock_ns(CLOCK_MONOTONIC);

	if (j->unsynced == 0)
		return 0;
	int done = journal_file_sync(j->file);
	if (done == -1)
		(void)say(j);
	j->synced_ns = clock_ns(CLOCK_MONOTONIC);
	j->sync_took_ns = done == 0 ? j->synced_ns - from : SYNC_MAX_NS;
	if (done == -1)
		return -1;
	inflight_written();
	j->unsynced = 0;
	return 0;
}

int
journal_timeout(const struct journal *j)
{
	if (j->unsynced == 0)
		return -1;
	int64_t pause = j->sync_took_ns * SYNC_SHARE;
	pause = pause < SYNC_MIN_NS ? SYNC_MIN_NS : pause > SYNC_MAX_NS ? SYNC_MAX_NS : pause;
	return clock_poll_ms(j->synced_ns + pause - clock_ns(CLOCK_MONOTONIC));
}
