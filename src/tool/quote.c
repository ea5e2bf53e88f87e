#include "config.h"
#include "quote.h"

#include <string.h>

static int
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	    c == '.' || c == '+' || c == '/';
}

static size_t
put(struct bytes *out, const char *mark, const char *data, size_t len)
{
	if (out != NULL) {
		bytes_add(out, mark, 1);
		bytes_add(out, data, len);
		bytes_add(out, mark, 1);
	}
	return len + 2;
}

/*
 * What stands between single quotes in single quotes, even if that is nothing, but for nothing at either end; and each single
 * quote in double ones.  With out NULL only the length is counted.
 */
static size_t
quote(struct bytes *out, const char *data, size_t len)
{
	size_t from = 0, total = 0;

	while (from < len && is_plain(data[from]))
		from++;
	if (from == len && len > 0) {
		if (out != NULL)
			bytes_add(out, data, len);
		return len;
	}
	for (from = 0;; from++) {
		size_t to = from;
		while (to < len && data[to] != '\'')
			to++;
		if (to > from || (from > 0 && to < len) || len == 0)
			total += put(out, "'", data + from, to - from);
		if (to == len)
			return total;
		total += put(out, "\"", "'", 1);
		from = to;
	}
}

void
quote_word(struct bytes *out, const char *data, size_t len)
{
	(void)quote(out, data, len);
}

size_t
quote_len(const char *data, size_t len)
{
	return quote(NULL, data, len);
}
