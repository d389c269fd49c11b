/* SPDX-License-Identifier: Apache-2.0 */
/* Which writer an object's type asks for, and what all writers share. */
#include "repr.h"

#include <string.h>

#include "repr_internal.h"
#include "unicode.h"

const struct hs_repr_limits hs_repr_short = { .depth = 3, .items = 6, .text = 60 };
const struct hs_repr_limits hs_repr_key = { .depth = 4, .items = 32, .text = 120 };

/* By the type's full name: an object's own type first, then the C type that its class is built on. */
static hs_repr_writer *find_writer(const char *type_name)
{
	static const struct {
		const char *type;
		hs_repr_writer *write;
	} writers[] = {
		{ "int", hs_repr_int }, { "bool", hs_repr_bool }, { "float", hs_repr_float }, { "complex", hs_repr_complex },
		{ "str", hs_repr_str }, { "bytes", hs_repr_bytes }, { "bytearray", hs_repr_bytearray },
		{ "tuple", hs_repr_tuple }, { "list", hs_repr_list }, { "dict", hs_repr_dict }, { "frozendict", hs_repr_dict },
		{ "set", hs_repr_set }, { "frozenset", hs_repr_frozenset },
		{ "collections.deque", hs_repr_deque }, { "collections.OrderedDict", hs_repr_dict },
		{ "NoneType", hs_repr_none }, { "ellipsis", hs_repr_ellipsis }, { "NotImplementedType", hs_repr_not_implemented },
		{ "function", hs_repr_function }, { "method", hs_repr_method }, { "builtin_function_or_method", hs_repr_c_function },
		{ "module", hs_repr_module }, { "code", hs_repr_code }, { "cell", hs_repr_cell },
		{ "weakref", hs_repr_weakref }, { "weakref.ReferenceType", hs_repr_weakref },
		{ "BaseException", hs_repr_exception }, { "numpy.ndarray", hs_repr_ndarray }, { "property", hs_repr_property },
		{ "generator", hs_repr_generator }, { "coroutine", hs_repr_generator }, { "async_generator", hs_repr_generator },
		{ "_asyncio.Task", hs_repr_task },
	};

	for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++)
		if (!strcmp(writers[i].type, type_name))
			return writers[i].write;
	return NULL;
}

static const char *short_name(struct hs_repr *repr, const struct hs_type *type)
{
	return hs_type_short_name(hs_type_full_name(repr->types, type));
}

/* The nearest base that has a writer; the chain was bounded when the types were decoded. */
static hs_repr_writer *find_base_writer(struct hs_repr *repr, const struct hs_type *type)
{
	for (; type; type = type->base_type) {
		hs_repr_writer *write = type->is_python_class ? NULL : find_writer(short_name(repr, type));
		if (write)
			return write;
	}
	return NULL;
}

static void put_object(struct hs_repr *repr, const struct hs_object *object)
{
	if (object->type->flags & HS_TPFLAGS_TYPE_SUBCLASS) {
		hs_repr_put_type(repr, object);
		return;
	}
	hs_repr_writer *write = object->type->is_python_class ? NULL : find_writer(short_name(repr, object->type));
	/* an exception shows its type's name as instances do, and its arguments as its value */
	if (write && write != hs_repr_exception)
		write(repr, object);
	else
		hs_repr_put_instance(repr, object, find_base_writer(repr, object->type));
}

void hs_repr_put_ellipsis(struct hs_repr *repr)
{
	repr->text.is_full = false;
	hs_bounded_text_put(&repr->text, HS_ELLIPSIS);
	repr->is_literal = false;
}

void hs_repr_put_at(struct hs_repr *repr, hs_addr address)
{
	struct hs_object object;

	if (hs_object_at(repr->py, repr->types, address, &object)) {
		put_object(repr, &object);
	} else {
		hs_bounded_text_printf(&repr->text, "<0x%" HS_PRI_ADDR ">", address);
		repr->is_literal = false;
	}
}

void hs_repr_put_type_name(struct hs_repr *repr, const struct hs_type *type)
{
	char safe[HS_REPR_BYTES];
	const char *name = short_name(repr, type);

	hs_escape(safe, sizeof(safe), name, strlen(name));
	hs_bounded_text_put(&repr->text, safe);
}

void hs_repr_put_text(struct hs_repr *repr, hs_addr str)
{
	struct hs_str_view view;

	if (!hs_str_view(repr->py, str, HS_REPR_BYTES, &view)) {
		hs_bounded_text_put(&repr->text, "?");
		return;
	}
	for (uint64_t i = 0; i < view.n; i++)
		hs_bounded_text_put_code(&repr->text, hs_str_code(&view, i));
}

static struct hs_repr begin(const struct hs_cpython *py, struct hs_types *types, const struct hs_repr_limits *limits, char *ret, size_t ret_bytes)
{
	struct hs_repr repr = {
		.py = py, .types = types, .limits = *limits, .text = hs_bounded_text(ret, ret_bytes), .is_literal = true,
	};

	repr.room = hs_bounded_text_reserve(&repr.text, strlen(HS_ELLIPSIS));
	return repr;
}

static bool end(struct hs_repr *repr)
{
	if (repr->text.is_full) {
		hs_bounded_text_release(&repr->text, repr->room);
		hs_repr_put_ellipsis(repr);
	}
	return repr->is_literal;
}

bool hs_object_repr(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object, const struct hs_repr_limits *limits,
		    char *ret, size_t ret_bytes)
{
	struct hs_repr repr = begin(py, types, limits, ret, ret_bytes);

	put_object(&repr, object);
	return end(&repr);
}

bool hs_repr_at(const struct hs_cpython *py, struct hs_types *types, hs_addr address, const struct hs_repr_limits *limits, char *ret,
		size_t ret_bytes)
{
	struct hs_repr repr = begin(py, types, limits, ret, ret_bytes);

	hs_repr_put_at(&repr, address);
	return end(&repr);
}
