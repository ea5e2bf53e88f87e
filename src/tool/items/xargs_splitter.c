/* SPDX-License-Identifier: BSD-2-Clause */
/* xargs' splitting of input, as a machine that takes one byte at a time. */
#include "config.h"
#include "tool/items/xargs_splitter.h"

#include <stdlib.h>

#include "tool/items/white_space.h"

struct xargs_splitter {
	struct record_reader *reader;
	int    whole_lines;
	size_t bound;
	enum { SPACE = 0, NORMAL, QUOTED, ESCAPED } state;
	char   quote;
	char   before;        /* the previous byte */
	int    quoted_empty;  /* quotes were seen: the item counts even if it is empty */
	int    given;         /* item was handed out: the next call begins a new one */
	struct bytes item;
	enum xargs_splitter_fault fault;
};

struct xargs_splitter *
xargs_splitter_open(struct record_reader *reader, int whole_lines, size_t bound)
{
	struct xargs_splitter *s = calloc(1, sizeof *s);

	if (s == NULL)
		fail_memory();
	s->reader = reader;
	s->whole_lines = whole_lines;
	s->bound = bound;
	return s;
}

void
xargs_splitter_close(struct xargs_splitter *s)
{
	if (s == NULL)
		return;
	bytes_free(&s->item);
	free(s);
}

enum xargs_splitter_fault
xargs_splitter_fault(const struct xargs_splitter *s, struct item *beginning)
{
	*beginning = (struct item){ s->item.at,
		s->item.len < RECORD_BEGINNING ? s->item.len : RECORD_BEGINNING };
	return s->fault;
}

static enum next
fail_with(struct xargs_splitter *s, enum xargs_splitter_fault fault)
{
	s->fault = fault;
	return NEXT_END;
}

static enum next
unmatched(struct xargs_splitter *s)
{
	return fail_with(s, s->quote == '"' ? SPLITTER_DOUBLE : SPLITTER_SINGLE);
}

/* Takes one byte.  NEXT_GOT: the item is complete, NEXT_WAIT: it continues, NEXT_END: a fault. */
static enum next
step(struct xargs_splitter *s, char c, int *ends_line)
{
	char before = s->before;

	s->before = c;
	if (s->state == SPACE) {
		if (is_white_space(c))
			return NEXT_WAIT;
		s->state = NORMAL;
	}
	switch (s->state) {
	case SPACE: /* has become NORMAL above */
	case NORMAL:
		if (c == '\n' || (!s->whole_lines && (c == ' ' || c == '\t'))) {
			s->state = SPACE;
			if (c == '\n' && s->item.len == 0 && !s->quoted_empty)
				return NEXT_WAIT;
			*ends_line = c == '\n' && before != ' ' && before != '\t';
			return NEXT_GOT;
		}
		if (c == '\\') {
			s->state = ESCAPED;
			return NEXT_WAIT;
		}
		if (c == '\'' || c == '"') {
			s->state = QUOTED;
			s->quote = c;
			return NEXT_WAIT;
		}
		break;
	case QUOTED:
		if (c == '\n')
			return unmatched(s);
		if (c == s->quote) {
			s->state = NORMAL;
			s->quoted_empty = 1;
			return NEXT_WAIT;
		}
		break;
	case ESCAPED:
		s->state = NORMAL;
		break;
	}
	if (s->item.len == s->bound)
		return fail_with(s, SPLITTER_TOO_LONG);
	bytes_add_byte(&s->item, c);
	return NEXT_WAIT;
}

enum next
xargs_splitter_item(struct xargs_splitter *s, struct item *item, int *ends_line)
{
	struct item come;
	enum next next;

	if (s->given) {
		bytes_clear(&s->item);
		s->given = s->quoted_empty = 0;
	}
	while (s->fault == SPLITTER_FINE &&
	    (next = record_reader_bytes(s->reader, &come)) != NEXT_END) {
		if (next == NEXT_WAIT)
			return NEXT_WAIT;
		for (size_t i = 0; i < come.len; i++) {
			next = step(s, come.data[i], ends_line);
			if (next == NEXT_WAIT)
				continue;
			record_reader_take(s->reader, i + 1);
			if (next == NEXT_END)
				return NEXT_END;
			goto got;
		}
		record_reader_take(s->reader, come.len);
	}
	if (s->fault != SPLITTER_FINE)
		return NEXT_END;
	if (s->state == QUOTED)
		return unmatched(s);
	if (s->given || (s->item.len == 0 && !s->quoted_empty))
		return NEXT_END;
	s->state = SPACE;
	*ends_line = 1;
got:
	(void)bytes_reserve(&s->item, 0); /* an empty item needs an address too */
	*item = (struct item){ s->item.at, s->item.len };
	s->given = 1;
	return NEXT_GOT;
}
