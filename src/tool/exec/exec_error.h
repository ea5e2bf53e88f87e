/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec_error - what it was that made execve(2) fail, where that is another file than the one that
 * was to be executed, or what is in that file.
 *
 * It is called in the process of the job, where the file may be anything, and allocates nothing.
 * In a sandbox nothing tells there whether a file is absent or kept out.
 */
#ifndef FORKPOOL_TOOL_EXEC_ERROR_H
#define FORKPOOL_TOOL_EXEC_ERROR_H

#include <stddef.h>

/* The program that a file needs: its interpreter or dynamic loader. */
#define EXEC_ERROR_PATH_MAX 256

struct exec_error {
	char what[96];                     /* "its interpreter", ...; "": nothing is known */
	char needed[EXEC_ERROR_PATH_MAX];  /* the file that it is about; "": none */
	char hint[96];                     /* behind the error, with a blank before it, or "" */
};

/* path: what was to be executed; error: why it was not. */
void exec_error_find(struct exec_error *, const char *path, int error);
/* 1: the file needs that one, which is there.  0: none, or it is not there. */
int  exec_error_needs(const char *path, char name[EXEC_ERROR_PATH_MAX]);
/* Whether the file is a program of a kind, and so none of those that a shell might read. */
int  exec_error_is_program(const char *path);

#endif
