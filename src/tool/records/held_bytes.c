/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeping bytes in a file without a name until a whole file is made of them. */
#include "config.h"
#include "tool/records/held_bytes.h"

#include <errno.h>
#include <unistd.h>

#include "tool/base/file_io.h"
#include "tool/base/message.h"
#include "tool/base/temporary.h"
#include "tool/task/output_buffer.h"

#define WRITTEN_AT_ONCE ((size_t)64 << 10)

void
held_bytes_open(struct held_bytes *s, const char *option)
{
	*s = (struct held_bytes){ .option = option, .fd = output_buffer_file() };
	if (s->fd == -1)
		fail_errno("%s: cannot keep what it is made of in %s", option, temporary_place());
}

static void
flush(struct held_bytes *s)
{
	if (s->error == 0 && file_write_all(s->fd, s->waiting.at, s->waiting.len) == -1) {
		s->error = errno;
		message_errno("%s: cannot keep what it is made of in %s", s->option,
		    temporary_place());
	}
	s->written += s->waiting.len;
	bytes_clear(&s->waiting);
}

void
held_bytes_settle(struct held_bytes *s)
{
	if (s->waiting.len >= WRITTEN_AT_ONCE)
		flush(s);
}

uint64_t
held_bytes_size(const struct held_bytes *s)
{
	return s->written + s->waiting.len;
}

int
held_bytes_copy(struct held_bytes *s, struct atomic_file *to)
{
	flush(s);
	char *buffer = bytes_reserve(&s->waiting, WRITTEN_AT_ONCE);
	for (uint64_t at = 0; at < s->written && s->error == 0;) {
		uint64_t left = s->written - at;
		size_t n = left < WRITTEN_AT_ONCE ? (size_t)left : WRITTEN_AT_ONCE;
		if (file_read_at(s->fd, at, buffer, n) == -1)
			s->error = errno;
		else
			atomic_file_add(to, buffer, n);
		at += n;
	}
	errno = s->error;
	return s->error == 0 ? 0 : -1;
}

void
held_bytes_close(struct held_bytes *s)
{
	(void)close(s->fd);
	bytes_free(&s->waiting);
	*s = (struct held_bytes){ .fd = -1 };
}
