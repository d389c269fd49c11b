/* SPDX-License-Identifier: Apache-2.0 */
/* Where a root is, read from its thread and frame. */
#include "root_place.h"

#include "bounded_text.h"
#include "dict.h"
#include "reference_name.h"
#include "unicode.h"

static void put_str(struct hs_bounded_text *text, const struct hs_cpython *py, hs_addr str)
{
	struct hs_str_view view;

	if (!hs_str_view(py, str, HS_PLACE_TEXT_BYTES, &view)) {
		hs_bounded_text_put(text, "?");
		return;
	}
	for (uint64_t i = 0; i < view.n; i++)
		hs_bounded_text_put_code(text, hs_str_code(&view, i));
}

/* The namespace of the module whose code a frame runs: its function's (3.11+), or its own (up to 3.10); 0: unknown. */
static hs_addr frame_globals(const struct hs_process_heap *heap, const struct hs_frame *frame)
{
	const struct hs_layout *layout = heap->py->layout;
	struct hs_object object;
	hs_addr owner = frame->address;

	if (HS_HAS(layout, PyInterpreterFrame, f_funcobj))
		owner = hs_frame_untag(heap->py, hs_image_word(heap->py->image, frame->address + (uint32_t)HS_OFFSET(layout, PyInterpreterFrame, f_funcobj)));
	if (!hs_object_at(heap->py, heap->types, owner, &object))
		return 0;
	hs_addr globals = hs_object_field(heap->py, &object, "__globals__");
	return globals ? globals : hs_object_field(heap->py, &object, "f_globals");
}

void hs_frame_place_of(const struct hs_process_heap *heap, const struct hs_frame *frame, struct hs_root_place *ret)
{
	struct hs_bounded_text module = hs_bounded_text(ret->module, sizeof(ret->module));
	struct hs_bounded_text function = hs_bounded_text(ret->function, sizeof(ret->function));
	struct hs_bounded_text file = hs_bounded_text(ret->file, sizeof(ret->file));
	hs_addr globals = frame_globals(heap, frame), name = globals ? hs_dict_find(heap->py, globals, "__name__") : 0;

	if (name)
		put_str(&module, heap->py, name);
	put_str(&function, heap->py, frame->code.name);
	put_str(&file, heap->py, frame->code.filename);
	ret->line = hs_frame_line(heap->py, frame);
}

void hs_root_place_of(const struct hs_process_heap *heap, const struct hs_root *root, struct hs_root_place *ret)
{
	ret->thread = root->thread ? (root->thread->native_ident ? root->thread->native_ident : root->thread->ident) : 0;
	ret->line = 0;
	ret->module[0] = ret->function[0] = ret->file[0] = '\0';
	if (root->frame)
		hs_frame_place_of(heap, root->frame, ret);
}

bool hs_root_name(const struct hs_process_heap *heap, const struct hs_root *root, char *ret, size_t ret_bytes)
{
	struct hs_bounded_text text = hs_bounded_text(ret, ret_bytes);
	const struct hs_type *type = root->kind == HS_ROOT_TYPE ? hs_type_at(heap->types, root->address) : NULL;

	if (root->name)
		hs_bounded_text_put(&text, root->name);
	else if (root->name_object)
		put_str(&text, heap->py, root->name_object);
	else if (type)
		hs_bounded_text_put(&text, hs_type_full_name(heap->types, type));
	return text.n;
}
