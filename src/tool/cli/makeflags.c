/* SPDX-License-Identifier: BSD-2-Clause */
/* Splitting MAKEFLAGS into words, and what each of them means. */
#include "config.h"
#include "tool/cli/makeflags.h"

#include <limits.h>
#include <string.h>

#include "tool/base/parse_units.h"

/* The next word, with its backslashes; NULL: no more words. */
static const char *
word_next(const char **at, size_t *len)
{
	const char *word = *at + strspn(*at, " \t"), *end = word;

	while (*end != '\0' && *end != ' ' && *end != '\t')
		end += *end == '\\' && end[1] != '\0' ? 2 : 1;
	*at = end;
	*len = (size_t)(end - word);
	return *len > 0 ? word : NULL;
}

/* Writes the word without its protecting backslashes to an emptied buffer. */
static void
word_plain(struct bytes *to, const char *word, size_t len)
{
	bytes_clear(to);
	bytes_add(to, "", 0);
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '\\' && i + 1 < len)
			i++;
		bytes_add_byte(to, word[i]);
	}
}

/* The text behind name in word; NULL: word does not begin with name. */
static const char *
value_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) == 0 ? word + len : NULL;
}

static const char *
server_of(const char *word)
{
	const char *value = value_of(word, "--jobserver-auth=");

	return value != NULL ? value : value_of(word, "--jobserver-fds=");
}

/* The number behind -j or --jobs, "" where none follows; NULL: another option. */
static const char *
jobs_of(const char *word)
{
	const char *value = value_of(word, "--jobs=");

	if (value != NULL || strcmp(word, "--jobs") == 0)
		return value != NULL ? value : "";
	value = value_of(word, "-j");
	return value != NULL && strspn(value, "0123456789") == strlen(value) ? value : NULL;
}

/* 0, or -1: the text is no number. */
static int
descriptor_of(const char *text, size_t len, int *fd)
{
	char number[24];
	long long n;

	if (len == 0 || len >= sizeof number)
		return -1;
	memcpy(number, text, len);
	number[len] = '\0';
	if (parse_count(number, INT_MIN, INT_MAX, &n) != NULL)
		return -1;
	*fd = (int)n;
	return 0;
}

static void
server_read(struct makeflags *m, const char *value)
{
	const char *path = value_of(value, "fifo:"), *comma = strchr(value, ',');

	bytes_clear(&m->text);
	bytes_add_text(&m->text, path != NULL ? path : value);
	m->read_fd = m->write_fd = -1;
	if (path != NULL)
		m->server = path[0] != '\0' ? MAKEFLAGS_FIFO : MAKEFLAGS_UNKNOWN;
	else if (comma == NULL ||
	    descriptor_of(value, (size_t)(comma - value), &m->read_fd) == -1 ||
	    descriptor_of(comma + 1, strlen(comma + 1), &m->write_fd) == -1)
		m->server = MAKEFLAGS_UNKNOWN;
	else
		m->server = m->read_fd < 0 || m->write_fd < 0 ? MAKEFLAGS_CLOSED : MAKEFLAGS_PIPE;
}

static int
is_letters(const char *word)
{
	return word[0] != '-' && strchr(word, '=') == NULL;
}

void
makeflags_read(struct makeflags *m, const char *value)
{
	struct bytes plain = { 0 };
	const char *at = value != NULL ? value : "", *word, *part;
	size_t len;
	long long n;

	*m = (struct makeflags){ .read_fd = -1, .write_fd = -1 };
	for (int first = 1; (word = word_next(&at, &len)) != NULL; first = 0) {
		word_plain(&plain, word, len);
		if (strcmp(plain.at, "--") == 0)
			break;
		if (first && is_letters(plain.at))
			m->dry_run = strchr(plain.at, 'n') != NULL;
		else if ((part = server_of(plain.at)) != NULL)
			server_read(m, part);
		else if ((part = jobs_of(plain.at)) != NULL)
			m->jobs = parse_count(part, 1, UINT_MAX, &n) == NULL ? (unsigned)n : 0;
	}
	bytes_free(&plain);
}

void
makeflags_free(struct makeflags *m)
{
	bytes_free(&m->text);
	*m = (struct makeflags){ 0 };
}

/* A blank stands before the first word too, or make would read it as option letters. */
static void
words_add(struct bytes *to, const char *words, size_t len)
{
	bytes_add_byte(to, ' ');
	bytes_add(to, words, len);
}

void
makeflags_write(struct bytes *to, const char *value, const char *words)
{
	struct bytes plain = { 0 };
	const char *at = value != NULL ? value : "", *word;
	size_t len;
	int put = words[0] == '\0';

	for (int first = 1; (word = word_next(&at, &len)) != NULL; first = 0) {
		word_plain(&plain, word, len);
		if (strcmp(plain.at, "--") == 0) {
			/* Keep the variables behind "--" byte for byte. */
			if (!put)
				words_add(to, words, strlen(words));
			put = 1;
			words_add(to, word, strlen(word));
			break;
		}
		if (first && is_letters(plain.at))
			bytes_add(to, word, len);
		else if (server_of(plain.at) == NULL && jobs_of(plain.at) == NULL &&
		    value_of(plain.at, "--jobserver-style=") == NULL)
			words_add(to, word, len);
	}
	if (!put)
		words_add(to, words, strlen(words));
	bytes_add(to, "", 0);
	bytes_free(&plain);
}
