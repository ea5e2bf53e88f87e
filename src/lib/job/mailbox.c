/* SPDX-License-Identifier: BSD-2-Clause */
/* The mailboxes: one for each worker, on pages of its own, cleared between two jobs. */
#include "config.h"
#include "lib/job/mailbox.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/os/os.h"

/* Each mailbox has pages of its own: a job's process has only those of its own mailbox mapped. */
static size_t
mailbox_stride(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct mailbox) + page - 1) / page * page;
}

struct mailbox *
mailboxes_create(void)
{
	return os_map_shared(SHARED_WORKERS_MAX * mailbox_stride());
}

void
mailboxes_destroy(struct mailbox *mailboxes)
{
	if (mailboxes != NULL)
		(void)munmap(mailboxes, SHARED_WORKERS_MAX * mailbox_stride());
}

struct mailbox *
mailboxes_at(struct mailbox *mailboxes, unsigned worker)
{
	return (struct mailbox *)(void *)((char *)mailboxes + worker * mailbox_stride());
}

void
mailboxes_keep(struct mailbox *mailboxes, unsigned worker)
{
	char *from = (char *)mailboxes, *own = from + worker * mailbox_stride();
	char *end = from + SHARED_WORKERS_MAX * mailbox_stride();

	if (own > from)
		(void)munmap(from, (size_t)(own - from));
	if (own + mailbox_stride() < end)
		(void)munmap(own + mailbox_stride(), (size_t)(end - own) - mailbox_stride());
}

void
mailbox_clear(struct mailbox *m, unsigned char *area, size_t size)
{
	memset(m, 0, mailbox_stride());
	os_pages_drop(area, size);
	/* The registers may still hold the end of the reply that was copied out. */
	os_registers_clear();
}
