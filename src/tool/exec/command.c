/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands: finding the program, packing a task for the worker, becoming the program. */
#include "config.h"
#include "tool/exec/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

struct command_setup command_setup;

/* What the worker gets: this head, the places of the slots, MAKEFLAGS=..., the words. */
struct head {
	uint64_t seq;
	struct inflight_ticket ticket;
	uint32_t word_count, slot_count;
	struct command_descriptors fds;
	int      jobserver[2];
	uint32_t makeflags_len; /* of MAKEFLAGS=..., with its NUL; 0: there is none */
};

static const char makeflags_name[] = "MAKEFLAGS";
static char found[PATH_MAX]; /* what command_setup.path points to */

/*
 * 1: the file at found can be executed.  0: it cannot; *status and *error say why where they know
 * better than "not found".
 */
static int
found_is_executable(int searched, int *status, int *error)
{
	struct stat st;

	if (stat(found, &st) == -1) {
		if (!searched && errno != ENOENT && errno != ENOTDIR) {
			*status = 126;
			*error = errno;
		}
		return 0;
	}
	if (S_ISREG(st.st_mode) && access(found, X_OK) == 0)
		return 1;
	/* The search of PATH passes over directories. */
	if (!S_ISDIR(st.st_mode) || !searched) {
		*status = 126;
		*error = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
	}
	return 0;
}

int
command_find(const char *word)
{
	int searched = strchr(word, '/') == NULL, status = 127, error = ENOENT;
	const char *path = searched ? getenv("PATH") : "";

	command_setup.path = NULL;
	if (path == NULL)
		path = "/bin:/usr/bin";
	for (;;) {
		const char *end = strchrnul(path, ':');
		int n = snprintf(found, sizeof found, "%.*s%s%s", (int)(end - path), path,
		    end > path ? "/" : "", word);
		if (n >= (int)sizeof found) {
			error = ENAMETOOLONG;
		} else if (found_is_executable(searched, &status, &error)) {
			command_setup.word = word;
			command_setup.path = found;
			return 0;
		}
		if (*end == '\0')
			break;
		path = end + 1;
	}
	errno = error;
	return status;
}

void
command_pack(const struct task *task, const struct inflight_ticket *ticket,
    const struct command_descriptors *fds, const struct command_jobserver *jobserver,
    struct bytes *args)
{
	struct head head = {
		.seq = task->seq, .ticket = *ticket, .word_count = (uint32_t)task->word_count,
		.slot_count = (uint32_t)task->slot_count, .fds = *fds, .jobserver = { -1, -1 },
	};

	if (jobserver != NULL) {
		memcpy(head.jobserver, jobserver->fds, sizeof head.jobserver);
		head.makeflags_len =
		    (uint32_t)(sizeof makeflags_name + strlen(jobserver->makeflags) + 1);
	}
	bytes_clear(args);
	bytes_add(args, &head, sizeof head);
	bytes_add(args, task->slot_at, task->slot_count * sizeof *task->slot_at);
	if (jobserver != NULL) {
		bytes_add_text(args, makeflags_name);
		bytes_add_byte(args, '=');
		bytes_add(args, jobserver->makeflags, strlen(jobserver->makeflags) + 1);
	}
	bytes_add(args, task->words.at, task->words.len);
}

/*
 * Memory that is never freed, since execve() follows.  Small commands get it from a static array:
 * with options.executes the job's process may still share all memory with its worker, where an
 * allocation would stay.
 */
static void *
room_get(size_t size)
{
	static _Alignas(16) char room[65536];
	static pid_t used_by;
	static size_t used;

	if (used_by != getpid()) {
		used_by = getpid();
		used = 0;
	}
	size = (size + 15) & ~(size_t)15;
	if (size > sizeof room - used)
		return malloc(size);
	used += size;
	return room + used - size;
}

/* A copy of the words that has the worker's number where {%} stands. */
static char *
slots_fill(const char *words, size_t *len, const size_t *at, size_t count, unsigned slot)
{
	char number[16];
	size_t digits = (size_t)snprintf(number, sizeof number, "%u", slot), from = 0, to = 0;
	char *filled = room_get(*len + count * digits);

	if (filled == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		memcpy(filled + to, words + from, at[i] - from);
		to += at[i] - from;
		from = at[i];
		memcpy(filled + to, number, digits);
		to += digits;
	}
	memcpy(filled + to, words + from, *len - from);
	*len = to + *len - from;
	return filled;
}

/* Puts NAME=value at *to and returns the place of the next variable; NULL: no memory. */
static char **
variable_put(char **to, const char *name, uint64_t value)
{
	char number[24];
	size_t digits = (size_t)snprintf(number, sizeof number, "%llu", (unsigned long long)value),
	       len = strlen(name);

	if ((*to = room_get(len + digits + 2)) == NULL)
		return NULL;
	memcpy(*to, name, len);
	(*to)[len] = '=';
	memcpy(*to + len + 1, number, digits + 1);
	return to + 1;
}

static int
is_of(const char *variable, const char *name)
{
	size_t len = name != NULL ? strlen(name) : 0;

	return name != NULL && strncmp(variable, name, len) == 0 && variable[len] == '=';
}

/*
 * The worker's environment and the variables that tell a command which job it is.  makeflags:
 * MAKEFLAGS=..., or NULL where the job has the worker's.  Returns NULL where there is no memory.
 */
static char **
environment_make(const struct head *head, char *makeflags, unsigned slot)
{
	static const char seq_name[] = "PARALLEL_SEQ", slot_name[] = "PARALLEL_JOBSLOT";
	const struct command_setup *s = &command_setup;
	size_t count = 0;

	if (s->slot_variable == NULL && !s->parallel_names && makeflags == NULL)
		return environ;
	while (environ[count] != NULL)
		count++;
	char **made = room_get((count + 5) * sizeof *made), **to = made;
	if (made == NULL)
		return NULL;
	/* xargs counts its slots from 0. */
	if (s->slot_variable != NULL && (to = variable_put(to, s->slot_variable, slot - 1)) == NULL)
		return NULL;
	if (s->parallel_names && ((to = variable_put(to, seq_name, head->seq)) == NULL ||
	    (to = variable_put(to, slot_name, slot)) == NULL))
		return NULL;
	if (makeflags != NULL)
		*to++ = makeflags;
	for (size_t i = 0; i < count; i++)
		if (!is_of(environ[i], s->slot_variable) &&
		    !(makeflags != NULL && is_of(environ[i], makeflags_name)) &&
		    !(s->parallel_names && is_of(environ[i], seq_name)) &&
		    !(s->parallel_names && is_of(environ[i], slot_name)))
			*to++ = environ[i];
	*to = NULL;
	return made;
}

static int
descriptors_enter(const struct command_descriptors *fds, const int jobserver[2])
{
	for (int i = 0; i < 2; i++)
		if (jobserver[i] != -1 && fcntl(jobserver[i], F_SETFD, 0) == -1)
			return -1;
	if (fds->in != -1 && lseek(fds->in, 0, SEEK_SET) == -1 && errno != ESPIPE)
		return -1;
	if ((fds->in != -1 && dup2(fds->in, STDIN_FILENO) == -1) ||
	    (fds->out != -1 && dup2(fds->out, STDOUT_FILENO) == -1) ||
	    (fds->err != -1 && dup2(fds->err, STDERR_FILENO) == -1))
		return -1;
	return 0;
}

int
command_run(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct head *head = args;
	const size_t *slot_at = (const size_t *)(head + 1);
	const char *makeflags = (const char *)(slot_at + head->slot_count);
	const char *words = makeflags + head->makeflags_len;
	size_t len = args_len - (size_t)(words - (const char *)args);
	unsigned slot = forkpool_worker_index(context) + 1;
	char **argv = room_get((head->word_count + 1) * sizeof *argv);
	/* Casting const away is safe: execve() writes to no string. */
	char *own_makeflags = head->makeflags_len > 0 ? (char *)(uintptr_t)makeflags : NULL;
	char **environment = environment_make(head, own_makeflags, slot);

	if (head->slot_count > 0)
		words = slots_fill(words, &len, slot_at, head->slot_count, slot);
	if (argv == NULL || words == NULL || environment == NULL)
		return forkpool_fail(context, ENOMEM, "no memory for the command");
	char *word = (char *)(uintptr_t)words;
	for (uint32_t i = 0; i < head->word_count; i++, word += strlen(word) + 1)
		argv[i] = word;
	argv[head->word_count] = NULL;
	if (descriptors_enter(&head->fds, head->jobserver) == -1)
		return forkpool_fail(context, errno, "its descriptors: %s", strerror(errno));
	if (command_setup.restore_open_files)
		(void)setrlimit(RLIMIT_NOFILE, &command_setup.open_files);
	inflight_note(&head->ticket);
	if (command_setup.path != NULL && strcmp(command_setup.word, argv[0]) == 0)
		(void)execve(command_setup.path, argv, environment);
	/*
	 * execvpe() searches PATH: the command differs from job to job, its file has gone, or it is
	 * a script whose first line names no interpreter.
	 */
	(void)execvpe(argv[0], argv, environment);
	return forkpool_fail(context, errno, "cannot run %s: %s", argv[0], strerror(errno));
}

int
command_worker_init(void *arg, void **state)
{
	(void)arg;
	*state = NULL;
	if (command_setup.nice != 0) {
		errno = 0;
		if (nice(command_setup.nice) == -1 && errno != 0)
			return errno;
	}
	return command_setup.directory != NULL && chdir(command_setup.directory) == -1 ? errno : 0;
}
