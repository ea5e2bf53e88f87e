/* SPDX-License-Identifier: BSD-2-Clause */
/* Extensions, base names and directories of items, and the letters of placeholders. */
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

/* Like dirname(1). */
static struct item
directory(struct item item)
{
	size_t len = item.len;

	while (len > 0 && item.data[len - 1] == '/')
		len--;
	while (len > 0 && item.data[len - 1] != '/')
		len--;
	if (len == 0) {
		int is_root = item.len > 0 && item.data[0] == '/';
		return (struct item){ is_root ? "/" : ".", 1 };
	}
	while (len > 1 && item.data[len - 1] == '/')
		len--;
	return (struct item){ item.data, len };
}

struct item
placeholder_apply(enum placeholder placeholder, struct item item)
{
	switch (placeholder) {
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
		const char      *letters;
		enum placeholder placeholder;
	} known[] = {
		{ "}", PLACEHOLDER_ITEM },
		{ ".}", PLACEHOLDER_STEM },
		{ "/}", PLACEHOLDER_BASE },
		{ "//}", PLACEHOLDER_DIRECTORY },
		{ "/.}", PLACEHOLDER_BASE_STEM },
		{ "#}", PLACEHOLDER_SEQ },
		{ "%}", PLACEHOLDER_SLOT },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		*len = strlen(known[i].letters);
		if (strncmp(text, known[i].letters, *len) == 0)
			return known[i].placeholder;
	}
	return PLACEHOLDER_NONE;
}
