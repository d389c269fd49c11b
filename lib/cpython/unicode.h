/* SPDX-License-Identifier: Apache-2.0 */
/* str objects: where their text stands, and their text as UTF-8 (Objects/unicodeobject.c, PEP 393). */
#ifndef HS_UNICODE_H
#define HS_UNICODE_H

#include "cpython.h"
#include "kind.h"

/*
 * The address of what PyUnicode_AsUTF8 returns without making it: the text itself of an ASCII str, the cached UTF-8
 * of another; 0 when there is none.
 */
hs_addr hs_str_utf8_address(const struct hs_cpython *py, hs_addr str);

/*
 * Writes the text of the str at `address` as UTF-8 (lone surrogates as three bytes) into `ret`, NUL-terminated, cut at
 * a character when it does not fit. Returns false when this is no readable str (ret is then "").
 */
bool hs_str_read(const struct hs_cpython *py, hs_addr address, char *ret, size_t ret_bytes);

/* True if the str at `address` is ASCII and equals `text`. */
bool hs_str_equals(const struct hs_cpython *py, hs_addr address, const char *text);

/* Kind hooks of str. */
uint64_t hs_str_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_str_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_str_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
