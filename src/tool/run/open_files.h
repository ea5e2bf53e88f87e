/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open_files - how many jobs at a time the limit on open files has room for.
 *
 * The soft limit is raised as far as need be and the hard one allows.  Jobs get the one that the
 * tool was started with (command_restore_open_files()).
 */
#ifndef FORKPOOL_TOOL_OPEN_FILES_H
#define FORKPOOL_TOOL_OPEN_FILES_H

/* What takes descriptors: a worker one, and a place for a job, which is a channel, a seat of the
   jobserver or both, so many. */
struct open_files {
	unsigned workers; /* asked for; then as many as there is room for */
	unsigned places;  /* likewise; 0: jobs need none */
	unsigned each;    /* descriptors of a place, with the duplicates that the pool keeps */
	unsigned theirs;  /* those of them that jobs get */
	unsigned beside;  /* that jobs need in all, besides places */
	unsigned from;    /* set: the first number for these */
};

/* Says so where there is room for fewer workers; where there is none for one, the tool ends. */
void open_files_fit(struct open_files *);

#endif
