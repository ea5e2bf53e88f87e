/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xml_text - text as it stands in XML, in an element or between the double quotes of an attribute.
 *
 * XML 1.0 has no control characters, not even as references: hand in what escape_text() or
 * escape_lines() has made.
 */
#ifndef FORKPOOL_TOOL_XML_TEXT_H
#define FORKPOOL_TOOL_XML_TEXT_H

#include "tool/base/bytes.h"

void xml_text_add(struct bytes *, const char *data, size_t len);
/* Adds ` name="text"`. */
void xml_attribute(struct bytes *, const char *name, const char *text);

#endif
