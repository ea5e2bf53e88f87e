/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_string - pieces of JSON objects in records: strings of bytes from outside (json_string_*),
 * and the fields with such strings, numbers and times (json_field_*).
 *
 * A field begins with ", ", so it cannot be an object's first.  Text that is not UTF-8 is written
 * in base64, under the same name with _base64 behind it.
 */
#ifndef FORKPOOL_TOOL_JSON_STRING_H
#define FORKPOOL_TOOL_JSON_STRING_H

#include <stddef.h>
#include <stdint.h>

#include "tool/records/record_writer.h"

/* Whether all of it is UTF-8. */
int  json_string_is_utf8(const char *data, size_t len);
/* The inside of a string, without the quotes: of UTF-8, and of any bytes. */
void json_string_add(struct record_writer *, const char *data, size_t len);
void json_string_add_base64(struct record_writer *, const unsigned char *data, size_t len);

void json_field_text(struct record_writer *, const char *name, const char *data, size_t len);
/* A word of our own; null if it is NULL or empty. */
void json_field_word(struct record_writer *, const char *name, const char *word);
/* null if the number is not known. */
void json_field_number(struct record_writer *, const char *name, int64_t number, int known);
void json_field_seconds(struct record_writer *, const char *name, int64_t ns, int known);

#endif
