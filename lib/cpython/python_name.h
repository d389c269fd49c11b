/* SPDX-License-Identifier: Apache-2.0 */
/* Which names Python's own syntax can say. Reads nothing. */
#ifndef HS_PYTHON_NAME_H
#define HS_PYTHON_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* True for an ASCII identifier that is no keyword: what may follow a dot. */
bool hs_is_identifier(const char *name);

/*
 * True if field `name` of an object of the C type `type` (by its full name) is an attribute of that name in Python: "__globals__" of
 * a function, "tb_frame" of a traceback; not what only the C struct calls so.
 */
bool hs_is_python_field(const char *type, const char *name);

#endif
