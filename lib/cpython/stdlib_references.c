/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in no struct of an object's own: links of lru_cache, children of an Element, memo tables of pickle. The
 * blocks are claimed, so that nobody looks for references in them a second time.
 */
#include "stdlib_references.h"

#include "chain.h"
#include "frame.h"

#define WORD 8
#define MAX_ITEMS ((uint64_t)1 << 40)
#define FEW_CHILDREN 4  /* Modules/_elementtree.c: STATIC_CHILDREN */
#define XML_HANDLERS 22 /* Modules/pyexpat.c: enum HandlerTypes, all versions */

static void visit_words(const struct hs_visitor *visitor, const void *words, size_t n, size_t stride, unsigned relation, unsigned kind,
			const char *name)
{
	const struct hs_reference_run run = {
		.words = words, .n = n, .stride = stride, .relation = (uint8_t)relation, .kind = (uint8_t)kind, .name = name,
	};

	if (words && n)
		visitor->references(visitor->context, &run);
}

/* `n` items of `stride` bytes each in a block of their own at an address, the reference at `offset` in each. */
static void visit_array(const struct hs_cpython *py, const struct hs_visitor *visitor, hs_addr address, uint64_t n, size_t stride,
			size_t offset, unsigned relation, unsigned kind, const char *name)
{
	const uint8_t *items = address && n && n < MAX_ITEMS ? hs_image_at(py->image, address, n * stride) : NULL;

	if (!items)
		return;
	visitor->storage(visitor->context, address, n * stride);
	visit_words(visitor, items + offset, n, stride, relation, kind, name);
}

static unsigned relation_of(const struct hs_object *object)
{
	return object->type->solid_base->has_gc ? HS_STRONG : HS_OWNED;
}

/*
 * The least recently used results hang in a ring of links through the cache object; the ring holds a reference to each
 * link, and the cache's tp_traverse reports what a link refers to in the link's place (Modules/_functoolsmodule.c).
 */
void hs_lru_cache_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	uint32_t bytes = HS_SIZEOF(layout, lru_list_elem);
	hs_addr root = object->address + (uint32_t)HS_OFFSET(layout, lru_cache_object, root);
	struct hs_chain_guard guard = { 0 };

	if (!bytes || !HS_HAS(layout, lru_cache_object, root))
		return;
	hs_addr link = hs_body_u64(object, HS_OFFSET(layout, lru_cache_object, root) + HS_OFFSET(layout, lru_list_elem, next));
	while (link && link != root && !visitor->is_over && !hs_chain_repeats(&guard, link)) {
		const uint8_t *words = hs_image_at(py->image, link, bytes);
		if (!words)
			return;
		hs_visit_field(visitor, &link, "link", HS_OWNED);
		hs_visit_field(visitor, words + HS_OFFSET(layout, lru_list_elem, key), "link.key", HS_VISITED);
		hs_visit_field(visitor, words + HS_OFFSET(layout, lru_list_elem, result), "link.result", HS_VISITED);
		if (layout->features.lru_links_visit_class)
			hs_visit_field(visitor, words + HS_OFFSET(layout, PyObject, ob_type), "link.__class__", HS_VISITED);
		memcpy(&link, words + HS_OFFSET(layout, lru_list_elem, next), sizeof(link));
	}
}

void hs_element_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	hs_addr extra = HS_BODY(py, object, ElementObject, extra);
	const uint8_t *words = extra && HS_SIZEOF(layout, ElementObjectExtra)
				       ? hs_image_at(py->image, extra, HS_SIZEOF(layout, ElementObjectExtra)) : NULL;

	if (!words)
		return;
	const struct hs_object block = { .address = extra, .body = words, .body_bytes = HS_SIZEOF(layout, ElementObjectExtra) };
	hs_addr children = HS_BODY(py, &block, ElementObjectExtra, children);
	uint64_t n = HS_BODY(py, &block, ElementObjectExtra, length);

	visitor->storage(visitor->context, extra, HS_SIZEOF(layout, ElementObjectExtra));
	hs_visit_field(visitor, words + HS_OFFSET(layout, ElementObjectExtra, attrib), "attrib", HS_STRONG);
	if (children == extra + (uint32_t)HS_OFFSET(layout, ElementObjectExtra, few_children))
		visit_words(visitor, words + HS_OFFSET(layout, ElementObjectExtra, few_children), n <= FEW_CHILDREN ? n : 0, WORD, HS_STRONG,
			    HS_EDGE_INDEX, NULL);
	else
		visit_array(py, visitor, children, n, WORD, 0, HS_STRONG, HS_EDGE_INDEX, NULL);
}

void hs_element_iterator_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;

	if (HS_SIZEOF(layout, ParentLocator))
		visit_array(py, visitor, HS_BODY(py, object, ElementIterObject, parent_stack),
			    HS_BODY(py, object, ElementIterObject, parent_stack_used), HS_SIZEOF(layout, ParentLocator),
			    (size_t)HS_OFFSET(layout, ParentLocator, parent), HS_STRONG, HS_EDGE_FIELD, "parent_stack");
}

void hs_xml_parser_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_array(py, visitor, HS_BODY(py, object, xmlparseobject, handlers), XML_HANDLERS, WORD, 0, HS_STRONG, HS_EDGE_FIELD, "handler");
}

void hs_pickler_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	hs_addr memo = HS_BODY(py, object, PicklerObject, memo);

	if (!memo || !HS_SIZEOF(layout, PyMemoEntry))
		return;
	visitor->storage(visitor->context, memo, HS_SIZEOF(layout, PyMemoTable));
	visit_array(py, visitor, hs_image_word(py->image, memo + (uint32_t)HS_OFFSET(layout, PyMemoTable, mt_table)),
		    hs_image_word(py->image, memo + (uint32_t)HS_OFFSET(layout, PyMemoTable, mt_allocated)), HS_SIZEOF(layout, PyMemoEntry),
		    (size_t)HS_OFFSET(layout, PyMemoEntry, me_key), layout->features.pickle_memo_is_visited ? HS_STRONG : HS_OWNED,
		    HS_EDGE_FIELD, "memo");
}

void hs_unpickler_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_array(py, visitor, HS_BODY(py, object, UnpicklerObject, memo), HS_BODY(py, object, UnpicklerObject, memo_size), WORD, 0,
		    py->layout->features.pickle_memo_is_visited ? HS_STRONG : HS_OWNED, HS_EDGE_FIELD, "memo");

	/* Marks are numbers in a block that was not cleared: where the first is 1, what stood there before looks like an object. */
	hs_addr marks = HS_BODY(py, object, UnpicklerObject, marks);
	uint64_t n = HS_BODY(py, object, UnpicklerObject, marks_size);
	if (marks && n < MAX_ITEMS)
		visitor->storage(visitor->context, marks, n * WORD);
}

void hs_pickle_stack_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_array(py, visitor, HS_BODY(py, object, Pdata, data), (uint64_t)hs_ob_size(py, object), WORD, 0, relation_of(object), HS_EDGE_INDEX,
		    NULL);
}

/* 3.14+ (Modules/_io/stringio.c): text that is still being written lies in a writer's str, which grows ahead of it. */
void hs_string_io_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;

	if (HS_HAS(layout, PyUnicodeWriter, buffer))
		visit_array(py, visitor, HS_BODY(py, object, stringio, writer), 1, HS_SIZEOF(layout, PyUnicodeWriter),
			    (size_t)HS_OFFSET(layout, PyUnicodeWriter, buffer), HS_OWNED, HS_EDGE_FIELD, "writer.buffer");
}

/* Only those values that were read so far: the others were never written. */
void hs_tee_data_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint64_t first = (uint64_t)HS_OFFSET(py->layout, teedataobject, values);
	uint32_t n = hs_body_u32(object, HS_OFFSET(py->layout, teedataobject, numread));

	if (HS_HAS(py->layout, teedataobject, values) && first + (uint64_t)n * WORD <= object->body_bytes)
		visit_words(visitor, object->body + first, n, WORD, HS_STRONG, HS_EDGE_INDEX, NULL);
}

/* 3.13+: a ring buffer; the oldest item stands at get_idx. */
void hs_simple_queue_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	hs_addr items = HS_BODY(py, object, simplequeueobject, items);
	uint64_t capacity = HS_HAS(layout, simplequeueobject, items_cap) ? HS_BODY(py, object, simplequeueobject, items_cap)
									 : HS_BODY(py, object, simplequeueobject, items_capacity);
	uint64_t first = HS_BODY(py, object, simplequeueobject, get_idx), n = HS_BODY(py, object, simplequeueobject, num_items);

	if (!HS_HAS(layout, simplequeueobject, items) || first >= capacity || n > capacity || capacity > MAX_ITEMS)
		return;
	uint64_t n_to_end = n < capacity - first ? n : capacity - first;
	const uint8_t *words = hs_image_at(py->image, items, capacity * WORD);
	if (!words)
		return;
	visitor->storage(visitor->context, items, capacity * WORD);
	visit_words(visitor, words + first * WORD, n_to_end, WORD, HS_STRONG, HS_EDGE_INDEX, NULL);
	visit_words(visitor, words, n - n_to_end, WORD, HS_STRONG, HS_EDGE_INDEX, NULL);
}

static void visit_tzinfo(const struct hs_object *object, int32_t has_tzinfo, int32_t tzinfo, const struct hs_visitor *visitor)
{
	if (has_tzinfo != HS_ABSENT && hs_body_u32(object, has_tzinfo) & 0xff && (uint64_t)tzinfo + WORD <= object->body_bytes)
		hs_visit_field(visitor, object->body + tzinfo, "tzinfo", HS_OWNED);
}

void hs_datetime_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_tzinfo(object, HS_OFFSET(py->layout, PyDateTime_DateTime, hastzinfo), HS_OFFSET(py->layout, PyDateTime_DateTime, tzinfo), visitor);
}

void hs_time_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_tzinfo(object, HS_OFFSET(py->layout, PyDateTime_Time, hastzinfo), HS_OFFSET(py->layout, PyDateTime_Time, tzinfo), visitor);
}

/*
 * Up to 3.10 a frame for the next call, and what globals were last, borrowed from the dicts that have them. 3.12+: what the
 * attributes of a code object return is kept in a block of its own.
 */
void hs_code_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	hs_addr opcache = HS_BODY(py, object, PyCodeObject, co_opcache);
	uint32_t n_opcache = hs_body_u32(object, HS_OFFSET(py->layout, PyCodeObject, co_opcache_size)) & 0xff;

	hs_frame_visit_spare(py, object, visitor);
	if (opcache)
		visitor->storage(visitor->context, opcache, (uint64_t)n_opcache * HS_SIZEOF(py->layout, PyOpcache));
	visit_array(py, visitor, HS_BODY(py, object, PyCodeObject, co_cached), HS_SIZEOF(py->layout, PyCoCached) / WORD, WORD, 0, HS_OWNED,
		    HS_EDGE_FIELD, "_co_cached");
}

/* Python/hamt.c: pairs of a key and its value, or of NULL and the next node. */
void hs_hamt_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint64_t first = object->type->solid_base->basicsize, n = (uint64_t)hs_ob_size(py, object) / 2;

	if (n >= MAX_ITEMS || first + n * 2 * WORD > object->body_bytes)
		return;
	for (const uint8_t *pair = object->body + first; n; n--, pair += 2 * WORD) {
		struct hs_reference_run run = { .words = pair, .n = 1, .stride = WORD, .relation = (uint8_t)relation_of(object), .kind = HS_EDGE_KEY };
		uint64_t key;
		memcpy(&key, pair, sizeof(key));
		if (!key) {
			hs_visit_field(visitor, pair + WORD, "node", relation_of(object));
			continue;
		}
		visitor->references(visitor->context, &run);
		run.words = pair + WORD;
		run.kind = HS_EDGE_VALUE;
		run.names = pair;
		visitor->references(visitor->context, &run);
	}
}

/* re's compiled replacement (3.12+): items are pairs of a group's index and a literal. */
void hs_template_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	uint64_t first = (uint64_t)HS_OFFSET(py->layout, TemplateObject, items), n = (uint64_t)hs_ob_size(py, object);

	if (HS_HAS(py->layout, TemplateObject, items) && n < MAX_ITEMS && first + n * 2 * WORD <= object->body_bytes)
		visit_words(visitor, object->body + first + WORD, n, 2 * WORD, relation_of(object), HS_EDGE_FIELD, "literal");
}

/* 3.11+: a callback and its module in a block of their own. */
static void visit_callback(const struct hs_cpython *py, hs_addr context, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	uint32_t bytes = HS_SIZEOF(layout, callback_context);
	const uint8_t *words = context && bytes ? hs_image_at(py->image, context, bytes) : NULL;

	if (!words)
		return;
	visitor->storage(visitor->context, context, bytes);
	hs_visit_field(visitor, words + HS_OFFSET(layout, callback_context, callable), "callable", HS_STRONG);
	hs_visit_field(visitor, words + HS_OFFSET(layout, callback_context, module), "module", HS_STRONG);
}

void hs_sqlite_connection_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	visit_callback(py, HS_BODY(py, object, pysqlite_Connection, trace_ctx), visitor);
	visit_callback(py, HS_BODY(py, object, pysqlite_Connection, progress_ctx), visitor);
	visit_callback(py, HS_BODY(py, object, pysqlite_Connection, authorizer_ctx), visitor);
}
