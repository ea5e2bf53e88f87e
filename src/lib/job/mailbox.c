/* SPDX-License-Identifier: BSD-2-Clause */
/* The mailboxes: one for each worker, on pages of its own, cleared between two jobs. */
#include "config.h"
#include "lib/job/mailbox.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/os/heirloom.h"
#include "lib/os/os.h"

size_t
mailbox_refusal_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Of the mailbox without the page of its refusal. */
static size_t
mailbox_size(void)
{
	size_t page = mailbox_refusal_size();

	return (sizeof(struct mailbox) + page - 1) / page * page;
}

/* Each mailbox has pages of its own: a job's process has only those of its own mailbox mapped. */
static size_t
mailbox_stride(void)
{
	return mailbox_size() + mailbox_refusal_size();
}

size_t
mailboxes_size(void)
{
	return SHARED_WORKERS_MAX * mailbox_stride();
}

struct mailbox *
mailboxes_create(void)
{
	return heirloom_shared(mailboxes_size());
}

void
mailboxes_destroy(struct mailbox *mailboxes)
{
	if (mailboxes != NULL)
		(void)munmap(mailboxes, mailboxes_size());
}

struct mailbox *
mailboxes_at(struct mailbox *mailboxes, unsigned worker)
{
	return (struct mailbox *)(void *)((char *)mailboxes + worker * mailbox_stride());
}

struct mailbox_refusal *
mailbox_refusal(struct mailbox *m)
{
	return (struct mailbox_refusal *)(void *)((char *)m + mailbox_size());
}

void
mailboxes_keep(struct mailbox *mailboxes, unsigned worker)
{
	char *from = (char *)mailboxes, *own = from + worker * mailbox_stride();
	char *end = from + mailboxes_size();

	if (own > from)
		(void)munmap(from, (size_t)(own - from));
	if (own + mailbox_stride() < end)
		(void)munmap(own + mailbox_stride(), (size_t)(end - own) - mailbox_stride());
}

void
mailbox_paused(struct mailbox *m, const _Atomic int64_t *paused_ns)
{
	/* The supervisor sets both while it keeps this process stopped: also between these two. */
	do
		atomic_store(&m->paused_ns, atomic_load(paused_ns));
	while (atomic_load(&m->paused_ns) != atomic_load(paused_ns));
}

void
mailbox_clear(struct mailbox *m, unsigned char *area, size_t size)
{
	struct mailbox_refusal *refusal = mailbox_refusal(m);

	memset(m, 0, mailbox_size());
	if (atomic_load(&refusal->step) != 0)
		memset((void *)refusal, 0, mailbox_refusal_size());
	os_pages_drop(area, size);
	/* The registers may still hold the end of the reply that was copied out. */
	os_registers_clear();
}
