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
placeholder_item(enum place place, struct item item)
{
	switch (place) {
	case PLACE_STEM:
		return without_extension(item);
	case PLACE_BASE:
		return base(item);
	case PLACE_DIRECTORY:
		return directory(item);
	case PLACE_BASE_STEM:
		return without_extension(base(item));
	default:
		return item;
	}
}

enum place
placeholder_letters(const char *text, size_t *len)
{
	static const struct {
		const char *letters;
		enum place  place;
	} places[] = {
		{ "}", PLACE_ITEM },
		{ ".}", PLACE_STEM },
		{ "/}", PLACE_BASE },
		{ "//}", PLACE_DIRECTORY },
		{ "/.}", PLACE_BASE_STEM },
		{ "#}", PLACE_SEQ },
		{ "%}", PLACE_SLOT },
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		*len = strlen(places[i].letters);
		if (strncmp(text, places[i].letters, *len) == 0)
			return places[i].place;
	}
	return PLACE_NONE;
}
