/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing the values of options that have a syntax of their own. */
#include "config.h"
#include "tool/cli/option_values.h"

#include <grp.h>
#include <pwd.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "forkpool.h"
#include "tool/base/bytes.h"
#include "tool/base/parse_units.h"

static const char delimiter_is[] = "must be one byte, or one of \\n \\t \\0 \\xHH \\OOO";
static const char halt_is[] =
    "must be never, or soon or now followed by ,fail= ,success= or ,done= and N or N%, such as "
    "now,fail=1";
static const char term_seq_is[] =
    "must be TERM, milliseconds, and so on, and KILL at its end, such as TERM,200,KILL";
static const char timeout_is[] =
    "must be a time, or above 100% of the median run time, such as 200%: a job of the median "
    "length is to come to its end";
static const char plugin_is[] = "must be a file, a colon and functions, such as ./jobs.so:work";

const char *
option_value_delimiter(const char *text, int *separator)
{
	static const char names[] = "abfnrtv\\", bytes[] = "\a\b\f\n\r\t\v\\";
	const char *name;
	char *end;
	unsigned long n;

	if (text[0] != '\0' && text[1] == '\0') {
		*separator = (unsigned char)text[0];
		return NULL;
	}
	if (text[0] != '\\' || text[1] == '\0')
		return delimiter_is;
	if (text[2] == '\0' && (name = strchr(names, text[1])) != NULL) {
		*separator = (unsigned char)bytes[name - names];
		return NULL;
	}
	const char *digits = text[1] == 'x' ? text + 2 : text + 1;
	const char *known = text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
	if (*digits == '\0' || strspn(digits, known) != strlen(digits))
		return delimiter_is;
	n = strtoul(digits, &end, text[1] == 'x' ? 16 : 8);
	if (n > 0xff)
		return delimiter_is;
	*separator = (int)n;
	return NULL;
}

/* N or N%. */
static const char *
halt_number(const char *text, struct halt_option *halt)
{
	size_t digits = strspn(text, "0123456789.");
	long long n;

	if (digits > 0 && digits < 20 && strcmp(text + digits, "%") == 0) {
		char *end;
		halt->percent = strtod(text, &end);
		if (end != text + digits || !(halt->percent > 0 && halt->percent <= 100))
			return halt_is;
		return NULL;
	}
	if (parse_count(text, 1, 1000000000, &n) != NULL)
		return halt_is;
	halt->count = (unsigned)n;
	return NULL;
}

const char *
option_value_halt(const char *text, struct halt_option *halt)
{
	static const struct { const char *text; struct halt_option halt; } whole[] = {
		{ "never", { .when = HALT_NEVER } },
		{ "0", { .when = HALT_NEVER } },
		{ "1", { .when = HALT_SOON, .what = HALT_FAIL, .count = 1 } },
		{ "2", { .when = HALT_NOW, .what = HALT_FAIL, .count = 1 } },
		{ "-1", { .when = HALT_SOON, .what = HALT_SUCCESS, .count = 1 } },
		{ "-2", { .when = HALT_NOW, .what = HALT_SUCCESS, .count = 1 } },
	};
	static const struct { const char *text; enum halt_when when; } whens[] = {
		{ "soon,", HALT_SOON },
		{ "now,", HALT_NOW },
	};
	static const struct { const char *text; enum halt_what what; } whats[] = {
		{ "fail=", HALT_FAIL },
		{ "success=", HALT_SUCCESS },
		{ "done=", HALT_DONE },
	};

	*halt = (struct halt_option){ .when = HALT_SOON, .what = HALT_FAIL };
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
		if (strcmp(text, whole[i].text) == 0) {
			*halt = whole[i].halt;
			return NULL;
		}
	if (text[0] != '\0' && text[strlen(text) - 1] == '%' &&
	    strspn(text, "0123456789.%") == strlen(text))
		return halt_number(text, halt);
	for (size_t i = 0; i < sizeof whens / sizeof whens[0]; i++) {
		size_t len = strlen(whens[i].text);
		if (strncmp(text, whens[i].text, len) != 0)
			continue;
		halt->when = whens[i].when;
		for (size_t j = 0; j < sizeof whats / sizeof whats[0]; j++) {
			size_t what_len = strlen(whats[j].text);
			if (strncmp(text + len, whats[j].text, what_len) == 0) {
				halt->what = whats[j].what;
				return halt_number(text + len + what_len, halt);
			}
		}
	}
	return halt_is;
}

const char *
option_value_timeout(const char *text, int64_t *ns, double *percent)
{
	const size_t digits = strspn(text, "0123456789.");
	char *end;

	*ns = 0;
	*percent = 0;
	if (strchr(text, '%') == NULL)
		return parse_duration(text, ns);
	if (digits == 0 || digits > 20 || strcmp(text + digits, "%") != 0)
		return timeout_is;
	*percent = strtod(text, &end);
	if (end != text + digits || !(*percent > 100 && *percent <= 1000000))
		return timeout_is;
	return NULL;
}

const char *
option_value_term_seq(const char *text, int64_t *grace_ns)
{
	int64_t sum = 0;
	int terms = 0;

	for (const char *at = text;;) {
		size_t len = strcspn(at, ",");
		const char *name = strncasecmp(at, "SIG", 3) == 0 ? at + 3 : at;
		size_t name_len = len - (size_t)(name - at);
		char number[16];
		long long ms;
		int last = 0;

		if (name_len != 4)
			return term_seq_is;
		if (strncasecmp(name, "KILL", 4) == 0)
			last = 1;
		else if (strncasecmp(name, "TERM", 4) == 0)
			terms++;
		else
			return term_seq_is;
		at += len;
		if (last && *at == '\0')
			break;
		if (*at != ',')
			return term_seq_is;
		at++;
		len = strcspn(at, ",");
		if (len == 0 || len >= sizeof number)
			return term_seq_is;
		memcpy(number, at, len);
		number[len] = '\0';
		if (parse_count(number, 0, 1000000000, &ms) != NULL)
			return term_seq_is;
		at += len;
		if (last) {
			if (*at != '\0')
				return term_seq_is;
			break; /* a time after KILL has no effect: nothing follows it */
		}
		sum += ms * 1000000;
		if (*at != ',')
			return term_seq_is;
		at++;
	}
	if (terms == 0 || sum == 0)
		return "must have a SIGTERM and a time above 0 before KILL, such as TERM,200,KILL";
	*grace_ns = sum;
	return NULL;
}

const char *
option_value_plugin(const char *text, char **file, char **functions)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	const char *colon = strrchr(text, ':');

	if (colon == NULL || colon == text || colon[1] == '\0')
		return plugin_is;
	for (const char *at = colon + 1;; at++) {
		size_t len = strspn(at, letters);
		if (len == 0 || (at[0] >= '0' && at[0] <= '9') ||
		    (at[len] != ',' && at[len] != '\0'))
			return plugin_is;
		at += len;
		if (*at == '\0')
			break;
	}
	char *copy = strdup(text);
	if (copy == NULL)
		fail_memory();
	copy[colon - text] = '\0';
	*file = copy;
	*functions = copy + (colon - text) + 1;
	return NULL;
}

const char *
option_value_colsep(const char *text, char **regex)
{
	static const char names[] = "tnrf", bytes[] = "\t\n\r\f";
	static const char wrong[] = "is not a regular expression: ";
	static char sentence[256];
	struct bytes out = { 0 };
	regex_t compiled;
	const char *name;

	if (text[0] == '\0')
		return "must be a regular expression, such as '\\t' or ','";
	for (const char *at = text; *at != '\0'; at++) {
		if (at[0] != '\\' || at[1] == '\0') {
			bytes_add_byte(&out, at[0]);
			continue;
		}
		at++;
		if ((name = strchr(names, at[0])) != NULL)
			bytes_add_byte(&out, bytes[name - names]);
		else if (at[0] == 'd')
			bytes_add_text(&out, "[0-9]");
		else {
			bytes_add_byte(&out, '\\');
			bytes_add_byte(&out, at[0]);
		}
	}
	int error = regcomp(&compiled, out.at, REG_EXTENDED);
	if (error != 0) {
		memcpy(sentence, wrong, sizeof wrong);
		(void)regerror(error, &compiled, sentence + sizeof wrong - 1,
		    sizeof sentence - sizeof wrong + 1);
		bytes_free(&out);
		return sentence;
	}
	int empty = regexec(&compiled, "", 0, NULL, 0) == 0;
	regfree(&compiled);
	if (empty) {
		bytes_free(&out);
		return "must not match nothing at all, since it is to stand between columns";
	}
	*regex = out.at;
	return NULL;
}

const char *
option_value_limit(const char *text)
{
	static const char *const built_in[] = { "io ", "load ", "mem " };

	for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++)
		if (strncmp(text, built_in[i], strlen(built_in[i])) == 0)
			return "is built in in GNU parallel alone: use --load or --memfree, or "
			       "give a command";
	return text[strspn(text, " \t\n")] == '\0' ? "must be a command for sh" : NULL;
}

const char *
option_value_jobserver_style(const char *text, enum jobserver_style *style)
{
	static const char *const names[] = {
		[JOBSERVER_AUTO] = "auto",
		[JOBSERVER_PIPE] = "pipe",
		[JOBSERVER_FIFO] = "fifo",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(text, names[i]) == 0) {
			*style = (enum jobserver_style)i;
			return NULL;
		}
	return "must be auto, pipe or fifo";
}

const char *
option_value_group_markers(const char *text, enum group_markers *markers)
{
	if (strcmp(text, "github") != 0 && strcmp(text, "gitlab") != 0)
		return "must be github or gitlab";
	*markers = strcmp(text, "github") == 0 ? MARKERS_GITHUB : MARKERS_GITLAB;
	return NULL;
}

const char *
option_value_network(const char *text, int *network)
{
	if (text != NULL && strcmp(text, "open") != 0 && strcmp(text, "loopback") != 0)
		return "must be open or loopback";
	*network = text != NULL && strcmp(text, "loopback") == 0 ? FORKPOOL_NETWORK_LOOPBACK :
								   FORKPOOL_NETWORK_OPEN;
	return NULL;
}

/* A number that stands for a user or a group; -1: it is none. */
static long long
id_number(const char *text)
{
	long long n;

	/* The largest number stands for no user. */
	return parse_count(text, 0, (long long)UINT32_MAX - 1, &n) == NULL ? n : -1;
}

static const char *
group_value(const char *text, gid_t *gid)
{
	const struct group *group = getgrnam(text);
	long long number = id_number(text);

	if (group == NULL && number == -1)
		return "must have a group behind the colon, by name or number";
	*gid = group != NULL ? group->gr_gid : (gid_t)number;
	return NULL;
}

const char *
option_value_uid(const char *text, uid_t *uid, gid_t *gid)
{
	size_t len = strcspn(text, ":");
	const char *why = NULL;
	char *name = strndup(text, len);

	if (name == NULL)
		fail_memory();
	const struct passwd *user = getpwnam(name);
	long long number = user != NULL ? (long long)user->pw_uid : id_number(name);
	if (user == NULL && number != -1)
		user = getpwuid((uid_t)number);
	free(name);
	if (number == -1)
		return "must be a user, by name or number, or USER:GROUP";
	*uid = (uid_t)number;
	*gid = user != NULL ? user->pw_gid : (gid_t)number;
	if (text[len] == ':')
		why = group_value(text + len + 1, gid);
	if (why == NULL && (*uid == 0 || *gid == 0))
		why = "must not be root, nor root's group: the sandbox could not hold it";
	return why;
}
