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

#include "tool/base/message.h"
#include "tool/exec/exec_error.h"
#include "tool/exec/fd_pass.h"

extern char **environ;

struct command_setup command_setup = { .standard_input = -1 };

/* What the worker gets: this head, the places of the slots, MAKEFLAGS=..., the input's path, the
   words. */
struct head {
	uint64_t seq;
	struct inflight_ticket ticket;
	uint32_t word_count, slot_count;
	struct command_descriptors fds;
	int      jobserver[2];
	uint32_t makeflags_len; /* of MAKEFLAGS=..., with its NUL; 0: there is none */
	uint32_t input_len;     /* of the input's path, likewise */
	int      input_is_passed, input_error, error_is_of_copy;
};

static const char makeflags_name[] = "MAKEFLAGS";
static char found[PATH_MAX]; /* what command_setup.path points to */
/* For jobs in a sandbox: the interpreter of that file, which is there outside; "": none. */
static char needed[EXEC_ERROR_PATH_MAX];

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
	const char *path = searched ? command_setup.search_path : "";

	command_setup.path = NULL;
	if (path == NULL)
		path = getenv("PATH");
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

/* Whether a relative path leads into dir.  By a symbolic link it may lead anywhere. */
static int
is_inside(const char *path, const char *dir)
{
	char real[PATH_MAX], real_dir[PATH_MAX];

	if (realpath(path, real) == NULL || realpath(dir, real_dir) == NULL)
		return 0;
	size_t len = strcmp(real_dir, "/") == 0 ? 0 : strlen(real_dir);
	return strncmp(real, real_dir, len) == 0 && real[len] == '/';
}

void
command_find_opening(void)
{
	static char opening[256];
	const char *path = command_setup.path;
	char dir[PATH_MAX] = ".", shown[sizeof opening];
	size_t len = 0;

	command_setup.opening = NULL;
	if (path == NULL || !exec_error_needs(path, needed))
		needed[0] = '\0';
	if (path == NULL || (path[0] != '/' && command_setup.directory != NULL))
		return;
	(void)message_text(shown, sizeof shown, path);
	/* The job of a relative path needs the current directory as well, so as to begin there. */
	while (path[0] != '/' && strncmp(path + len, "../", 3) == 0)
		len += 3;
	if (len > 0)
		(void)snprintf(dir, sizeof dir, "%.*s", (int)len - 1, path);
	int n = path[0] == '/' ? snprintf(opening, sizeof opening, "--readable %s", shown) :
	    is_inside(path, dir) ? snprintf(opening, sizeof opening, "--readable %s", dir) :
	    snprintf(opening, sizeof opening, "--readable %s --readable %s", dir, shown);
	if (n < (int)sizeof opening)
		command_setup.opening = opening;
}

void
command_pack(const struct task *task, const struct inflight_ticket *ticket,
    const struct command_descriptors *fds, const struct command_input *input,
    const struct command_jobserver *jobserver, struct bytes *args)
{
	struct head head = {
		.seq = task->seq, .ticket = *ticket, .word_count = (uint32_t)task->word_count,
		.slot_count = (uint32_t)task->slot_count, .fds = *fds, .jobserver = { -1, -1 },
		.input_len = input->path != NULL ? (uint32_t)strlen(input->path) + 1 : 0,
		.input_is_passed = input->is_passed, .input_error = input->error,
		.error_is_of_copy = input->error_is_of_copy,
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
	if (head.input_len > 0)
		bytes_add(args, input->path, head.input_len);
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
	int in = fds->in != -1 ? fds->in : command_setup.standard_input;
	if ((in != -1 && dup2(in, STDIN_FILENO) == -1) ||
	    (fds->out != -1 && dup2(fds->out, STDOUT_FILENO) == -1) ||
	    (fds->err != -1 && dup2(fds->err, STDERR_FILENO) == -1))
		return -1;
	return 0;
}

/* The file for the command's standard input; -1 and errno. */
static int
input_open(const struct head *head, const char *path)
{
	if (head->input_error != 0) {
		errno = head->input_error;
		return -1;
	}
	if (head->input_is_passed)
		return fd_pass_receive(head->fds.in);
	return open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

/* Whether the sandbox keeps the command's file from the job: not its interpreter, nor its mode. */
static int
is_kept_out(const char *path)
{
	if (access(path, X_OK) == -1)
		return errno == ENOENT; /* from a root directory of the job's own it is absent */
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC), kept_out = fd == -1;
	if (fd != -1)
		(void)close(fd);
	return kept_out && access(path, R_OK) == 0;
}

/* The file of a command's first word; NULL: it was searched for and was not the one looked up. */
static const char *
file_of(const char *word)
{
	if (command_setup.path != NULL && strcmp(command_setup.word, word) == 0)
		return command_setup.path;
	return strchr(word, '/') != NULL ? word : NULL;
}

static int
run_fail(struct forkpool_context *context, const char *word, int error)
{
	const struct command_setup *s = &command_setup;
	const char *file = file_of(word);
	struct exec_error e = { .what = "" };

	if (s->opening != NULL && strcmp(s->word, word) == 0 && is_kept_out(s->path))
		return forkpool_fail(context, error,
		    "cannot run %s: %s (the sandbox does not have it; %s opens it up)", word,
		    strerror(error), s->opening);
	if (file != NULL)
		exec_error_find(&e, file, error);
	if (e.what[0] == '\0')
		return forkpool_fail(context, error, "cannot run %s: %s%s", word, strerror(error),
		    e.hint);
	if (strcmp(e.needed, needed) == 0)
		return forkpool_fail(context, error,
		    "cannot run %s: %s %s: %s (the sandbox does not have it; --readable %s opens "
		    "it up)", word, e.what, needed, strerror(error), needed);
	return forkpool_fail(context, error, "cannot run %s: %s %s: %s%s", word, e.what, e.needed,
	    strerror(error), e.hint);
}

int
command_run(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct head *head = args;
	const size_t *slot_at = (const size_t *)(head + 1);
	const char *makeflags = (const char *)(slot_at + head->slot_count);
	const char *input = makeflags + head->makeflags_len, *words = input + head->input_len;
	struct command_descriptors fds = head->fds;
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
	if (command_setup.directory_inside && chdir(command_setup.directory) == -1)
		return forkpool_fail(context, errno, "cannot go to %s: %s",
		    command_setup.directory, strerror(errno));
	if (head->input_len > 0 && (fds.in = input_open(head, input)) == -1)
		return forkpool_fail(context, errno, "its standard input %s: %s%s", input,
		    head->error_is_of_copy ? command_setup.no_copy : "", strerror(errno));
	if (descriptors_enter(&fds, head->jobserver) == -1)
		return forkpool_fail(context, errno, "its descriptors: %s", strerror(errno));
	command_restore_open_files();
	inflight_note(&head->ticket);
	const char *file = file_of(argv[0]);
	if (file != NULL)
		(void)execve(file, argv, environment);
	/*
	 * execvpe() searches PATH: the command differs from job to job, its file has gone, or it is
	 * a script whose first line names no interpreter, which a shell reads.
	 */
	if (file == NULL || errno != ENOEXEC || !exec_error_is_program(file))
		(void)execvpe(argv[0], argv, environment);
	else
		errno = ENOEXEC;
	return run_fail(context, argv[0], errno);
}

void
command_restore_open_files(void)
{
	if (command_setup.restore_open_files)
		(void)setrlimit(RLIMIT_NOFILE, &command_setup.open_files);
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
	if (command_setup.directory_inside)
		return 0;
	return command_setup.directory != NULL && chdir(command_setup.directory) == -1 ? errno : 0;
}
