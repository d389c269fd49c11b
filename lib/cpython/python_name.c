/* SPDX-License-Identifier: Apache-2.0 */
/* Python's keywords, and the attributes by which its builtin types show their fields. */
#include "python_name.h"

#include <string.h>

static bool is_listed(const char *name, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static bool starts_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool hs_is_identifier(const char *name)
{
	/* Lib/keyword.py, the hard ones of 3.8–3.15 */
	static const char *const keywords[] = {
		"False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
		"elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
		"not", "or", "pass", "raise", "return", "try", "while", "with", "yield", NULL,
	};

	if (!starts_name(*name))
		return false;
	for (const char *at = name; *at; at++)
		if (!starts_name(*at) && !(*at >= '0' && *at <= '9'))
			return false;
	return !is_listed(name, keywords);
}

bool hs_is_python_field(const char *name)
{
	/* Doc/library/inspect.rst and the tp_members and tp_getset of the types in question */
	static const char *const fields[] = {
		"cell_contents",
		"tb_frame", "tb_next",
		"f_back", "f_code", "f_globals", "f_builtins", "f_trace",
		"gi_frame", "gi_code", "gi_yieldfrom", "cr_frame", "cr_code", "cr_await", "cr_origin", "ag_frame", "ag_code", "ag_await",
		"co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename", "co_name", "co_qualname",
		"fget", "fset", "fdel",
		"func", "args", "keywords",
		"default_factory",
		"start", "stop", "step",
		"obj", "base",
		"name", "msg", "path", "value", "code", "filename", "filename2", "strerror", "errno", "text", "print_file_and_line",
		"object", "encoding", "reason", "exceptions", "message",
		"tzinfo",
		NULL,
	};
	size_t bytes = strlen(name);

	if (bytes > 4 && !strncmp(name, "__", 2) && !strcmp(name + bytes - 2, "__"))
		return true;
	return is_listed(name, fields);
}
