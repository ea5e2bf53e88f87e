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

/* Where the last count extensions begin, at their first dot; item.len: there are fewer. */
static size_t
extensions_at(struct item item, unsigned count)
{
	size_t at = item.len;

	for (; count > 0; count--) {
		while (at > 0 && item.data[at - 1] != '.' && item.data[at - 1] != '/')
			at--;
		if (at == 0 || item.data[at - 1] == '/')
			return item.len;
		at--;
	}
	return at;
}

static struct item
without_extensions(struct item item, unsigned count)
{
	return (struct item){ item.data, extensions_at(item, count) };
}

static struct item
extensions(struct item item, unsigned count)
{
	size_t from = extensions_at(item, count);

	from += from < item.len; /* the dot */
	return (struct item){ item.data + from, item.len - from };
}

/* Of {+.}: as in GNU parallel this dot may be before a slash. */
static struct item
behind_last_dot(struct item item)
{
	for (size_t i = item.len; i > 0; i--)
		if (item.data[i - 1] == '.')
			return (struct item){ item.data + i, item.len - i };
	return (struct item){ "", 0 };
}

static struct item
parent(struct item item)
{
	size_t len = item.len - base(item).len;

	return (struct item){ item.data, len > 0 ? len - 1 : 0 };
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
	case PLACEHOLDER_STEM_2:
	case PLACEHOLDER_STEM_3:
		return without_extensions(item, placeholder == PLACEHOLDER_STEM_2 ? 2 : 3);
	case PLACEHOLDER_BASE_STEM_2:
	case PLACEHOLDER_BASE_STEM_3:
		return without_extensions(base(item),
		    placeholder == PLACEHOLDER_BASE_STEM_2 ? 2 : 3);
	case PLACEHOLDER_PARENT:
		return parent(item);
	case PLACEHOLDER_EXTENSION:
		return behind_last_dot(item);
	case PLACEHOLDER_EXTENSIONS_2:
	case PLACEHOLDER_EXTENSIONS_3:
		return extensions(item, placeholder == PLACEHOLDER_EXTENSIONS_2 ? 2 : 3);
	default:
		return item;
	}
}

enum placeholder
placeholder_parse(const char *text, int plus, size_t *len)
{
	static const struct {
		const char      *letters;
		enum placeholder placeholder;
		int              plus;
	} known[] = {
		{ "}", PLACEHOLDER_ITEM, 0 },
		{ ".}", PLACEHOLDER_STEM, 0 },
		{ "/}", PLACEHOLDER_BASE, 0 },
		{ "//}", PLACEHOLDER_DIRECTORY, 0 },
		{ "/.}", PLACEHOLDER_BASE_STEM, 0 },
		{ "#}", PLACEHOLDER_SEQ, 0 },
		{ "%}", PLACEHOLDER_SLOT, 0 },
		{ "..}", PLACEHOLDER_STEM_2, 1 },
		{ "...}", PLACEHOLDER_STEM_3, 1 },
		{ "/..}", PLACEHOLDER_BASE_STEM_2, 1 },
		{ "/...}", PLACEHOLDER_BASE_STEM_3, 1 },
		{ "+/}", PLACEHOLDER_PARENT, 1 },
		{ "+.}", PLACEHOLDER_EXTENSION, 1 },
		{ "+..}", PLACEHOLDER_EXTENSIONS_2, 1 },
		{ "+...}", PLACEHOLDER_EXTENSIONS_3, 1 },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		*len = strlen(known[i].letters);
		if (known[i].plus <= plus && strncmp(text, known[i].letters, *len) == 0)
			return known[i].placeholder;
	}
	return PLACEHOLDER_NONE;
}
