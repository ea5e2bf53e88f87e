/* SPDX-License-Identifier: BSD-2-Clause */
/* Replaces the characters that mean something in XML. */
#include "config.h"
#include "tool/records/xml_text.h"

#include <string.h>

static const char *
reference_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>': /* at the end of "]]>" it must be one */
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

void
xml_text_add(struct bytes *to, const char *data, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		const char *reference = reference_of(data[i]);
		if (reference == NULL)
			continue;
		bytes_add(to, data + from, i - from);
		bytes_add_text(to, reference);
		from = i + 1;
	}
	bytes_add(to, data + from, len - from);
}

void
xml_attribute(struct bytes *to, const char *name, const char *text)
{
	bytes_printf(to, " %s=\"", name);
	xml_text_add(to, text, strlen(text));
	bytes_add_byte(to, '"');
}
