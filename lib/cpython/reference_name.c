/* SPDX-License-Identifier: Apache-2.0 */
/* From a reference in a run to its name, bare and as Python spells the step. Knows no path, only single steps. */
#include "reference_name.h"

#include <string.h>

#include "bounded_text.h"
#include "dict.h"
#include "exact_type.h"
#include "python_name.h"
#include "repr.h"
#include "unicode.h"

static uint64_t word_at(const void *words, size_t stride, size_t i)
{
	uint64_t word;

	memcpy(&word, (const uint8_t *)words + i * stride, sizeof(word));
	return word;
}

hs_addr hs_reference_target(const struct hs_reference_run *run, size_t i)
{
	uint64_t word = word_at(run->words, run->stride, i);

	/* 3.14+: a frame's word with all tag bits set is an int, not an address (Include/internal/pycore_stackref.h) */
	if (run->tag_mask && (word & run->tag_mask) == run->tag_mask)
		return 0;
	return word & ~(uint64_t)run->tag_mask;
}

/* The str in the class's shared keys that names attribute `i` of an instance; 0: none. */
static hs_addr shared_key(const struct hs_cpython *py, const struct hs_object *object, size_t i)
{
	hs_addr slot = object->type->address + (uint32_t)HS_OFFSET(py->layout, PyHeapTypeObject, ht_cached_keys);
	struct hs_dict_keys keys;

	if (!hs_dict_keys_read(py, hs_image_word(py->image, slot), &keys) || i >= keys.n_entries)
		return 0;
	return word_at(keys.entries + keys.key_offset, keys.entry_bytes, i);
}

static hs_addr naming_object(const struct hs_cpython *py, const struct hs_object *object, const struct hs_reference_run *run, size_t i)
{
	switch (run->kind) {
	case HS_EDGE_KEY:
	case HS_EDGE_ITEM:
		return hs_reference_target(run, i);
	case HS_EDGE_ATTRIBUTE:
		if (!run->names)
			return shared_key(py, object, run->first + i);
		break;
	default:
		break;
	}
	return run->names ? word_at(run->names, run->names_stride, i) : 0;
}

/* The text of a str that names something, or the fixed name of a run; "?" when it cannot be read. */
static void put_word(struct hs_bounded_text *text, const struct hs_cpython *py, const struct hs_object *object,
		     const struct hs_reference_run *run, size_t i)
{
	hs_addr name = run->name ? 0 : naming_object(py, object, run, i);
	struct hs_str_view view;

	if (run->name)
		hs_bounded_text_put(text, run->name);
	else if (name && hs_str_view(py, name, HS_REFERENCE_NAME_BYTES, &view))
		for (uint64_t at = 0; at < view.n; at++)
			hs_bounded_text_put_code(text, hs_str_code(&view, at));
	else
		hs_bounded_text_put(text, "?");
	if (run->kind == HS_EDGE_FIELD && run->n > 1)
		hs_bounded_text_printf(text, "[%zu]", i);
}

/* What else has items by index (a queue, an iterator) has no [] for them. */
static bool is_subscriptable(const char *kind)
{
	return !strcmp(kind, "list") || !strcmp(kind, "tuple") || !strcmp(kind, "collections.deque");
}

/* A field belongs to the C type that has it, which may be any base of the object's. */
static bool is_shown(struct hs_types *types, const struct hs_type *type, const char *name)
{
	for (; type; type = type->base_type)
		if (!type->is_python_class && hs_is_python_field(hs_type_full_name(types, type), name))
			return true;
	return false;
}

/* Writes the bare name; true when it is a whole literal of Python's (a key, an element), or an attribute that it shows (a field). */
static bool put_name(struct hs_bounded_text *text, const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object,
		     const struct hs_reference_run *run, size_t i)
{
	char key[HS_REPR_BYTES];

	switch (run->kind) {
	case HS_EDGE_STACK:
		return false;
	case HS_EDGE_INDEX:
		hs_bounded_text_printf(text, "%zu", run->first + i);
		return is_subscriptable(object->type->kind->tp_name);
	case HS_EDGE_SCAN:
		hs_bounded_text_printf(text, "%s+%zu", run->name ? run->name : "", run->first + i * run->stride);
		return false;
	case HS_EDGE_KEY:
	case HS_EDGE_VALUE:
	case HS_EDGE_ITEM: {
		bool is_literal = hs_repr_at(py, types, naming_object(py, object, run, i), &hs_repr_key, key, sizeof(key));
		hs_bounded_text_put(text, key);
		return is_literal && !text->is_full;
	}
	case HS_EDGE_FIELD:
		put_word(text, py, object, run, i);
		/* 3.11+: a tuple of names and types until somebody asks for the dict */
		if (!strcmp(text->data, "__annotations__") && !hs_is_exactly(py, hs_reference_target(run, i), "dict"))
			return false;
		return is_shown(types, object->type, text->data);
	default:
		put_word(text, py, object, run, i);
		return false;
	}
}

bool hs_reference_name(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object,
		       const struct hs_reference_run *run, size_t i, char *ret, size_t ret_bytes)
{
	bool is_python;

	return hs_reference_python_name(py, types, object, run, i, ret, ret_bytes, &is_python);
}

bool hs_reference_python_name(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object,
			      const struct hs_reference_run *run, size_t i, char *ret, size_t ret_bytes, bool *ret_is_python)
{
	struct hs_bounded_text text = hs_bounded_text(ret, ret_bytes);

	*ret_is_python = put_name(&text, py, types, object, run, i) && !text.is_full;
	return run->kind != HS_EDGE_STACK;
}

bool hs_python_step(unsigned kind, const char *name, bool is_python, char *ret, size_t ret_bytes)
{
	struct hs_bounded_text text = hs_bounded_text(ret, ret_bytes);

	switch (kind) {
	case HS_EDGE_FIELD:
		if (!is_python)
			break;
		hs_bounded_text_printf(&text, ".%s", name);
		return !text.is_full;
	case HS_EDGE_SLOT:
	case HS_EDGE_ATTRIBUTE:
		if (hs_is_identifier(name))
			hs_bounded_text_printf(&text, ".%s", name);
		else if (kind == HS_EDGE_SLOT || strpbrk(name, "'\\"))
			break;
		else
			hs_bounded_text_printf(&text, ".__dict__['%s']", name);
		return !text.is_full;
	case HS_EDGE_INDEX:
		hs_bounded_text_printf(&text, "[%s]", name);
		return is_python;
	case HS_EDGE_VALUE:
		hs_bounded_text_put(&text, "[");
		hs_bounded_text_put(&text, name);
		hs_bounded_text_put(&text, "]");
		return is_python && !text.is_full;
	default:
		break;
	}
	hs_bounded_text_put(&text, "<");
	if (kind != HS_EDGE_FIELD && kind != HS_EDGE_SCAN)
		hs_bounded_text_put(&text, hs_edge_kind_name(kind));
	if (*name && text.n > 1)
		hs_bounded_text_put(&text, " ");
	hs_bounded_text_put(&text, name);
	text.is_full = false;
	hs_bounded_text_put(&text, ">");
	return false;
}

bool hs_reference_step(const struct hs_cpython *py, struct hs_types *types, const struct hs_object *object,
		       const struct hs_reference_run *run, size_t i, char *ret, size_t ret_bytes)
{
	char name[HS_REFERENCE_NAME_BYTES];
	bool is_python;

	hs_reference_python_name(py, types, object, run, i, name, sizeof(name), &is_python);
	return hs_python_step(run->kind, name, is_python, ret, ret_bytes);
}

const char *hs_edge_kind_name(unsigned kind)
{
	static const char *const names[HS_N_EDGE_KINDS] = {
		[HS_EDGE_FIELD] = "field", [HS_EDGE_ATTRIBUTE] = "attribute", [HS_EDGE_SLOT] = "slot", [HS_EDGE_INDEX] = "index",
		[HS_EDGE_KEY] = "key",     [HS_EDGE_VALUE] = "value",         [HS_EDGE_ITEM] = "item", [HS_EDGE_LOCAL] = "local",
		[HS_EDGE_CELL] = "cell",   [HS_EDGE_STACK] = "stack",         [HS_EDGE_SCAN] = "scan",
	};

	return kind < HS_N_EDGE_KINDS ? names[kind] : "?";
}

struct search {
	const char *name;
	hs_addr found;
};

static void match_field(void *context, const struct hs_reference_run *run)
{
	struct search *search = context;

	if (!search->found && run->kind == HS_EDGE_FIELD && run->n && run->name && !strcmp(run->name, search->name))
		search->found = hs_reference_target(run, 0);
}

hs_addr hs_object_field(const struct hs_cpython *py, const struct hs_object *object, const char *name)
{
	struct search search = { .name = name };
	const struct hs_visitor visitor = hs_visitor_of_references(match_field, &search);

	hs_object_visit(py, object, &visitor);
	return search.found;
}
