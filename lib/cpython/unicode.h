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

/* The str or bytes whose text starts at `text`, as C code keeps it that was given the text (PyUnicode_AsUTF8, PyBytes_AsString); 0: none. */
hs_addr hs_text_owner(const struct hs_cpython *py, hs_addr text);

/*
 * Writes the text of the str at `address` as UTF-8 (lone surrogates as three bytes) into `ret`, NUL-terminated, cut at
 * a character when it does not fit. Returns false when this is no readable str (ret is then "").
 */
bool hs_str_read(const struct hs_cpython *py, hs_addr address, char *ret, size_t ret_bytes);

/* The characters of a str as they stand in the image. */
struct hs_str_view {
	const uint8_t *data; /* borrowed from the image; n × kind bytes */
	unsigned kind;       /* bytes a character: 1, 2, 4 */
	uint64_t n;          /* characters that may be read: at most as many as were asked for */
	uint64_t length;     /* len() */
	bool is_redacted;    /* the text is not there: `data` is "…" in its place, and `length` what it had */
};

/* The first characters of the str at `address`, at most `max`; false when this is no readable str. */
bool hs_str_view(const struct hs_cpython *py, hs_addr address, uint64_t max, struct hs_str_view *ret);

/* Character `i` < n of a view. */
static inline uint32_t hs_str_code(const struct hs_str_view *view, uint64_t i)
{
	uint32_t code = 0;

	memcpy(&code, view->data + i * view->kind, view->kind);
	return code;
}

/* True if bytes that are part of a value are zeros because the image is redacted (or might be). False for none. */
bool hs_bytes_are_redacted(const struct hs_cpython *py, const uint8_t *data, uint64_t bytes);

/* True if the str at `address` is ASCII and equals `text`. */
bool hs_str_equals(const struct hs_cpython *py, hs_addr address, const char *text);

/* Kind hooks of str. */
uint64_t hs_str_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_str_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_str_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
