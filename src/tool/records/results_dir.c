/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of --results: below a directory, by the items, or where a template says. */
#include "config.h"
#include "tool/records/results_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/escape.h"
#include "tool/base/message.h"
#include "tool/records/record_writer.h"
#include "tool/taskgen/template.h"

#ifndef NAME_MAX
#define NAME_MAX 255
#endif

static const struct options *options;
static int directory = -1;        /* DIR itself */
static size_t name_max;
static struct template *template; /* parsed at the first job: it needs the columns' names */
static struct bytes names, path;
static int said;

/* The three files' names in a directory, and their endings behind the template's text. */
static const char *const plain[] = { "seq", "stdout", "stderr" };
static const char *const suffix[] = { ".seq", "", ".err" };
enum { SEQ, OUT, ERR, FILES };

static int
failed(const char *what)
{
	char shown[400];

	if (!said) {
		(void)escape_text(shown, sizeof shown, what, strlen(what));
		message_errno("--results: cannot write %s", shown);
	}
	said = 1;
	return -1;
}

/* Makes all directories in text up to its last slash. */
static int
directories_make(char *text)
{
	for (char *slash = strchr(text + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int made = mkdir(text, 0777) == 0 || errno == EEXIST;
		*slash = '/';
		if (!made)
			return -1;
	}
	return 0;
}

void
results_dir_open(const struct options *o)
{
	char *place[] = { o->results, NULL };

	options = o;
	said = 0;
	/* Without a placeholder in it, --results names a directory. */
	struct template *t = template_parse(place, 1, TEMPLATE_PLAIN, o, NULL, 0);
	int is_template = template_has_place(t);
	template_free(t);
	if (is_template)
		return;
	bytes_clear(&path);
	bytes_printf(&path, "%s/", o->results);
	if (directories_make(path.at) == -1 ||
	    (directory = open(o->results, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		fail_errno("--results: cannot make the directory %s", o->results);
	long max = fpathconf(directory, _PC_NAME_MAX);
	name_max = max > 32 && max < NAME_MAX ? (size_t)max : NAME_MAX;
}

void
results_dir_close(void)
{
	if (directory != -1)
		(void)close(directory);
	directory = -1;
	template_free(template);
	template = NULL;
	bytes_free(&names);
	bytes_free(&path);
}

/* -------------------------------------------------------------------------------------- writing */

/* Writes a file with text or, if it is NULL, with the output. */
static int
file_write(int in, const char *name, const char *text, const struct output_buffer *stored)
{
	int to = openat(in, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (to == -1)
		return -1;
	int done = text != NULL ? record_piece_write(&to, text, strlen(text)) :
	    record_pieces(stored, record_piece_write, &to);
	int error = done == -1 ? errno : 0;
	if (close(to) == -1 && error == 0 && errno != EINTR)
		error = errno;
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
files_write(int in, const char *base, const char *const *end, const struct job_record *r)
{
	char seq[24], name[PATH_MAX];
	const struct output_buffer *const stored[FILES] = { NULL, r->out, r->err };

	(void)snprintf(seq, sizeof seq, "%" PRIu64, r->task->seq);
	for (int i = 0; i < FILES; i++) {
		if (snprintf(name, sizeof name, "%s%s", base, end[i]) >= (int)sizeof name) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (file_write(in, name, i == SEQ ? seq : NULL, stored[i]) == -1)
			return -1;
	}
	return 0;
}

/* Goes down name by name, so that all names together may be longer than a path can be. */
static int
directory_enter(size_t count)
{
	int in = dup(directory);
	const char *name = names.at;

	for (size_t i = 0; i < count && in != -1; i++, name += strlen(name) + 1) {
		int next = mkdirat(in, name, 0777) == 0 || errno == EEXIST ?
		    openat(in, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		int error = errno;
		(void)close(in);
		errno = error;
		in = next;
	}
	return in;
}

/* Sets path to the template's text for that job. */
static void
template_path(const struct job_record *r)
{
	char *place[] = { options->results, NULL };

	if (template == NULL)
		template = template_parse(place, 1, TEMPLATE_PLAIN, options, r->header, 0);
	bytes_clear(&path);
	template_text(template, r->task, r->outcome->slot, &path);
}

static int
template_add(const struct job_record *r)
{
	template_path(r);
	if (memchr(path.at, '\0', path.len) != NULL || path.len == 0) {
		errno = EINVAL;
		return failed(path.at);
	}
	/* No item may lead out of the directory that the template names. */
	if (results_path_leaves(path.at) && !results_path_leaves(options->results)) {
		errno = EPERM;
		return failed(path.at);
	}
	int is_directory = path.at[path.len - 1] == '/';
	if (directories_make(path.at) == -1 ||
	    files_write(AT_FDCWD, path.at, is_directory ? plain : suffix, r) == -1)
		return failed(path.at);
	return 0;
}

int
results_dir_add(const struct job_record *r)
{
	if (directory == -1)
		return template_add(r);
	int in = directory_enter(results_names(r, name_max, &names));
	int wrote = in != -1 && files_write(in, "", plain, r) == 0, error = errno;
	if (in != -1)
		(void)close(in);
	errno = error;
	return wrote ? 0 : failed(results_dir_place(r));
}

const char *
results_dir_place(const struct job_record *r)
{
	int which = record_size(r->err) > 0 || record_size(r->out) == 0 ? ERR : OUT;

	if (directory == -1) {
		template_path(r);
		bytes_add_text(&path,
		    path.len > 0 && path.at[path.len - 1] == '/' ? plain[which] : suffix[which]);
		return path.at;
	}
	int error = errno;
	size_t count = results_names(r, name_max, &names);
	const char *name = names.at;
	bytes_clear(&path);
	bytes_add_text(&path, options->results);
	for (size_t i = 0; i < count; i++, name += strlen(name) + 1)
		bytes_printf(&path, "%s%s", path.at[path.len - 1] == '/' ? "" : "/", name);
	bytes_printf(&path, "%s%s", path.at[path.len - 1] == '/' ? "" : "/", plain[which]);
	errno = error;
	return path.at;
}
