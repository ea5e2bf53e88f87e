/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object_map - which objects (the program, its libraries) lay where in this process at one moment.
 *
 * A pool takes it before its first fork.  A job's address means what lay there then: the job has
 * nothing else of the caller's.  What the caller has loaded since may lie where the job had loaded
 * something of its own, and what it has unloaded since still has its file.
 */
#ifndef FORKPOOL_OBJECT_MAP_H
#define FORKPOOL_OBJECT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define OBJECT_ID_MAX 32u

struct object_lines;

/* Which file it is, and how it was when somebody looked: what is written anew has another one,
   unless its time is set back. */
struct file_stamp {
	dev_t  device;
	ino_t  number;
	off_t  size;
	struct timespec changed;
};

struct object {
	uintptr_t base;            /* what is added to the addresses in its file */
	uintptr_t start, end;      /* of its segments together */
	uintptr_t aligned;         /* the start, aligned as its headers ask for */
	char     *path;            /* as the dynamic linker has it; "" for the program */
	bool      has_build_id;
	unsigned char id[OBJECT_ID_MAX]; /* its build ID, else a sum of its program headers */
	size_t    id_len;
	struct file_stamp file;    /* where it has no build ID: how its file was; else nothing */
	struct object_lines *lines; /* what source_lines has read of it */
};

struct object_map {
	struct object *objects;
	size_t count;
};

/* Take it anew; without memory, or where the system does not tell, it is empty. */
void object_map_take(struct object_map *);
void object_map_release(struct object_map *);

/* The object that was at this address; NULL: none. */
struct object *object_map_find(const struct object_map *, uintptr_t address);

/* Whether it still is where it was. */
bool object_is_mapped(const struct object *);

/* Open the object's file: a descriptor, or -1: there is none any more, or only another one of its
   name. */
int object_open(const struct object *);
/* Open that file, if it is the object's. */
int object_open_as(const struct object *, const char *path);
/* Whether it is a regular file that has the object's build ID or, where this has none, is the file
   that was there when the map was taken, not written since, with the same program headers. */
bool object_has_file(const struct object *, int fd);

struct file_stamp file_stamp(const struct stat *);
bool file_stamp_is(const struct file_stamp *, const struct file_stamp *);

/* Its name without directories, for a person; it lasts as the map, the program's for good. */
const char *object_name(const struct object *);

#endif
