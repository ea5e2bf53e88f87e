/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * temporary - the directory for files without a name: TMPDIR, or /tmp.
 */
#ifndef FORKPOOL_TOOL_TEMPORARY_H
#define FORKPOOL_TOOL_TEMPORARY_H

const char *temporary_directory(void);
/* For messages, behind "in": the directory, and that TMPDIR names it.  Keeps errno; valid until the
   next call. */
const char *temporary_place(void);

#endif
