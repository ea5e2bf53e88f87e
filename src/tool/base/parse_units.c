/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsers of what people write for numbers, sizes, times and shares of the processors. */
#include "config.h"
#include "tool/base/parse_units.h"

#include <libutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forkpool.h"

#define DIGITS "0123456789"
#define NS_PER_S 1000000000LL

enum {
	WORKERS_MANY = 252, /* -j 0, as GNU parallel */
	WORKERS_MAX = 4096, /* what a pool can have */
};

static const char size_is[] = "must be a size from 1, such as 4096, 64K, 10M, 2G or 1T";
static const char duration_is[] =
    "must be a time above 0 and below 200 years, such as 2, 1.5, 200ms, 3m, 2h, 1d or 1h30m";
static const char processors_are[] = "must be a number above 0, or N% of the processors";
static const char workers_are[] =
    "must be a number from 0 to 4096, or +N, -N or N% of the processors";

const char *
parse_count(const char *text, long long min, long long max, long long *value)
{
	static char sentence[96];
	const char *error = "";
	long long n = 0;

	/* strtonum() would also accept leading blanks and a plus sign. */
	if (strspn(text, "-" DIGITS) == strlen(text))
		n = strtonum(text, min, max, &error);
	if (error == NULL) {
		*value = n;
		return NULL;
	}
	(void)snprintf(sentence, sizeof sentence, "must be a number from %lld to %lld", min, max);
	return sentence;
}

const char *
parse_size(const char *text, int64_t *bytes)
{
	size_t digits = strspn(text, DIGITS), suffix = strspn(text + digits, "kKmMgGtT");
	uint64_t n;

	if (digits == 0 || suffix > 1 || text[digits + suffix] != '\0' ||
	    expand_number(text, &n) == -1 || n == 0 || n > INT64_MAX)
		return size_is;
	*bytes = (int64_t)n;
	return NULL;
}

/*
 * Length of the decimal number at the beginning of text, or 0.  strtod() would also accept
 * exponents, "inf" and the like.
 */
static size_t
decimal(const char *text)
{
	size_t len = strspn(text, DIGITS);
	size_t fraction = text[len] == '.' ? strspn(text + len + 1, DIGITS) : 0;

	if (len + fraction == 0)
		return 0;
	return text[len] == '.' ? len + 1 + fraction : len;
}

/* Nanoseconds of the unit whose name, *len bytes long, text begins with; 0: it is no unit. */
static int64_t
unit(const char *text, size_t *len)
{
	static const struct {
		const char *name;
		int64_t     ns;
	} units[] = {
		{ "ms", 1000000 },
		{ "us", 1000 },
		{ "s", NS_PER_S },
		{ "m", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S },
		{ "d", 86400 * NS_PER_S },
	};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		*len = strlen(units[i].name);
		if (strncmp(text, units[i].name, *len) == 0)
			return units[i].ns;
	}
	return 0;
}

const char *
parse_duration(const char *text, int64_t *ns)
{
	const long double max = 200.0L * 365 * 86400 * NS_PER_S;
	long double sum = 0;

	for (const char *at = text;;) {
		size_t digits = decimal(at), len;
		char number[64];
		if (digits == 0 || digits >= sizeof number)
			return duration_is;
		memcpy(number, at, digits);
		number[digits] = '\0';
		at += digits;
		if (*at == '\0') { /* a number alone is seconds; 1m30 is an error */
			if (at != text + digits)
				return duration_is;
			sum = strtold(number, NULL) * NS_PER_S;
			break;
		}
		int64_t each = unit(at, &len);
		if (each == 0)
			return duration_is;
		sum += strtold(number, NULL) * (long double)each;
		at += len;
		if (*at == '\0')
			break;
	}
	if (!(sum >= 1 && sum < max))
		return duration_is;
	*ns = (int64_t)sum;
	return NULL;
}

/* A number, or a share of the whole in percent. */
static const char *
parse_share(const char *text, double whole, double *value)
{
	size_t len = strlen(text), digits = decimal(text);

	if (digits == 0 || digits > 20 || (len != digits && strcmp(text + digits, "%") != 0))
		return processors_are;
	double n = strtod(text, NULL);
	if (len != digits)
		n = n * whole / 100;
	if (!(n > 0))
		return processors_are;
	*value = n;
	return NULL;
}

const char *
parse_load(const char *text, double *value)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	return parse_share(text, online < 1 ? 1 : (double)online, value);
}

const char *
parse_workers(const char *text, unsigned *workers)
{
	size_t len = strlen(text);
	long long n;
	double share;

	if (len > 0 && text[len - 1] == '%') {
		if (parse_share(text, forkpool_processors(), &share) != NULL || share > WORKERS_MAX)
			return workers_are;
		n = (long long)share;
		if ((double)n < share)
			n++;
	} else if (text[0] == '+' || text[0] == '-') {
		if (strspn(text + 1, DIGITS) != len - 1 ||
		    parse_count(text + 1, 0, WORKERS_MAX, &n) != NULL)
			return workers_are;
		n = (long long)forkpool_processors() + (text[0] == '+' ? n : -n);
		if (n < 1)
			n = 1;
	} else {
		if (parse_count(text, 0, WORKERS_MAX, &n) != NULL)
			return workers_are;
		if (n == 0)
			n = WORKERS_MANY;
	}
	if (n > WORKERS_MAX)
		return workers_are;
	*workers = (unsigned)n;
	return NULL;
}
