/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every object, whatever its kind: where its own block ends, its instance dict and slots, its size as
 * sys.getsizeof counts it.
 *
 *   | pre-header 16 | GC head 16 | PyObject … basicsize | items or inline values |
 *   ^ block                      ^ address              ^ slots of Python classes end here
 */
#include "dict.h"
#include "kind.h"
#include "type_object.h"

#define MAX_ITEMS ((uint64_t)1 << 40)
#define WORD 8

/* Python/sysmodule.c _PySys_GetSizeOf */
static bool is_static_type_object(const struct hs_cpython *py, const struct hs_object *object)
{
	return object->type->flags & HS_TPFLAGS_TYPE_SUBCLASS && !hs_type_object_is_heap(py, object);
}

bool hs_object_has_gc_head(const struct hs_cpython *py, const struct hs_object *object)
{
	return object->type->has_gc && !is_static_type_object(py, object);
}

static uint64_t item_count(const struct hs_cpython *py, const struct hs_object *object)
{
	int64_t n = hs_ob_size(py, object);

	return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

/* object.__sizeof__ */
static uint64_t generic_size(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n = object->type->itemsize ? item_count(py, object) : 0;

	return n > MAX_ITEMS ? HS_SIZE_UNKNOWN : object->type->basicsize + n * object->type->itemsize;
}

/* 3.13+: values of attributes right behind the object; their number is their first byte. */
static uint64_t inline_values_bytes(const struct hs_object *object)
{
	uint32_t capacity = hs_body_u32(object, object->type->basicsize) & 0xff;

	return (capacity + 7) / 8 * 8 + (capacity + 1) * WORD;
}

uint64_t hs_object_size(const struct hs_cpython *py, const struct hs_object *object)
{
	return object->type->kind->size ? object->type->kind->size(py, object) : generic_size(py, object);
}

uint64_t hs_object_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_type *type = object->type;
	uint64_t extent;

	if (!type->kind->extent) {
		extent = generic_size(py, object);
	} else {
		extent = type->kind->extent(py, object);
		if (extent != HS_SIZE_UNKNOWN && type != type->solid_base && type->basicsize > type->solid_base->basicsize)
			extent += type->basicsize - type->solid_base->basicsize;
	}
	/* _PyObject_VAR_SIZE: what a subclass adds behind the items (its dict pointer) starts at a whole word */
	if (extent != HS_SIZE_UNKNOWN && type != type->solid_base)
		extent = (extent + WORD - 1) & ~(uint64_t)(WORD - 1);
	if (extent != HS_SIZE_UNKNOWN && type->has_inline_values)
		extent += inline_values_bytes(object);
	return extent;
}

bool hs_object_fits(const struct hs_cpython *py, const struct hs_object *object, uint64_t room_bytes)
{
	const struct hs_type *type = object->type;

	/* the common case first: a fixed size fills its block, but for the rounding to 16 */
	if (!type->kind->has_loose_extent && !type->itemsize && !type->has_inline_values)
		return type->basicsize <= room_bytes && room_bytes - type->basicsize < 16;
	uint64_t extent = hs_object_extent(py, object);
	if (extent == HS_SIZE_UNKNOWN || extent > room_bytes)
		return false;
	/* A new instance takes one off its class's room for attributes after its block was sized by it: 8 or 16 bytes. */
	return type->kind->has_loose_extent || type->itemsize || room_bytes - extent < 32;
}

uint64_t hs_object_getsizeof(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_features *features = &py->layout->features;
	uint64_t size = hs_object_size(py, object);

	if (size == HS_SIZE_UNKNOWN)
		return size;
	if (hs_object_has_gc_head(py, object) || (object->type->has_gc && features->getsizeof_static_types_have_gc))
		size += HS_GC_HEAD_BYTES;
	if (object->type->has_preheader && features->getsizeof_counts_preheader)
		size += HS_PREHEADER_BYTES;
	return size;
}

static uint64_t head_word(const struct hs_object *object, uint32_t before)
{
	uint64_t word = 0;

	if (before <= object->head_bytes)
		memcpy(&word, object->body - before, sizeof(word));
	return word;
}

/* 3.11 and 3.12: attribute values in a block of their own, as many as the class's shared keys have room for. */
static void visit_values(const struct hs_cpython *py, const struct hs_object *object, hs_addr values, const struct hs_visitor *visitor)
{
	uint64_t cached_keys = 0, bytes;
	struct hs_dict_keys keys;
	hs_addr start;

	hs_image_u64(py->image, object->type->address + (uint32_t)HS_OFFSET(py->layout, PyHeapTypeObject, ht_cached_keys), &cached_keys);
	if (!hs_dict_keys_read(py, cached_keys, &keys))
		return;
	hs_dict_values_block(py, values, keys.n_usable_slots, &start, &bytes);
	visitor->storage(visitor->context, start, bytes);
	hs_dict_values_visit(py, values, &keys, HS_STRONG, HS_EDGE_ATTRIBUTE, visitor);
}

/* 3.13+: false once its dict has taken them over. */
static bool has_own_values(const struct hs_cpython *py, const struct hs_object *object)
{
	return object->type->has_inline_values &&
	       hs_body_u32(object, object->type->basicsize + HS_OFFSET(py->layout, PyDictValues, valid)) & 0xff;
}

static void visit_preheader(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint64_t outer = head_word(object, HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES);
	uint64_t inner = head_word(object, HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES - WORD);

	switch (py->layout->features.preheader) {
	case HS_PREHEADER_NONE:
		return;
	case HS_PREHEADER_VALUES_DICT:
		if (outer)
			visit_values(py, object, outer, visitor);
		hs_visit_field(visitor, &inner, "__dict__", HS_STRONG);
		return;
	case HS_PREHEADER_WEAK_TAGGED:
		hs_visit_field(visitor, &outer, "__weakref__", HS_WEAK);
		if (inner & 1)
			visit_values(py, object, inner + 1, visitor);
		else
			hs_visit_field(visitor, &inner, "__dict__", HS_STRONG);
		return;
	case HS_PREHEADER_WEAK_DICT:
		hs_visit_field(visitor, &outer, "__weakref__", HS_WEAK);
		hs_visit_field(visitor, &inner, "__dict__",
			       !py->layout->features.dicts_visit_inline_values && has_own_values(py, object) ? HS_OWNED : HS_STRONG);
		return;
	}
}

static void visit_inline_values(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint32_t basicsize = object->type->basicsize;
	uint64_t capacity = hs_body_u32(object, basicsize) & 0xff;
	uint64_t first = basicsize + (uint64_t)HS_OFFSET(py->layout, PyDictValues, values);
	bool has_dict = head_word(object, HS_GC_HEAD_BYTES + HS_PREHEADER_BYTES - WORD) != 0;

	const struct hs_reference_run run = {
		.words = object->body + first, .n = capacity, .stride = WORD, .kind = HS_EDGE_ATTRIBUTE,
		.relation = has_dict && py->layout->features.dicts_visit_inline_values ? HS_OWNED : HS_STRONG,
	};

	if (has_own_values(py, object) && capacity && first + capacity * WORD <= object->body_bytes)
		visitor->references(visitor->context, &run);
}

static void scan_words(const struct hs_object *object, uint64_t first, uint64_t end, enum hs_scan what, const struct hs_visitor *visitor)
{
	first = (first + WORD - 1) / WORD * WORD;
	if (end > object->body_bytes)
		end = object->body_bytes;
	if (end >= first + WORD)
		visitor->scan(visitor->context, object->body + first, (end - first) / WORD, what);
}

/* The C struct: where its references are known, blocks only; where they are not, everything. */
static void scan_struct(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_type *type = object->type;
	uint32_t head = HS_SIZEOF(py->layout, PyObject), end = type->described_bytes;
	bool has_items = type->itemsize && type->itemsize % WORD == 0 && !type->kind->visit;

	if (!type->kind->visit && end > head)
		scan_words(object, head, has_items && end == type->c_bytes ? object->body_bytes : end, HS_SCAN_STORAGE, visitor);
	if (end < type->c_bytes)
		scan_words(object, end, has_items ? object->body_bytes : type->c_bytes, HS_SCAN_ALL, visitor);
}

/* Whole words; absurd numbers lead outside the body. */
static uint64_t items_bytes(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n = item_count(py, object);

	return n < MAX_ITEMS ? (n * object->type->itemsize + WORD - 1) / WORD * WORD : UINT64_MAX / 2;
}

static void visit_fields(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_type *type = object->type;
	const struct hs_type_fields *fields = &type->fields;

	for (size_t i = 0; i < fields->n; i++) {
		const struct hs_type_field *field = &fields->items[i];
		uint64_t offset = field->offset + (field->is_behind_items ? items_bytes(py, object) : 0);
		const struct hs_reference_run run = {
			.words = object->body + offset, .n = field->n, .stride = WORD, .relation = field->relation & type->relation_mask,
			.kind = field->kind, .tag_mask = field->tag_mask, .name = field->name,
			.first = field->first,
		};

		if (offset <= object->body_bytes && offset + (uint64_t)field->n * WORD <= object->body_bytes)
			visitor->references(visitor->context, &run);
	}
}

/* Up to 3.11: an instance dict behind the items of an int, a tuple, a bytes (Objects/object.c _PyObject_GetDictPtr). */
static void visit_dict_from_end(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_type *type = object->type;
	uint64_t bytes = (type->basicsize + item_count(py, object) * type->itemsize + WORD - 1) / WORD * WORD;

	if (item_count(py, object) < MAX_ITEMS && bytes <= object->body_bytes && type->dict_from_end <= bytes)
		hs_visit_field(visitor, object->body + bytes - type->dict_from_end, "__dict__", HS_STRONG);
}

void hs_object_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_type *type = object->type;

	if (type->kind->visit)
		type->kind->visit(py, object, visitor);
	if (!type->kind->visit || type->described_bytes < type->c_bytes)
		scan_struct(py, object, visitor);
	if (type->kind->visit_more)
		type->kind->visit_more(py, object, visitor);
	if (type->fields.n)
		visit_fields(py, object, visitor);
	if (type->dict_from_end)
		visit_dict_from_end(py, object, visitor);
	if (type->has_preheader)
		visit_preheader(py, object, visitor);
	if (type->has_inline_values)
		visit_inline_values(py, object, visitor);
	if (type->owns_class && !visitor->skips_classes)
		hs_visit_field(visitor, object->body + HS_OFFSET(py->layout, PyObject, ob_type), "__class__",
			       type->visits_class && type->has_gc ? HS_STRONG : HS_OWNED);
}

static void ignore_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context;
	(void)start;
	(void)bytes;
}

static void ignore_references(void *context, const struct hs_reference_run *run)
{
	(void)context;
	(void)run;
}

static void ignore_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	(void)context;
	(void)words;
	(void)n;
	(void)what;
}

struct hs_visitor hs_visitor_of_references(void (*references)(void *context, const struct hs_reference_run *run), void *context)
{
	return (struct hs_visitor){ .context = context, .storage = ignore_storage, .references = references, .scan = ignore_scan };
}

struct hs_visitor hs_visitor_of_storage(void (*storage)(void *context, hs_addr start, uint64_t bytes), void *context)
{
	return (struct hs_visitor){ .context = context, .storage = storage, .references = ignore_references, .scan = ignore_scan };
}

bool hs_object_at(const struct hs_cpython *py, struct hs_types *types, hs_addr address, struct hs_object *ret)
{
	uint32_t head = HS_SIZEOF(py->layout, PyObject);
	const uint8_t *body = address & 7 ? NULL : hs_image_at(py->image, address, head);
	struct hs_object object = { .address = address, .body = body, .body_bytes = head };

	if (!body || !hs_refcount_is_legal(py->layout->features.refcount, HS_BODY(py, &object, PyObject, ob_refcnt)))
		return false;
	object.type = hs_type_at(types, HS_BODY(py, &object, PyObject, ob_type));
	if (!object.type)
		return false;
	/* first as much as every instance has, then as much as this one says it has */
	uint64_t basic = object.type->kind->extent ? object.type->solid_base->basicsize : object.type->basicsize;
	const struct hs_segment *segment = hs_image_find(py->image, address);
	uint64_t room = segment->end - address;
	if (object.type->has_inline_values)
		basic += WORD; /* their number */
	/* a static type at the end of its page is shorter than a heap type, and the next page need not be there */
	uint64_t page_rest = HS_PAGE_BYTES - (address & (HS_PAGE_BYTES - 1));
	object.body_bytes = basic < room ? basic : room;
	if (!hs_image_at(py->image, address, object.body_bytes))
		object.body_bytes = page_rest > head ? page_rest : head;
	uint64_t extent = hs_object_extent(py, &object);
	if (extent == HS_SIZE_UNKNOWN || extent > room)
		return false;
	/* a payload that was not captured is no reason to lose its object: then only its fixed part may be read */
	if (hs_image_at(py->image, address, extent))
		object.body_bytes = extent;
	if (hs_object_has_gc_head(py, &object) || object.type->has_preheader) {
		if (!hs_image_at(py->image, address - object.type->header_bytes, object.type->header_bytes))
			return false;
		object.head_bytes = object.type->header_bytes;
	}
	*ret = object;
	return true;
}
