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

/* Members by which types show a field, as their tp_members and tp_getset have it; "|" between the names. */
static const struct {
	const char *type;
	const char *fields;
} shown[] = {
	{ "builtins.cell", "cell_contents" },
	{ "builtins.traceback", "tb_frame|tb_next" },
	{ "builtins.frame", "f_back|f_code|f_globals|f_builtins|f_trace" },
	{ "builtins.generator", "gi_frame|gi_code|gi_yieldfrom" },
	{ "builtins.coroutine", "cr_frame|cr_code|cr_await|cr_origin" },
	{ "builtins.async_generator", "ag_frame|ag_code|ag_await" },
	{ "builtins.code", "co_consts|co_names|co_filename|co_name|co_qualname" },
	{ "builtins.property", "fget|fset|fdel" },
	{ "builtins.slice", "start|stop|step" },
	{ "builtins.range", "start|stop|step" },
	{ "builtins.memoryview", "obj" },
	{ "builtins.BaseException", "args" },
	{ "builtins.BaseExceptionGroup", "args|exceptions|message" },
	{ "builtins.StopIteration", "args|value" },
	{ "builtins.SystemExit", "args|code" },
	{ "builtins.ImportError", "args|msg|name|path" },
	{ "builtins.OSError", "args|errno|strerror|filename|filename2" },
	{ "builtins.NameError", "args|name" },
	{ "builtins.AttributeError", "args|name|obj" },
	{ "builtins.SyntaxError", "args|msg|filename|lineno|offset|text|end_lineno|end_offset|print_file_and_line" },
	{ "builtins.UnicodeEncodeError", "args|encoding|object|reason" },
	{ "builtins.UnicodeDecodeError", "args|encoding|object|reason" },
	{ "builtins.UnicodeTranslateError", "args|object|reason" },
	{ "functools.partial", "func|args|keywords" },
	{ "collections.defaultdict", "default_factory" },
	{ "_asyncio.Future", "_loop|_result|_exception" },
	{ "_asyncio.Task", "_loop|_result|_exception|_coro|_fut_waiter" },
	{ "_contextvars.ContextVar", "name" },
	{ "_contextvars.Token", "var|old_value" },
	{ "numpy.ndarray", "base|dtype" },
};

static bool is_among(const char *names, const char *name)
{
	size_t bytes = strlen(name);

	for (const char *at = names; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strcspn(at, "|") == bytes && !memcmp(at, name, bytes))
			return true;
	return false;
}

bool hs_is_python_field(const char *type, const char *name)
{
	size_t bytes = strlen(name);

	/* that is a method */
	if (!strcmp(name, "__subclasses__"))
		return false;
	if (bytes > 4 && !strncmp(name, "__", 2) && !strcmp(name + bytes - 2, "__"))
		return true;
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		if (!strcmp(shown[i].type, type))
			return is_among(shown[i].fields, name);
	return false;
}
