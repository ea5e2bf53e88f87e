/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * debug_info - what backtraces can tell of this test program.
 */
#ifndef FORKPOOL_TESTS_DEBUG_INFO_H
#define FORKPOOL_TESTS_DEBUG_INFO_H

/* Whether there are backtraces: this build can make them, and no sanitizer has the signals. */
int debug_info_frames(void);
/* Whether functions that are not exported have names: libdw is in this build, and on this system.
   (The program has its symbol table unless somebody strips tests.) */
int debug_info_names(void);
/* Whether they have lines, too: this program was compiled with -g. */
int debug_info_lines(void);

#endif
