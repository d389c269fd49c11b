/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text and numbers: of a str its shape, and its characters only if it is a name or a path; of an int its digits only if something is
 * counted with it. Everything else of them stays zero.
 */
#include "home_path.h"
#include "members.h"
#include "number.h"
#include "redact_internal.h"
#include "unicode.h"

#define MAX_NAME ((size_t)1 << 20)
#define TRUE_DIGIT_BYTES 4
#define WORD 8

/* Names that decoders ask for: without them they would not find what they look at. Those of types that have members are in members.def. */
static const char *const asked_for[] = {
	"BaseException", "MAGIC_NUMBER", "None", "NoneType", "NotImplementedType", "__base__", "__basicsize__", "__builtins__",
	"__call__", "__del__", "__dict__", "__dictoffset__", "__file__", "__firstlineno__", "__flags__", "__get__", "__itemsize__",
	"__main__", "__module__", "__mro__", "__name__", "__qualname__", "__repr__", "__weakref__", "__weakrefoffset__", "_active",
	"_alive", "_ctypes", "_decimal", "_frozen_importlib_external", "_hmac", "_maxsize", "_name", "_native_id", "_posixsubprocess",
	"_registry", "_zoneinfo", "atexit", "bool", "builtin_module_names", "builtins", "complex", "ellipsis", "function", "hexversion",
	"importlib", "len", "maxlen", "maxsize", "maxunicode", "modules", "n_fields", "n_sequence_fields", "n_unnamed_fields", "object",
	"os", "posix", "pyexpat", "readline", "select", "sys", "threading", "type", "weakref", "wrapper_descriptor", NULL,
};

bool redact_is_asked_for(const char *name, size_t bytes)
{
	if (hs_kind_by_name(name, bytes) || hs_members_by_name(name, bytes) != HS_N_MEMBERS_STRUCTS)
		return true;
	for (size_t i = 0; asked_for[i]; i++)
		if (strlen(asked_for[i]) == bytes && !memcmp(asked_for[i], name, bytes))
			return true;
	return false;
}

static uint32_t character_of(const void *text, uint64_t i)
{
	return hs_str_code(text, i);
}

static void put_blank(uint8_t *to, const struct hs_str_view *view, uint64_t begin, uint64_t end)
{
	const uint32_t blank = HS_BLANK_CHARACTER;

	for (uint64_t i = begin; i < end; i++)
		memcpy(to + i * view->kind, &blank, view->kind);
}

/* The characters of a path but for the component that names a user, each time that there is one. */
static void put_path(uint8_t *to, const struct hs_str_view *view)
{
	struct hs_str_view rest = *view;
	uint64_t begin, end;

	memcpy(to, view->data, view->n * view->kind);
	while (hs_home_component(character_of, &rest, rest.n, &begin, &end)) {
		put_blank(to + (rest.data - view->data), &rest, begin, end);
		rest.data += end * rest.kind;
		rest.n -= end;
	}
}

static bool is_asked_for(const struct hs_str_view *view)
{
	return view->kind == 1 && redact_is_asked_for((const char *)view->data, view->n);
}

static void keep_characters(struct redaction *redaction, const struct hs_object *object)
{
	bool is_path = address_marks_has(&redaction->paths, object->address);
	struct hs_str_view view;

	if (!is_path && !address_marks_has(&redaction->names, object->address))
		return;
	bool has_text = hs_str_view(redaction->py, object->address, MAX_NAME, &view) && view.n && redact_take(redaction, view.n * view.kind);
	uint8_t *to = has_text ? blank_at_local(&redaction->blank, view.data) : NULL;
	if (!to)
		return;
	if (redaction->what == HS_REDACT_ALL && !is_asked_for(&view))
		put_blank(to, &view, 0, view.n);
	else if (is_path)
		put_path(to, &view);
	else
		memcpy(to, view.data, view.n * view.kind);
}

/* The interning state and the shape share a word of bits. */
static void keep_state(struct redaction *redaction, hs_addr str)
{
	static const enum hs_field_id bits[] = {
		HS_FIELD_PyASCIIObject_interned, HS_FIELD_PyASCIIObject_kind, HS_FIELD_PyASCIIObject_compact, HS_FIELD_PyASCIIObject_ascii,
	};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		keep_field(redaction, str, bits[i]);
}

void redact_str(struct redaction *redaction, const struct hs_object *object)
{
	const struct hs_layout *layout = redaction->layout;
	const struct hs_field *compact = &layout->fields[HS_FIELD_PyASCIIObject_compact], *ascii = &layout->fields[HS_FIELD_PyASCIIObject_ascii];
	bool is_compact = hs_body_field(object, compact), is_ascii = hs_body_field(object, ascii);
	hs_addr str = object->address;

	KEEP_FIELD(redaction, str, PyASCIIObject, length);
	keep_state(redaction, str);
	KEEP_FIELD(redaction, str, PyASCIIObject, wstr);
	if (!is_compact || !is_ascii) {
		KEEP_FIELD(redaction, str, PyCompactUnicodeObject, utf8_length);
		KEEP_FIELD(redaction, str, PyCompactUnicodeObject, utf8);
		KEEP_FIELD(redaction, str, PyCompactUnicodeObject, wstr_length);
	}
	if (!is_compact)
		KEEP_FIELD(redaction, str, PyUnicodeObject, data);
	keep_characters(redaction, object);
}

/* True and False say no more than which of the two is referred to. */
void redact_int(struct redaction *redaction, const struct hs_object *object)
{
	bool is_bool = !object->type->is_python_class && object->type->base_type && object->type->base_type->kind == object->type->kind;
	struct hs_int_view view;

	if (!is_bool && !address_marks_has(&redaction->numbers, object->address))
		return;
	if (hs_int_view(redaction->py, object, &view) && view.n_digits) {
		uint8_t *to = blank_at_local(&redaction->blank, view.digits);
		if (to)
			memcpy(to, view.digits, view.n_digits * TRUE_DIGIT_BYTES);
	}
}

/* What follows a text in its last word was there before: without it the word could pass for a count of references. */
static void fill_word(struct redaction *redaction, hs_addr end)
{
	size_t n = -end & (WORD - 1);
	const uint8_t *from = hs_image_at(redaction->py->image, end, n);
	uint8_t *to = from ? blank_at(&redaction->blank, end, n) : NULL;

	for (size_t i = 0; to && i < n; i++)
		if (from[i] && !to[i])
			to[i] = UINT8_MAX;
}

void redact_blank_string(struct redaction *redaction, hs_addr string)
{
	size_t bytes;
	const char *text = string ? hs_image_string(redaction->py->image, string, MAX_NAME, &bytes) : NULL;
	char *to = text && redact_take(redaction, bytes) ? blank_at(&redaction->blank, string, bytes + 1) : NULL;

	pthread_mutex_lock(&redaction->strings_lock);
	/* a linker lets "Exception" be the end of "BaseException": what another name has left there stays */
	for (size_t i = 0; to && i < bytes; i++)
		if (!to[i])
			to[i] = HS_BLANK_CHARACTER;
	if (to && !hs_image_is_static(redaction->py->image, string))
		fill_word(redaction, string + bytes + 1);
	pthread_mutex_unlock(&redaction->strings_lock);
}

void redact_name_string(struct redaction *redaction, hs_addr string)
{
	size_t bytes;
	const char *text = string ? hs_image_string(redaction->py->image, string, MAX_NAME, &bytes) : NULL;

	if (!text || !redact_take(redaction, bytes))
		return;
	if (redaction->what == HS_REDACT_ALL && !redact_is_asked_for(text, bytes)) {
		redact_blank_string(redaction, string);
		return;
	}
	pthread_mutex_lock(&redaction->strings_lock);
	blank_keep(&redaction->blank, string, bytes + 1);
	pthread_mutex_unlock(&redaction->strings_lock);
}
