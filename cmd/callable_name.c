/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the name of a callable in its own fields. */
#include "callable_name.h"

#include "bounded_text.h"
#include "reference_name.h"
#include "unicode.h"

static bool put_str(struct hs_bounded_text *text, const struct hs_cpython *py, hs_addr str)
{
	struct hs_str_view view;

	if (!str || !hs_str_view(py, str, HS_REPR_BYTES, &view))
		return false;
	for (uint64_t i = 0; i < view.n; i++)
		hs_bounded_text_put_code(text, hs_str_code(&view, i));
	return true;
}

void hs_callable_name(const struct hs_process_heap *heap, hs_addr callable, char *ret, size_t ret_bytes)
{
	const struct hs_cpython *py = heap->py;
	struct hs_bounded_text text = hs_bounded_text(ret, ret_bytes);
	struct hs_object object, inner;
	hs_addr name = 0;

	if (hs_object_at(py, heap->types, callable, &object) && !(object.type->flags & HS_TPFLAGS_TYPE_SUBCLASS)) {
		hs_addr function = hs_object_field(py, &object, "__func__");
		if (function && hs_object_at(py, heap->types, function, &inner))
			object = inner;
		name = hs_object_field(py, &object, "__qualname__");
	}
	if (!name) {
		hs_repr_at(py, heap->types, callable, &hs_repr_short, ret, ret_bytes);
		return;
	}
	if (put_str(&text, py, hs_object_field(py, &object, "__module__")))
		hs_bounded_text_put(&text, ".");
	put_str(&text, py, name);
}
