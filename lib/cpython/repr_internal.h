/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of repr.h share: one repr in the making, and a writer per family of types. Private to lib/cpython. */
#ifndef HS_REPR_INTERNAL_H
#define HS_REPR_INTERNAL_H

#include "bounded_text.h"
#include "escape.h"
#include "reference_name.h"
#include "repr.h"

struct hs_repr {
	const struct hs_cpython *py;
	struct hs_types *types;
	struct hs_repr_limits limits;
	struct hs_bounded_text text;
	size_t room;     /* the limit of the text without what is kept for the last "…" */
	unsigned depth;  /* containers that are open */
	bool is_literal; /* so far */
};

/* Writes one object; what it leaves out makes the whole no literal. */
typedef void hs_repr_writer(struct hs_repr *repr, const struct hs_object *object);

/* The object at an address, with "<0x…>" where there is none. */
void hs_repr_put_at(struct hs_repr *repr, hs_addr address);
/* Something was left out: "…", beyond the limit if need be. */
void hs_repr_put_ellipsis(struct hs_repr *repr);
/* The type's name, with what is not safe in it escaped. */
void hs_repr_put_type_name(struct hs_repr *repr, const struct hs_type *type);
/* The text of a str, without quotes and as far as it goes. */
void hs_repr_put_text(struct hs_repr *repr, hs_addr str);

/* repr_scalar.c */
hs_repr_writer hs_repr_int, hs_repr_bool, hs_repr_float, hs_repr_complex, hs_repr_str, hs_repr_bytes, hs_repr_bytearray;
void hs_repr_put_double(struct hs_repr *repr, double value);

/* repr_container.c */
hs_repr_writer hs_repr_list, hs_repr_tuple, hs_repr_dict, hs_repr_set, hs_repr_frozenset, hs_repr_deque;

/* repr_named.c: objects that have a name of their own, "<function app.f>" */
hs_repr_writer hs_repr_none, hs_repr_ellipsis, hs_repr_not_implemented, hs_repr_function, hs_repr_method, hs_repr_c_function,
	hs_repr_module, hs_repr_code, hs_repr_cell, hs_repr_weakref, hs_repr_exception, hs_repr_ndarray, hs_repr_generator, hs_repr_property,
	hs_repr_task;
void hs_repr_put_type(struct hs_repr *repr, const struct hs_object *object);

/* repr_instance.c: "<app.Session id=3>", and what has no writer of its own; `plain`: the writer of its solid base, or NULL */
void hs_repr_put_instance(struct hs_repr *repr, const struct hs_object *object, hs_repr_writer *plain);

#endif
