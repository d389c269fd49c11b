/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that are known by a name: "<function app.f>", "<module app>", "<class app.Session>"; found in their own fields. */
#include <string.h>

#include "dict.h"
#include "reference_name.h"
#include "repr_internal.h"
#include "unicode.h"

void hs_repr_none(struct hs_repr *repr, const struct hs_object *object)
{
	(void)object;
	hs_bounded_text_put(&repr->text, "None");
}

void hs_repr_ellipsis(struct hs_repr *repr, const struct hs_object *object)
{
	(void)object;
	hs_bounded_text_put(&repr->text, "Ellipsis");
}

void hs_repr_not_implemented(struct hs_repr *repr, const struct hs_object *object)
{
	(void)object;
	hs_bounded_text_put(&repr->text, "NotImplemented");
}

/* "<kind " … ">": what comes between is cut to leave room for the bracket. Ends by close_angle(). */
static size_t open_angle(struct hs_repr *repr, const char *kind)
{
	size_t limit = hs_bounded_text_reserve(&repr->text, 1 + strlen(HS_ELLIPSIS));

	hs_bounded_text_printf(&repr->text, "<%s", kind);
	repr->is_literal = false;
	return limit;
}

static void close_angle(struct hs_repr *repr, size_t limit)
{
	hs_bounded_text_release(&repr->text, limit);
	if (repr->text.is_full)
		hs_repr_put_ellipsis(repr);
	hs_bounded_text_put(&repr->text, ">");
}

static void put_str_field(struct hs_repr *repr, const struct hs_object *object, const char *field, const char *before)
{
	hs_addr str = hs_object_field(repr->py, object, field);

	if (!str)
		return;
	hs_bounded_text_put(&repr->text, before);
	hs_repr_put_text(repr, str);
}

void hs_repr_put_type(struct hs_repr *repr, const struct hs_object *object)
{
	const struct hs_type *type = hs_type_at(repr->types, object->address);
	size_t limit = open_angle(repr, "class ");

	if (type)
		hs_repr_put_type_name(repr, type);
	else
		hs_bounded_text_printf(&repr->text, "at 0x%" HS_PRI_ADDR, object->address);
	close_angle(repr, limit);
}

static bool has_field(struct hs_repr *repr, const struct hs_object *object, const char *field)
{
	return hs_object_field(repr->py, object, field) != 0;
}

static void put_function_name(struct hs_repr *repr, const struct hs_object *object, const char *before)
{
	hs_addr module = hs_object_field(repr->py, object, "__module__");
	struct hs_str_view view;

	hs_bounded_text_put(&repr->text, before);
	if (module && hs_str_view(repr->py, module, HS_REPR_BYTES, &view)) {
		hs_repr_put_text(repr, module);
		hs_bounded_text_put(&repr->text, ".");
	}
	put_str_field(repr, object, has_field(repr, object, "__qualname__") ? "__qualname__" : "__name__", "");
}

void hs_repr_function(struct hs_repr *repr, const struct hs_object *object)
{
	size_t limit = open_angle(repr, "function");

	put_function_name(repr, object, " ");
	close_angle(repr, limit);
}

void hs_repr_method(struct hs_repr *repr, const struct hs_object *object)
{
	hs_addr function = hs_object_field(repr->py, object, "__func__"), self = hs_object_field(repr->py, object, "__self__");
	size_t limit = open_angle(repr, "method");
	struct hs_object target;

	if (hs_object_at(repr->py, repr->types, function, &target))
		put_function_name(repr, &target, " ");
	if (hs_object_at(repr->py, repr->types, self, &target)) {
		hs_bounded_text_put(&repr->text, " of ");
		hs_repr_put_type_name(repr, target.type);
		hs_bounded_text_printf(&repr->text, " at 0x%" HS_PRI_ADDR, self);
	}
	close_angle(repr, limit);
}

/* PyCFunctionObject: m_ml is its first member, ml_name the first of that (Include/cpython/methodobject.h). */
void hs_repr_c_function(struct hs_repr *repr, const struct hs_object *object)
{
	hs_addr method = hs_body_u64(object, HS_SIZEOF(repr->py->layout, PyObject)), self = hs_object_field(repr->py, object, "__self__");
	size_t limit = open_angle(repr, "built-in function"), bytes = 0;
	const char *name = hs_image_string(repr->py->image, hs_image_word(repr->py->image, method), HS_REPR_BYTES, &bytes);
	char safe[HS_REPR_BYTES];
	struct hs_object target;

	if (name) {
		hs_escape(safe, sizeof(safe), name, bytes);
		hs_bounded_text_put(&repr->text, " ");
		hs_bounded_text_put(&repr->text, safe);
	}
	if (self && hs_object_at(repr->py, repr->types, self, &target)) {
		hs_bounded_text_put(&repr->text, " of ");
		if (repr->depth < repr->limits.depth) {
			repr->depth++;
			hs_repr_put_at(repr, self);
			repr->depth--;
		} else {
			hs_repr_put_type_name(repr, target.type);
		}
	}
	close_angle(repr, limit);
}

void hs_repr_module(struct hs_repr *repr, const struct hs_object *object)
{
	hs_addr dict = hs_object_field(repr->py, object, "__dict__");
	hs_addr name = dict ? hs_dict_find(repr->py, dict, "__name__") : 0;
	size_t limit = open_angle(repr, "module");

	if (name) {
		hs_bounded_text_put(&repr->text, " ");
		hs_repr_put_text(repr, name);
	}
	close_angle(repr, limit);
}

void hs_repr_code(struct hs_repr *repr, const struct hs_object *object)
{
	size_t limit = open_angle(repr, "code");

	put_str_field(repr, object, has_field(repr, object, "co_qualname") ? "co_qualname" : "co_name", " ");
	put_str_field(repr, object, "co_filename", " ");
	close_angle(repr, limit);
}

/* A field's value in the same line: "<cell: 3>". */
static void put_value(struct hs_repr *repr, const struct hs_object *object, const char *kind, const char *field)
{
	hs_addr value = hs_object_field(repr->py, object, field);
	size_t limit = open_angle(repr, kind);

	if (!value) {
		hs_bounded_text_put(&repr->text, " empty");
	} else if (repr->depth >= repr->limits.depth) {
		hs_bounded_text_put(&repr->text, " " HS_ELLIPSIS);
	} else {
		repr->depth++;
		hs_bounded_text_put(&repr->text, " ");
		hs_repr_put_at(repr, value);
		repr->depth--;
	}
	close_angle(repr, limit);
}

void hs_repr_cell(struct hs_repr *repr, const struct hs_object *object)
{
	put_value(repr, object, "cell", "cell_contents");
}

void hs_repr_property(struct hs_repr *repr, const struct hs_object *object)
{
	put_value(repr, object, "property", "fget");
}

static void put_field(struct hs_repr *repr, const struct hs_object *object, const char *field, const char *before)
{
	hs_addr value = hs_object_field(repr->py, object, field);

	if (!value || repr->depth >= repr->limits.depth)
		return;
	repr->depth++;
	hs_bounded_text_put(&repr->text, before);
	hs_repr_put_at(repr, value);
	repr->depth--;
}

/* A name that nobody asked for yet may be a number. */
void hs_repr_task(struct hs_repr *repr, const struct hs_object *object)
{
	size_t limit = open_angle(repr, "");

	hs_repr_put_type_name(repr, object->type);
	put_field(repr, object, "_name", " name=");
	put_field(repr, object, "_coro", " coro=");
	close_angle(repr, limit);
}

/* A weak reference's object is the first word behind the head (PyWeakReference.wr_object); None once it is dead. */
void hs_repr_weakref(struct hs_repr *repr, const struct hs_object *object)
{
	hs_addr address = hs_body_u64(object, HS_SIZEOF(repr->py->layout, PyObject));
	size_t limit = open_angle(repr, "weakref");
	struct hs_object target;

	if (address == HS_ADDRESS_OF(repr->py->layout, _Py_NoneStruct)) {
		hs_bounded_text_put(&repr->text, " dead");
	} else if (hs_object_at(repr->py, repr->types, address, &target)) {
		hs_bounded_text_put(&repr->text, " to ");
		hs_repr_put_type_name(repr, target.type);
		hs_bounded_text_printf(&repr->text, " at 0x%" HS_PRI_ADDR, address);
	}
	close_angle(repr, limit);
}

/* Only its arguments: the type's name stands before them. */
void hs_repr_exception(struct hs_repr *repr, const struct hs_object *object)
{
	hs_addr arguments = hs_object_field(repr->py, object, "args");

	if (!arguments || repr->depth >= repr->limits.depth) {
		hs_bounded_text_put(&repr->text, HS_ELLIPSIS);
		return;
	}
	repr->depth++;
	hs_repr_put_at(repr, arguments);
	repr->depth--;
}

/* Its head is part of numpy's stable C interface: data, nd, dimensions (see ndarray.c). */
void hs_repr_ndarray(struct hs_repr *repr, const struct hs_object *object)
{
	uint32_t head = HS_SIZEOF(repr->py->layout, PyObject), n = hs_body_u32(object, head + 8);
	hs_addr dimensions = hs_body_u64(object, head + 16);
	size_t limit = open_angle(repr, "numpy.ndarray shape=(");

	for (uint32_t i = 0; i < n && i < 8; i++)
		hs_bounded_text_printf(&repr->text, i ? ", %llu" : "%llu", (unsigned long long)hs_image_word(repr->py->image, dimensions + i * 8));
	hs_bounded_text_put(&repr->text, n == 1 ? ",)" : ")");
	close_angle(repr, limit);
}

void hs_repr_generator(struct hs_repr *repr, const struct hs_object *object)
{
	size_t limit = open_angle(repr, "");

	hs_repr_put_type_name(repr, object->type);
	put_str_field(repr, object, has_field(repr, object, "__qualname__") ? "__qualname__" : "__name__", " ");
	close_angle(repr, limit);
}
