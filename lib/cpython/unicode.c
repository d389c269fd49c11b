/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str objects.
 *
 *   compact ASCII   PyASCIIObject | text 1 byte a character, NUL          (text is its own UTF-8)
 *   compact         PyCompactUnicodeObject | text 1, 2 or 4 bytes a character
 *   legacy          PyUnicodeObject → data, a block of its own (subclasses of str; up to 3.11 also C API strings,
 *                   whose `ready` bit is 0 until their first use: their data is then wstr)
 */
#include "unicode.h"

#include <stdio.h>
#include <string.h>

#include "exact_type.h"

struct text {
	const struct hs_cpython *py;
	uint64_t length;      /* characters */
	unsigned kind;        /* bytes a character: 1, 2, 4; 0: not ready (up to 3.11) */
	bool is_compact, is_ascii;
	hs_addr data;         /* 0: none */
	hs_addr utf8;         /* cached UTF-8; 0: none, or the text itself */
	uint64_t utf8_length;
	hs_addr wstr;         /* up to 3.11; 0: none */
	uint64_t wstr_length;
};

static bool read_text(const struct hs_cpython *py, const struct hs_object *object, struct text *ret)
{
	const struct hs_layout *layout = py->layout;
	struct text text = { .py = py };

	text.length = HS_BODY(py, object, PyASCIIObject, length);
	text.kind = HS_BODY_FIELD(py, object, PyASCIIObject, kind);
	text.is_compact = HS_BODY_FIELD(py, object, PyASCIIObject, compact);
	text.is_ascii = HS_BODY_FIELD(py, object, PyASCIIObject, ascii);
	if (text.length >> 47 || (text.kind != 0 && text.kind != 1 && text.kind != 2 && text.kind != 4) ||
	    (text.is_ascii && text.kind != 1) || (text.is_compact && !text.kind))
		return false;
	text.wstr = HS_BODY(py, object, PyASCIIObject, wstr);
	if (text.is_compact && text.is_ascii) {
		text.data = object->address + HS_SIZEOF(layout, PyASCIIObject);
	} else {
		text.data = text.is_compact ? object->address + HS_SIZEOF(layout, PyCompactUnicodeObject)
					    : HS_BODY(py, object, PyUnicodeObject, data);
		text.utf8 = HS_BODY(py, object, PyCompactUnicodeObject, utf8);
		text.utf8_length = HS_BODY(py, object, PyCompactUnicodeObject, utf8_length);
		text.wstr_length = HS_BODY(py, object, PyCompactUnicodeObject, wstr_length);
		if (text.utf8 == text.data)
			text.utf8 = 0;
	}
	*ret = text;
	return true;
}

/* wstr is a block of its own unless it shares the text (_PyUnicode_HAS_WSTR_MEMORY, up to 3.11). */
static bool has_wstr_block(const struct text *text)
{
	return text->wstr && text->wstr != text->data;
}

static uint64_t wstr_characters(const struct text *text)
{
	return text->is_ascii && text->is_compact ? text->length : text->wstr_length;
}

uint64_t hs_str_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	struct text text;

	if (!read_text(py, object, &text))
		return HS_SIZE_UNKNOWN;
	if (!text.is_compact)
		return object->type->solid_base->basicsize;
	return (text.data - object->address) + (text.length + 1) * text.kind;
}

uint64_t hs_str_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	struct text text;

	if (!read_text(py, object, &text))
		return HS_SIZE_UNKNOWN;
	uint64_t size = text.data - object->address + (text.length + 1) * text.kind;
	if (!text.is_compact)
		size = HS_SIZEOF(layout, PyUnicodeObject) + (text.data ? (text.length + 1) * text.kind : 0);
	if (has_wstr_block(&text))
		size += (wstr_characters(&text) + 1) * 4;
	if (text.utf8)
		size += text.utf8_length + 1;
	return size;
}

void hs_str_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	struct text text;

	if (!read_text(py, object, &text))
		return;
	if (!text.is_compact && text.data)
		visitor->storage(visitor->context, text.data, (text.length + 1) * text.kind);
	if (text.utf8)
		visitor->storage(visitor->context, text.utf8, text.utf8_length + 1);
	if (has_wstr_block(&text))
		visitor->storage(visitor->context, text.wstr, (wstr_characters(&text) + 1) * 4);
}

/* The headers of the str at `address`, as far as they are in the image; its type is not looked at. */
static bool text_at(const struct hs_cpython *py, hs_addr address, struct text *ret)
{
	struct hs_object object = { .address = address, .body_bytes = HS_SIZEOF(py->layout, PyUnicodeObject) };

	object.body = hs_image_at(py->image, address, object.body_bytes);
	if (!object.body) {
		object.body_bytes = HS_SIZEOF(py->layout, PyASCIIObject);
		object.body = hs_image_at(py->image, address, object.body_bytes);
	}
	return object.body && read_text(py, &object, ret);
}

hs_addr hs_str_utf8_address(const struct hs_cpython *py, hs_addr str)
{
	struct text text;

	if (!text_at(py, str, &text))
		return 0;
	return text.is_ascii ? text.data : text.utf8;
}

hs_addr hs_text_owner(const struct hs_cpython *py, hs_addr text)
{
	hs_addr str = text - HS_SIZEOF(py->layout, PyASCIIObject), bytes = text - (uint32_t)HS_OFFSET(py->layout, PyBytesObject, ob_sval);

	if (hs_is_exactly(py, str, "str") && hs_str_utf8_address(py, str) == text)
		return str;
	return hs_is_exactly(py, bytes, "bytes") ? bytes : 0;
}

static size_t encode_utf8(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(lead[n] | code);
	return n;
}

bool hs_bytes_are_redacted(const struct hs_cpython *py, const uint8_t *data, uint64_t bytes)
{
	if (!bytes || !hs_image_is_redacted(py->image))
		return false;
	for (uint64_t i = 0; i < bytes; i++)
		if (data[i])
			return false;
	return true;
}

bool hs_str_read(const struct hs_cpython *py, hs_addr address, char *ret, size_t ret_bytes)
{
	struct text text;
	size_t out = 0;

	ret[0] = '\0';
	if (!text_at(py, address, &text) || !text.kind)
		return false;
	/* a character takes a byte at least, so no more of them than ret_bytes are of use */
	uint64_t n = text.length < ret_bytes ? text.length : ret_bytes;
	const uint8_t *data = hs_image_at(py->image, text.data, n * text.kind);
	if (!data)
		return false;
	if (hs_bytes_are_redacted(py, data, n * text.kind)) {
		snprintf(ret, ret_bytes, "…");
		return true;
	}
	for (uint64_t i = 0; i < n; i++) {
		uint32_t code = 0;
		char piece[4];
		memcpy(&code, data + i * text.kind, text.kind);
		size_t piece_bytes = encode_utf8(code <= 0x10ffff ? code : 0xfffd, piece);
		if (out + piece_bytes >= ret_bytes)
			break;
		memcpy(ret + out, piece, piece_bytes);
		out += piece_bytes;
	}
	ret[out] = '\0';
	return true;
}

bool hs_str_view(const struct hs_cpython *py, hs_addr address, uint64_t max, struct hs_str_view *ret)
{
	static const uint16_t ellipsis = 0x2026;
	struct text text;

	if (!text_at(py, address, &text) || !text.kind)
		return false;
	uint64_t n = text.length < max ? text.length : max;
	const uint8_t *data = hs_image_at(py->image, text.data, n * text.kind);
	if (!data)
		return false;
	*ret = (struct hs_str_view){ .data = data, .kind = text.kind, .n = n, .length = text.length };
	if (hs_bytes_are_redacted(py, data, n * text.kind)) {
		ret->is_redacted = true;
		ret->data = (const uint8_t *)&ellipsis;
		ret->kind = sizeof(ellipsis);
		ret->n = 1;
	}
	return true;
}

bool hs_str_equals(const struct hs_cpython *py, hs_addr address, const char *wanted)
{
	size_t n = strlen(wanted);
	struct text text;

	if (!text_at(py, address, &text) || !text.is_ascii || text.length != n)
		return false;
	const char *data = hs_image_at(py->image, text.data, n);
	return data && memcmp(data, wanted, n) == 0;
}
