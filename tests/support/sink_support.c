/* SPDX-License-Identifier: BSD-2-Clause */
/* A sink's file and checkpoint, and its entries: as the run's writers let them out. */
#include "config.h"
#include "tests/support/sink_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char sink_path[256], sink_surplus[256];
struct checkpoint sink_checkpoint;

void
sink_checkpoint_new(void)
{
	memset(&sink_checkpoint, 0, sizeof sink_checkpoint);
	checkpoint_make(&sink_checkpoint);
}

void
sink_setup(void)
{
	journal_setup();
	(void)snprintf(sink_path, sizeof sink_path, "%s.out", journal_path);
	(void)snprintf(sink_surplus, sizeof sink_surplus, "%s.surplus", journal_path);
	sink_checkpoint_new();
}

const char *
entry(uint64_t i)
{
	static const char *const text[] = { "one\n", "", "two and more\n", "two and less\n", "", "",
		"three\n", "four\n" };

	return text[i % 8];
}

void
expect(char *to, size_t size, const char *before, uint64_t n)
{
	(void)snprintf(to, size, "%s", before);
	for (uint64_t i = 0; i < n; i++)
		(void)snprintf(to + strlen(to), size - strlen(to), "%s", entry(i));
}

void
has(const char *file, const char *wanted)
{
	size_t len;
	char *data = tool_read(file, &len);

	if (len != strlen(wanted) || memcmp(data, wanted, len) != 0)
		ck_abort_msg("%s has \"%s\", wanted \"%s\"", file, data, wanted);
	free(data);
}

void
append(struct sink *s, uint64_t number, const void *data, size_t len)
{
	if (!sink_wants(s, number))
		return;
	for (ssize_t at = sink_pass(s, data, len); at < (ssize_t)len;) {
		sink_tries(s, len - (size_t)at);
		ssize_t n = write(s->fd, (const char *)data + at, len - (size_t)at);
		must(at >= 0 && n > 0);
		sink_wrote(s, (size_t)n);
		at += n;
	}
	sink_end(s, len);
}

void
let_out(struct sink *s, uint64_t from, uint64_t n)
{
	for (uint64_t i = from; i < n; i++)
		append(s, i, entry(i), strlen(entry(i)));
}

void
queue(struct sink *s, uint64_t n, char *all)
{
	for (uint64_t i = s->next; i < n; i++) {
		(void)strcat(all, entry(i));
		must(sink_end(s, strlen(entry(i))) == 0);
	}
}

void
write_queued(struct sink *s, const char *all, size_t most, size_t pass, size_t piece)
{
	for (size_t at = 0; at < most;) {
		size_t left = most - at;
		ssize_t n = sink_pass(s, all + at, left < pass ? left : pass);
		must(n >= 0);
		if (n == 0) {
			size_t len = sink_piece(s, left < piece ? left : piece);
			sink_tries(s, len);
			n = write(s->fd, all + at, len);
			must(n > 0);
			sink_wrote(s, (size_t)n);
		}
		at += (size_t)n;
	}
}
