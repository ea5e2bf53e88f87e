/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/taskgen/placeholder.h"

#include <string.h>

static struct item
without_extension(struct item item)
{
	for (size_t i = item.len; i > 0 && item.data[i - 1] != '/'; i--) {
		if (item.data[i - 1] == '.')
			return (struct item){ item.data, i - 1 };
	}
	return item;
}

static struct item
base(struct item item)
{
	for (size_t i = item.len; i > 0; i--) {
		if (item.data[i - 1] == '/')
			return (struct item){ item.data + i, item.len - i };
	}
	return item;
}

/* As dirname(1). */
static struct item
directory(struct item item)
{
	size_t len = item.len;

	while (len > 0 && item.data[len - 1] == '/')
		len--;
	while (len > 0 && item.data[len - 1] != '/')
		len--;
	if (len == 0)
		return item.len > 0 && item.data[0] == '/' ? (struct item){ "/", 1 } :
							     (struct item){ ".", 1 };
	while (len > 1 && item.data[len - 1] == '/')
		len--;
	return (struct item){ item.data, len };
}

struct item
placeholder_apply(enum placeholder place, struct item item)
{
	switch (place) {
	case PLACEHOLDER_STEM:
		return without_extension(item);
	case PLACEHOLDER_BASE:
		return base(item);
	case PLACEHOLDER_DIRECTORY:
		return directory(item);
	case PLACEHOLDER_BASE_STEM:
		return without_extension(base(item));
	default:
		return item;
	}
}

enum placeholder
placeholder_parse(const char *text, size_t *len)
{
	static const struct {
		const char *letters;
		enum placeholder  place;
	} places[] = {
		{ "}", PLACEHOLDER_ITEM },
		{ ".}", PLACEHOLDER_STEM },
		{ "/}", PLACEHOLDER_BASE },
		{ "//}", PLACEHOLDER_DIRECTORY },
		{ "/.}", PLACEHOLDER_BASE_STEM },
		{ "#}", PLACEHOLDER_SEQ },
		{ "%}", PLACEHOLDER_SLOT },
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		*len = strlen(places[i].letters);
		if (strncmp(text, places[i].letters, *len) == 0)
			return places[i].place;
	}
	return PLACEHOLDER_NONE;
}
