/* SPDX-License-Identifier: BSD-2-Clause */
/* What 08-plugins and its plug-ins agree upon. */
#ifndef PLUGINS_H
#define PLUGINS_H

#include <string>

struct plugin {
	const char *name;                           /* nullptr: the end of the table */
	std::string (*run)(const std::string &text); /* may throw */
};

/* Each shared object of plug-ins has a table of them. */
extern "C" const plugin plugins[];

#endif
