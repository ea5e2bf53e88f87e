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
#include <unistd.h>

#include "tool/base/anchored_file.h"
#include "tool/base/escape.h"
#include "tool/base/message.h"
#include "tool/records/record_writer.h"
#include "tool/taskgen/template.h"

static const struct options *options;
/* DIR itself; of a template the directories before its first placeholder, where jobs can write to
   them or below, so that none is looked up once jobs run; else none. */
static struct anchored_dir directory = { .fd = -1 };
static size_t before_place;       /* how many bytes of a template's text name that directory */
static int is_template;
static size_t name_max;
static struct template *template; /* parsed at the first job: it needs the columns' names */
static struct bytes names, path;
static int said;
static struct place failed_in; /* what was to be written, for anchored_why() */

/* The three files' names in a directory, and their endings behind the template's text. */
static const char *const plain[] = { "seq", "stdout", "stderr" };
static const char *const suffix[] = { ".seq", "", ".err" };
enum { SEQ, OUT, ERR, FILES };

static int
failed(const char *what)
{
	const struct anchored_dir in = { .fd = -1, .place = failed_in };
	const char *why = anchored_why(&in);
	char shown[400];

	if (!said) {
		(void)escape_text(shown, sizeof shown, what, strlen(what));
		message("--results: cannot write %s: %s", shown, why);
	}
	said = 1;
	return -1;
}

/* How long the directory is that a template names before any placeholder. */
static size_t
directory_before_place(const struct options *o)
{
	const char *text = o->results, *replace = o->replace != NULL ? strstr(text, o->replace) :
								       NULL;
	size_t len = strcspn(text, "{");

	if (replace != NULL && (size_t)(replace - text) < len)
		len = (size_t)(replace - text);
	while (len > 0 && text[len - 1] != '/')
		len--;
	return len;
}

static void
directory_open(const char *name)
{
	if (anchored_dir_open(&directory, NULL, name, ANCHORED_MAKE) == -1)
		fail("--results: cannot make the directory %s: %s", name,
		    anchored_why(&directory));
}

void
results_dir_name(const struct options *o)
{
	char *place[] = { o->results, NULL };

	options = o;
	said = 0;
	before_place = 0;
	name_max = NAME_MAX;
	/* Without a placeholder in it, --results names a directory. */
	struct template *t = template_parse(place, 1, TEMPLATE_PLAIN, o, NULL, 0);
	is_template = template_has_place(t);
	template_free(t);
}

void
results_dir_open(const struct options *o)
{
	results_dir_name(o);
	if (!is_template) {
		directory_open(o->results);
		long max = fpathconf(directory.fd, _PC_NAME_MAX);
		if (max > 32 && max < NAME_MAX)
			name_max = (size_t)max;
	} else if (untrusted_places_exist() && (before_place = directory_before_place(o)) > 0) {
		bytes_clear(&path);
		bytes_printf(&path, "%.*s", (int)before_place, o->results);
		directory_open(path.at);
	}
}

void
results_dir_close(void)
{
	anchored_dir_close(&directory);
	template_free(template);
	template = NULL;
	bytes_free(&names);
	bytes_free(&path);
}

/* -------------------------------------------------------------------------------------- writing */

/* A link from a directory that jobs cannot write to may lead to one that they can. */
static int
file_find(struct anchored_file *f, const struct anchored_dir *in, const char *name)
{
	if (in->place.trust == TRUSTED && untrusted_places_exist())
		return anchored_file_find(f, in, name, ANCHORED_FIND);
	return anchored_file_in(f, in, name);
}

/* Writes a file with text or, if it is NULL, with the output. */
static int
file_write(const struct anchored_dir *in, const char *name, const char *text,
    const struct output_buffer *stored)
{
	struct anchored_file file;
	int to = -1, done = -1;

	int found = file_find(&file, in, name);
	failed_in = file.dir.place;
	if (found == -1)
		return -1;
	if ((to = anchored_file_open(&file, O_WRONLY | O_TRUNC)) != -1)
		done = text != NULL ? record_piece_write(&to, text, strlen(text)) :
		    record_pieces(stored, record_piece_write, &to);
	int error = done == -1 ? errno : 0;
	if (to != -1 && close(to) == -1 && error == 0 && errno != EINTR)
		error = errno;
	if (error != 0)
		anchored_file_drop(&file);
	else if (anchored_file_put(&file) == -1)
		error = errno;
	anchored_file_free(&file);
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
files_write(const struct anchored_dir *in, const char *base, const char *const *end,
    const struct job_record *r)
{
	char seq[24], name[2 * NAME_MAX];
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
directory_enter(struct anchored_dir *in, size_t count)
{
	const char *name = names.at;
	int status = anchored_dir_open(in, &directory, ".", ANCHORED_MAKE);

	for (size_t i = 0; i < count && status == 0; i++, name += strlen(name) + 1) {
		struct anchored_dir above = *in;
		status = anchored_dir_open(in, &above, name, ANCHORED_MAKE);
		anchored_dir_close(&above);
	}
	failed_in = in->place;
	return status;
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

/* Makes the directories that the path names, up to its last slash, and enters them. */
static int
path_enter(struct anchored_dir *in, const char *base)
{
	const int is_below = directory.fd != -1 &&
	    strncmp(path.at, options->results, before_place) == 0;
	const char *at = path.at;

	*in = (struct anchored_dir){ .fd = -1 };
	/* An item that begins with a slash stays below the template's directory. */
	if (is_below)
		for (at += before_place; *at == '/';)
			at++;
	char *before = strndup(at, (size_t)(base - at));
	if (before == NULL)
		return -1;
	int status = anchored_dir_open(in, is_below ? &directory : NULL,
	    *before != '\0' ? before : ".", ANCHORED_MAKE);
	int error = errno;
	free(before);
	failed_in = in->place;
	errno = error;
	return status;
}

static int
template_add(const struct job_record *r)
{
	struct anchored_dir in;

	failed_in = (struct place){ .trust = TRUSTED };
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
	const char *slash = strrchr(path.at, '/'), *base = slash != NULL ? slash + 1 : path.at;
	int wrote = path_enter(&in, base) == 0 &&
	    files_write(&in, base, *base == '\0' ? plain : suffix, r) == 0;
	anchored_dir_close(&in);
	return wrote ? 0 : failed(path.at);
}

int
results_dir_add(const struct job_record *r)
{
	struct anchored_dir in;

	if (is_template)
		return template_add(r);
	int wrote = directory_enter(&in, results_names(r, name_max, &names)) == 0 &&
	    files_write(&in, "", plain, r) == 0;
	anchored_dir_close(&in);
	return wrote ? 0 : failed(results_dir_place(r));
}

const char *
results_dir_place(const struct job_record *r)
{
	return results_dir_file(r, record_size(r->err) > 0 || record_size(r->out) == 0);
}

const char *
results_dir_file(const struct job_record *r, int is_err)
{
	const int which = is_err ? ERR : OUT;

	if (is_template) {
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
