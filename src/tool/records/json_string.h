/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_text - pieces of JSON objects in records: texts from outside, numbers, fields.
 *
 * A field begins with ", ", so it is not an object's first.  Text that is no UTF-8 is given in base64, under the same
 * name with _base64 behind it.  Includes record_file.
 */
#ifndef FORKPOOL_TOOL_JSON_STRING_H
#define FORKPOOL_TOOL_JSON_STRING_H

#include <stddef.h>
#include <stdint.h>

#include "tool/records/record_writer.h"

/* Is all of it UTF-8? */
int  json_string_is_utf8(const char *data, size_t len);
/* What stands between the quotes of a string: of UTF-8, and of any bytes. */
void json_string_add(struct record_writer *, const char *data, size_t len);
void json_string_add_base64(struct record_writer *, const unsigned char *data, size_t len);

void json_field_text(struct record_writer *, const char *name, const char *data, size_t len);
/* A word of ours; null: there is none. */
void json_field_word(struct record_writer *, const char *name, const char *word);
/* null: it is not known. */
void json_field_number(struct record_writer *, const char *name, int64_t number, int known);
void json_field_seconds(struct record_writer *, const char *name, int64_t ns, int known);

#endif
