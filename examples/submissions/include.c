/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: would show a file of the system in the message of the compiler. */
#include "/etc/passwd"
