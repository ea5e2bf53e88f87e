/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * processor_count - how many processors this process may use, and on how many cores and sockets
 * these can be.
 */
#ifndef FORKPOOL_TOOL_PROCESSOR_COUNT_H
#define FORKPOOL_TOOL_PROCESSOR_COUNT_H

enum processor_unit { PROCESSOR_THREADS = 0, PROCESSOR_CORES, PROCESSOR_SOCKETS };

/* Where the system tells which core and socket each processor is on. */
#define PROCESSOR_DIRECTORY "/sys/devices/system/cpu"

/*
 * As GNU parallel counts: what the machine has, by the files in directory, but no more than there
 * are processors that may be used.  Where the system does not tell, that number.
 */
unsigned processor_count(enum processor_unit, const char *directory);

#endif
