/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object_image - a copy of what is looked at in an object's file.
 *
 * A copy, since the file may be written anew at any time: what is mapped of a file that somebody
 * cuts short is a SIGBUS for who reads it, here for the caller.
 *
 * It has the file's headers, its symbol tables and notes, and its debug information.  Of all other
 * sections it says that they have no content, as files with debug information alone do.  Among
 * these are the names of further files, which libdw would open, and wait for a writer if it were a
 * pipe, and map.
 */
#ifndef FORKPOOL_OBJECT_IMAGE_H
#define FORKPOOL_OBJECT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/symbols/object_map.h"

struct object_image {
	unsigned char *at;      /* NULL: there is none */
	size_t   size;          /* of the file; what was not read of it takes no memory */
	uint64_t held;          /* bytes that were read, and those of debug information unpacked */
	uint64_t debug_size;    /* of the file's debug information, unpacked, read or not */
	bool     is_compressed; /* so is debug information */
	char     link[256];     /* the name of a separate file for it; "": none */
};

/* How much may be read. */
struct object_image_limits {
	uint64_t all;           /* bytes; debug information is left out where it would be more */
	uint64_t debug;         /* of debug information, which is left out where it is more */
	bool     unpack;        /* whether it may be compressed */
};

/* Read the file, and close it.  Where that is not possible, or it was written while it was read, or
   is not the object's any more, there is no image. */
void object_image_read(struct object_image *, const struct object *, int fd,
    const struct object_image_limits *);
void object_image_release(struct object_image *);

#endif
