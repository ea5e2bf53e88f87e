/* SPDX-License-Identifier: BSD-2-Clause */
/* One source of items: reading a piece of input, checking it, joining lines, keeping items. */
#include "config.h"
#include "tool/items/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/anchored_file.h"
#include "tool/base/array.h"
#include "tool/items/white_space.h"
#include "tool/items/xargs_splitter.h"

static size_t
item_most(const struct options *o)
{
	return o->plugin_file != NULL ? PLUGIN_ITEM_MOST : ITEM_MOST;
}

static int
open_file(const char *name)
{
	struct anchored_file f;
	char shown[256];
	int fd = -1;

	if (strcmp(name, "-") == 0)
		return STDIN_FILENO;
	(void)message_text(shown, sizeof shown, name);
	if (!untrusted_places_exist()) {
		if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
			fail_errno("cannot open %s", shown);
		return fd;
	}
	/* An earlier run's job may have planted a link there, to what the next ones may not
	   read. */
	if (anchored_file_find(&f, NULL, name, ANCHORED_FIND) == 0)
		fd = anchored_file_read(&f);
	if (fd == -1)
		fail("cannot open %s: %s", shown, anchored_why(&f.dir));
	anchored_file_free(&f);
	return fd;
}

struct source *
source_open(const struct source_option *option, const struct options *options,
    struct input_error *input_error)
{
	struct source *s = calloc(1, sizeof *s);
	size_t most = item_most(options);

	if (s == NULL)
		fail_memory();
	s->option = option;
	s->options = options;
	s->input_error = input_error;
	if (option->kind == SOURCE_FILE) {
		s->reader = record_reader_open(open_file(option->file), options->separator, most);
		if (options->xargs_quoting)
			s->splitter = xargs_splitter_open(s->reader, options->replace_given, most);
	}
	return s;
}

void
source_close(struct source *s)
{
	if (s == NULL)
		return;
	xargs_splitter_close(s->splitter);
	record_reader_close(s->reader);
	bytes_free(&s->joined);
	bytes_free(&s->store);
	free(s->ends);
	free(s);
}

void
source_keep(struct source *s)
{
	s->kept = 1;
}

uint64_t
source_most(const struct source *s)
{
	size_t names = s->options->header ? 1 : 0;

	if (s->reader != NULL || s->options->end_of_input != NULL)
		return UINT64_MAX;
	return s->option->count > names ? s->option->count - names : 0;
}

int
source_fd(const struct source *s)
{
	return s->reader == NULL ? -1 : record_reader_fd(s->reader);
}

uint64_t
source_taken(const struct source *s)
{
	return record_reader_taken(s->reader);
}

void
source_put_back(const struct source *s, uint64_t taken)
{
	record_reader_put_back(s->reader, taken);
}

static int
is_blank(struct item item)
{
	for (size_t i = 0; i < item.len; i++)
		if (!is_white_space(item.data[i]))
			return 0;
	return 1;
}

/* The file has ended: reports the error where that is why. */
static void
end(struct source *s)
{
	struct item begin = { NULL, 0 };
	const char *name = s->option->file;
	enum xargs_splitter_fault fault = SPLITTER_FINE;

	s->ended = 1;
	if (s->splitter != NULL)
		fault = xargs_splitter_fault(s->splitter, &begin);
	if (fault != SPLITTER_FINE) {
		if (fault == SPLITTER_TOO_LONG)
			input_error_report(s->input_error, s->number + 1, begin,
			    "is longer than %d bytes: argument line too long", ITEM_MOST);
		else
			input_error_report(s->input_error, s->number + 1, begin,
			    "has an unmatched %s quote; by default quotes are special to "
			    "xargs unless you use the -0 option",
			    fault == SPLITTER_DOUBLE ? "double" : "single");
	} else if (record_reader_errno(s->reader) != 0) {
		if (strcmp(name, "-") == 0)
			name = "standard input";
		input_error_report(s->input_error, 0, (struct item){ name, strlen(name) },
		    "cannot be read: %s", strerror(record_reader_errno(s->reader)));
	}
}

/* The next piece of input: a record, an item of xargs, or a word. */
static enum next
read_piece(struct source *s, struct item *item)
{
	struct record record;
	enum next next;

	s->ends_line = 1;
	if (s->reader == NULL) {
		if (s->word == s->option->count)
			return NEXT_END;
		const char *word = s->option->words[s->word++];
		*item = (struct item){ word, strlen(word) };
		return NEXT_GOT;
	}
	if (s->splitter != NULL)
		return xargs_splitter_item(s->splitter, item, &s->ends_line);
	for (;;) {
		next = record_reader_record(s->reader, &record);
		if (next != NEXT_GOT)
			return next;
		*item = record.item;
		if (!record.too_long)
			return NEXT_GOT;
		s->number++;
		input_error_report(s->input_error, s->number, record.item,
		    "has %llu bytes; at most %zu can be given to a %s",
		    (unsigned long long)record.len, item_most(s->options),
		    s->options->plugin_file != NULL ? "function" : "command in one argument");
		if (s->input_error->stop)
			return NEXT_END;
	}
}

/* No argument can hold a NUL: does what the dialect does; 0: leave the item out. */
static int
remove_nul(struct source *s, struct item *item)
{
	const char *nul = memchr(item->data, '\0', item->len);

	if (nul == NULL)
		return 1;
	if (s->options->dialect == DIALECT_NATIVE) {
		input_error_report(s->input_error, s->number, *item,
		    "has a NUL byte, which no argument of a command can hold; "
		    "-0 takes NUL for what separates items");
		return 0;
	}
	if (!s->warned)
		message("warning: a NUL byte in the input cannot be passed on in an argument; is "
			"-0 (--null) meant?");
	s->warned = 1;
	if (s->options->dialect == DIALECT_XARGS) {
		item->len = (size_t)(nul - item->data);
		return 1;
	}
	struct bytes text = { 0 };
	for (size_t i = 0; i < item->len; i++) {
		if (item->data[i] == '\0')
			bytes_add_text(&text, "\\0");
		else
			bytes_add_byte(&text, item->data[i]);
	}
	bytes_free(&s->joined);
	s->joined = text;
	*item = (struct item){ text.at, text.len };
	bytes_clear(&s->joined); /* leaves the bytes in place */
	return 1;
}

/* -L, but not in xargs: a line that ends with a blank continues in the next one. */
static int
continues(const struct source *s, struct item item)
{
	return s->options->max_lines > 0 && s->options->dialect != DIALECT_XARGS && item.len > 0 &&
	    is_white_space(item.data[item.len - 1]);
}

/* Puts item behind the lines it continues; 0: leave it out, or it continues too. */
static int
join(struct source *s, struct item *item, size_t most)
{
	if (s->joined.len > 0) {
		bytes_add(&s->joined, item->data, item->len);
		*item = (struct item){ s->joined.at, s->joined.len };
	}
	if (item->len > most) {
		s->number++;
		input_error_report(s->input_error, s->number, *item,
		    "has more than %zu bytes in lines that end with a blank, and so go on", most);
	} else if (!s->options->no_run_if_empty || s->options->dialect == DIALECT_XARGS ||
	    !is_blank(*item)) {
		if (!continues(s, *item))
			return 1;
		if (s->joined.len == 0)
			bytes_add(&s->joined, item->data, item->len);
		return 0;
	}
	bytes_clear(&s->joined);
	return 0;
}

static int
is_end_of_input(const struct options *o, struct item item)
{
	return o->end_of_input != NULL && item.len == strlen(o->end_of_input) &&
	    memcmp(item.data, o->end_of_input, item.len) == 0;
}

enum next
source_read(struct source *s, struct item *item)
{
	const struct options *o = s->options;
	size_t most = item_most(o);

	while (!s->ended && !s->input_error->stop) {
		enum next next = read_piece(s, item);
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		if (next == NEXT_END && s->reader != NULL)
			end(s);
		if (next == NEXT_END || is_end_of_input(o, *item)) {
			s->ended = 1;
			if (s->joined.len == 0)
				return NEXT_END;
			*item = (struct item){ s->joined.at, s->joined.len };
		} else if (!join(s, item, most)) {
			continue;
		}
		s->number++;
		bytes_clear(&s->joined); /* leaves the bytes in place, where item may point */
		if (o->plugin_file != NULL || remove_nul(s, item))
			return NEXT_GOT;
	}
	return NEXT_END;
}

static void
store(struct source *s, struct item item)
{
	s->ends = array_reserve(s->ends, s->count, &s->room, sizeof *s->ends);
	bytes_add(&s->store, item.data, item.len);
	s->ends[s->count++] = s->store.len;
}

enum next
source_advance(struct source *s)
{
	struct item item;
	enum next next;

	if (s->kept && s->at < s->count) {
		s->at++;
		return NEXT_GOT;
	}
	next = source_read(s, &item);
	if (next != NEXT_GOT)
		return next;
	if (s->kept) {
		store(s, item);
		s->at = s->count;
	} else {
		s->item = item;
	}
	return NEXT_GOT;
}

void
source_put_empty(struct source *s)
{
	s->item = (struct item){ "", 0 };
	if (s->kept) {
		store(s, s->item);
		s->at = s->count;
	}
}

void
source_rewind(struct source *s)
{
	s->at = 1;
}

struct item
source_current(const struct source *s)
{
	if (!s->kept)
		return s->item;
	size_t from = s->at > 1 ? s->ends[s->at - 2] : 0;
	return (struct item){ s->store.at + from, s->ends[s->at - 1] - from };
}
