/* SPDX-License-Identifier: BSD-2-Clause */
/* A job's end to records of the journal and back. */
#include "config.h"
#include "tool/journal/journal_entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An entry's beginning.  The texts whose lengths are in it follow, one behind the other. */
struct entry_head {
	uint64_t hash;
	int32_t  verdict, exit_code, signal, core;
	uint32_t slot, attempt;
	int64_t  start_ns, run_ns, user_ns, system_ns, max_rss;
	uint64_t sent, received;
	uint64_t block_len, item_count, columns, word_count, attempts;
	uint64_t items_len, words_len, slot_count, tag_len, limit_len, message_len;
	uint64_t out_len, err_len;
};

/* -------------------------------------------------------------------------------------- writing */

/* Bytes become records as they come.  The last record waits until the entry is known to end. */
struct writer {
	struct journal_file *file;
	uint64_t seq;
	uint32_t part;
	struct bytes piece;
	int      error;
};

static struct bytes spare; /* memory for the next writer's piece */

static void
put(struct writer *w, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0 && w->error == 0) {
		size_t room = JOURNAL_PIECE_MAX - w->piece.len;
		if (room == 0) {
			if (journal_file_add(w->file, JOURNAL_PART, w->seq, w->part++, w->piece.at,
				(uint32_t)w->piece.len) == -1)
				w->error = errno;
			bytes_clear(&w->piece);
			continue;
		}
		size_t n = len < room ? len : room;
		bytes_add(&w->piece, at, n);
		at += n;
		len -= n;
	}
}

static void
put_output(struct writer *w, const struct output_buffer *stored)
{
	char buffer[16384];

	for (uint64_t at = 0; stored != NULL && at < stored->len && w->error == 0;) {
		ssize_t n = output_buffer_read(stored, at, buffer, sizeof buffer);
		if (n <= 0) {
			w->error = n == 0 ? EIO : errno;
			return;
		}
		put(w, buffer, (size_t)n);
		at += (uint64_t)n;
	}
}

int
journal_entry_write(struct journal_file *file, const struct task *task, const struct outcome *e,
    const struct output_buffer *out, const struct output_buffer *err)
{
	const char *limit = e->limit != NULL ? e->limit : "";
	const char *text = e->message != NULL ? e->message : "";
	struct writer w = { .file = file, .seq = task->seq, .piece = spare };
	uint64_t end = journal_file_end(file);
	const struct entry_head head = {
		.hash = task->hash,
		.verdict = (int32_t)e->verdict,
		.exit_code = e->exit_code,
		.signal = e->signal,
		.core = e->core,
		.slot = e->slot,
		.attempt = e->attempt,
		.start_ns = e->start_ns,
		.run_ns = e->run_ns,
		.user_ns = e->user_ns,
		.system_ns = e->system_ns,
		.max_rss = e->max_rss,
		.sent = e->sent,
		.received = e->received,
		.block_len = task->block_len,
		.item_count = task->item_count,
		.columns = task->columns,
		.word_count = task->word_count,
		.attempts = task->attempts,
		.items_len = task->items.len,
		.words_len = task->words.len,
		.slot_count = task->slot_count,
		.tag_len = task->tag.len,
		.limit_len = strlen(limit),
		.message_len = strlen(text),
		.out_len = out != NULL ? out->len : 0,
		.err_len = err != NULL ? err->len : 0,
	};

	put(&w, &head, sizeof head);
	put(&w, task->items.at, task->items.len);
	put(&w, task->words.at, task->words.len);
	put(&w, task->slot_at, task->slot_count * sizeof *task->slot_at);
	put(&w, task->tag.at, task->tag.len);
	put(&w, limit, strlen(limit));
	put(&w, text, strlen(text));
	put_output(&w, out);
	put_output(&w, err);
	if (w.error == 0 &&
	    journal_file_add(file, JOURNAL_ENTRY, task->seq, w.part, w.piece.at,
		(uint32_t)w.piece.len) == -1)
		w.error = errno;
	spare = w.piece;
	bytes_clear(&spare);
	if (w.error == 0)
		return 0;
	(void)journal_file_take_back(file, end);
	errno = w.error;
	return -1;
}

/* -------------------------------------------------------------------------------------- reading */

/* Reads an entry's bytes from record to record. */
struct cursor {
	struct journal_file  *file;
	struct journal_record record;
	uint32_t used;  /* of the record's data */
	int      error;
};

static int
next_record(struct cursor *c)
{
	uint64_t seq = c->record.seq;
	uint32_t part = c->record.part;
	int got = 0;

	if (c->record.kind == JOURNAL_PART)
		got = journal_file_read(c->file, c->record.next, &c->record);
	c->used = 0;
	if (got == 1 && c->record.seq == seq && c->record.part == part + 1)
		return 1;
	c->error = got == -1 && errno != 0 ? errno : EIO;
	return 0;
}

/* Points data at the next bytes, at most len of them; 0: there are none (c->error). */
static size_t
get_some(struct cursor *c, const char **data, uint64_t len)
{
	while (c->error == 0 && c->used == c->record.len)
		if (!next_record(c))
			return 0;
	if (c->error != 0)
		return 0;
	size_t there = c->record.len - c->used, n = len < there ? (size_t)len : there;
	*data = c->record.data + c->used;
	c->used += (uint32_t)n;
	return n;
}

static void
get_bytes(struct cursor *c, struct bytes *to, uint64_t len)
{
	const char *data;

	while (len > 0) {
		size_t n = get_some(c, &data, len);
		if (n == 0)
			return;
		bytes_add(to, data, n);
		len -= n;
	}
}

static void
get_output(struct cursor *c, struct output_buffer *to, uint64_t len)
{
	const char *data;

	while (len > 0) {
		size_t n = get_some(c, &data, len);
		if (n == 0)
			return;
		if (output_buffer_add(to, data, n) == -1) {
			c->error = errno;
			return;
		}
		len -= n;
	}
}

int
journal_entry_brief(const struct journal_record *first, struct journal_brief *brief)
{
	struct entry_head head;

	if (first->part != 0 || first->len < sizeof head)
		return -1;
	memcpy(&head, first->data, sizeof head);
	if (head.verdict < 0 || head.verdict >= VERDICTS)
		return -1;
	*brief = (struct journal_brief){ head.hash, (enum verdict)head.verdict, head.exit_code,
		head.signal };
	return 0;
}

static void
get_task(struct cursor *c, struct task *task, const struct entry_head *head)
{
	struct bytes slots = { 0 };

	task->seq = c->record.seq;
	task->hash = head->hash;
	task->block_len = head->block_len;
	task->attempts = (unsigned)head->attempts;
	task->item_count = (size_t)head->item_count;
	task->columns = (size_t)head->columns;
	task->word_count = (size_t)head->word_count;
	get_bytes(c, &task->items, head->items_len);
	get_bytes(c, &task->words, head->words_len);
	get_bytes(c, &slots, head->slot_count * sizeof *task->slot_at);
	free(task->slot_at);
	task->slot_at = (size_t *)(void *)slots.at;
	task->slot_count = task->slot_room = c->error == 0 ? (size_t)head->slot_count : 0;
	get_bytes(c, &task->tag, head->tag_len);
}

int
journal_entry_read(struct journal_file *file, uint64_t *at, struct task **task, struct outcome *e,
    struct output_buffer *out, struct output_buffer *err)
{
	static struct bytes limit, text;
	struct cursor c = { .file = file };
	struct entry_head head;

	if (journal_file_read(file, *at, &c.record) != 1 || c.record.part != 0 ||
	    c.record.len < sizeof head) {
		errno = errno != 0 ? errno : EIO;
		return -1;
	}
	memcpy(&head, c.record.data, sizeof head);
	c.used = sizeof head;
	*task = task_new();
	get_task(&c, *task, &head);
	bytes_clear(&limit);
	bytes_clear(&text);
	bytes_add(&limit, "", 0);
	bytes_add(&text, "", 0);
	get_bytes(&c, &limit, head.limit_len);
	get_bytes(&c, &text, head.message_len);
	get_output(&c, out, head.out_len);
	get_output(&c, err, head.err_len);
	if (c.error == 0 && c.record.kind != JOURNAL_ENTRY)
		c.error = EIO;
	*at = c.record.next;
	*e = (struct outcome){
		.verdict = (enum verdict)head.verdict,
		.exit_code = head.exit_code,
		.signal = head.signal,
		.core = head.core,
		.slot = head.slot,
		.attempt = head.attempt,
		.start_ns = head.start_ns,
		.run_ns = head.run_ns,
		.user_ns = head.user_ns,
		.system_ns = head.system_ns,
		.max_rss = head.max_rss,
		.sent = head.sent,
		.received = head.received,
		.limit = head.limit_len > 0 ? limit.at : NULL,
		.message = text.at,
	};
	if (c.error == 0)
		return 0;
	task_free(*task);
	*task = NULL;
	output_buffer_clear(out);
	output_buffer_clear(err);
	errno = c.error;
	return -1;
}
