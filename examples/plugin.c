/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin - job functions for the command forkpool, which calls one for each line of its input:
 *
 *	forkpool -k --plugin ./plugin.so:checksum <FILE
 *		prints the CRC and length of each line, as cksum(1) computes them, and the line
 *	forkpool --plugin ./plugin.so:utf8 <FILE
 *		fails for each line that is not valid UTF-8
 *	forkpool -k --plugin ./plugin.so:match --plugin-args 'REGEX' <FILE
 *		prints the lines that match
 *	forkpool -k --plugin ./plugin.so:setting <FILE
 *		prints the value of each line NAME=VALUE; has a bug, and crashes on other lines
 *
 * A crash, a hang or an error ends the job of one line: standard error names the line, and the
 * other lines go on.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <forkpool_plugin.h>

FORKPOOL_PLUGIN;

/* Made once in each worker by forkpool_plugin_init(), and used for each line. */
struct state {
	uint32_t crc[256];
	regex_t  pattern;
	locale_t utf8;
};

int
forkpool_plugin_init(const char *args, void **state)
{
	struct state *s = calloc(1, sizeof *s);

	if (s == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < 256; i++) {
		s->crc[i] = i << 24;
		for (int bit = 0; bit < 8; bit++)
			s->crc[i] = s->crc[i] << 1 ^
			    (s->crc[i] & UINT32_C(1) << 31 ? UINT32_C(0x04c11db7) : 0);
	}
	/* REGEX is wrong: a worker whose init fails runs no job. */
	if (regcomp(&s->pattern, args, REG_EXTENDED | REG_NOSUB) != 0) {
		free(s);
		return EINVAL;
	}
	if ((s->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)) != (locale_t)0)
		(void)uselocale(s->utf8);
	*state = s;
	return 0;
}

void
forkpool_plugin_exit(void *state)
{
	struct state *s = state;

	if (s->utf8 != (locale_t)0) {
		(void)uselocale(LC_GLOBAL_LOCALE);
		freelocale(s->utf8);
	}
	regfree(&s->pattern);
	free(s);
}

/* Replies the line, and the newline that the command took off as a separator. */
static int
reply_line(struct forkpool_context *context, const char *line, size_t len)
{
	if (forkpool_reply(context, line, len) != 0)
		return errno;
	return forkpool_reply(context, "\n", 1);
}

FORKPOOL_EXPORT int
checksum(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct state *s = forkpool_worker_state(context);
	const unsigned char *line = args;
	char text[48];
	uint32_t crc = 0;

	for (size_t i = 0; i < args_len; i++)
		crc = crc << 8 ^ s->crc[crc >> 24 ^ line[i]];
	for (size_t rest = args_len; rest > 0; rest >>= 8)
		crc = crc << 8 ^ s->crc[crc >> 24 ^ (rest & 0xff)];
	int n = snprintf(text, sizeof text, "%" PRIu32 " %zu ", ~crc, args_len);
	if (forkpool_reply(context, text, (size_t)n) != 0)
		return errno;
	return reply_line(context, args, args_len);
}

FORKPOOL_EXPORT int
utf8(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct state *s = forkpool_worker_state(context);
	const char *line = args;
	mbstate_t at_start = { 0 };

	if (s->utf8 == (locale_t)0)
		return forkpool_fail(context, ENOTSUP, "this system has no locale C.UTF-8");
	for (size_t at = 0; at < args_len;) {
		size_t n = mbrlen(line + at, args_len - at, &at_start);
		if (n == (size_t)-1 || n == (size_t)-2)
			return forkpool_fail(context, EILSEQ,
			    "byte %zu begins no character of UTF-8", at + 1);
		at += n == 0 ? 1 : n;
	}
	return 0;
}

FORKPOOL_EXPORT int
match(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct state *s = forkpool_worker_state(context);
	/* For REG_STARTEND: the line does not end in a NUL, and may have one in it. */
	regmatch_t line = { .rm_so = 0, .rm_eo = (regoff_t)args_len };
	int error = regexec(&s->pattern, args, 1, &line, REG_STARTEND);

	if (error == REG_NOMATCH)
		return 0;
	return error != 0 ? ENOMEM : reply_line(context, args, args_len);
}

/* Has a bug, on purpose: if the line has no "=", at is a null pointer, and *at crashes. */
FORKPOOL_EXPORT int
setting(struct forkpool_context *context, const void *args, size_t args_len)
{
	const char *line = args;
	const char *volatile at = memchr(line, '=', args_len);

	if (*at == '=')
		at++;
	return reply_line(context, at, (size_t)(line + args_len - at));
}
