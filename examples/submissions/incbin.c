/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: the assembler is to put a file into the program, which would print it. */
#include <stdio.h>

__asm__(".data\nstolen: .incbin \"/etc/passwd\"\n.byte 0\n");
extern const char stolen[];

int
main(void)
{
	puts(stolen);
	return 0;
}
