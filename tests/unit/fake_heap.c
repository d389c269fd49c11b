/* SPDX-License-Identifier: Apache-2.0 */
/* The fake's memory: regions, arenas and pools, chunks, and a runtime to find them by. What lies in blocks: fake_objects.c. */
#include "fake_heap.h"

#include <stdlib.h>
#include <string.h>

#include "field_names.h"
#include "pymalloc.h"
#include "table.h"
#include "table_source.h"
#include "version.h"

#define STATICS_BYTES (128 << 10)
#define CHUNKS_BYTES (64 << 10)
#define MAPPED_BYTES (16 << 10)
#define ARENAS_BYTES (1 << 20) /* one arena, or four of the small ones up to 3.9 */

/* in the static region */
#define RUNTIME_AT 0x0
#define INTERPRETER_AT 0x1000
#define INTERPRETER_BYTES 0x4000 /* every member that heapspy reads lies before */
#define THREAD_AT 0x5000
#define OBMALLOC_AT 0x6000
#define ARENA_TABLE_AT 0x7000
#define FREE_STATICS_AT 0x8000
#define N_ARENA_SLOTS 4

#define HOOK_BYTES 16
#define HOOK_TAIL_BYTES 8
#define LARGEST_BLOCK 512

static void require(bool condition)
{
	if (!condition)
		abort();
}

uint8_t *fake_at(const struct fake_heap *heap, hs_addr address, size_t bytes)
{
	for (unsigned i = 0; i < FAKE_N_REGIONS; i++) {
		const struct fake_region *region = &heap->regions[i];
		if (address >= region->start && address - region->start <= region->bytes && bytes <= region->bytes - (address - region->start))
			return region->data + (address - region->start);
	}
	abort();
}

uint64_t fake_get(const struct fake_heap *heap, hs_addr address)
{
	uint64_t value;

	memcpy(&value, fake_at(heap, address, sizeof(value)), sizeof(value));
	return value;
}

void fake_put(const struct fake_heap *heap, hs_addr address, uint64_t value)
{
	memcpy(fake_at(heap, address, sizeof(value)), &value, sizeof(value));
}

void fake_put_field(const struct fake_heap *heap, hs_addr structure, enum hs_field_id id, uint64_t value)
{
	const struct hs_field *field = &heap->layout->fields[id];

	if (field->offset == HS_ABSENT)
		return;
	size_t bytes = field->bytes >= 1 && field->bytes <= 8 ? field->bytes : 8;
	uint8_t *at = fake_at(heap, structure + (uint32_t)field->offset, bytes);
	if (field->bit_width) {
		uint64_t storage = 0;
		memcpy(&storage, at, bytes);
		uint64_t mask = (((uint64_t)1 << field->bit_width) - 1) << field->bit_offset;
		value = (storage & ~mask) | (value << field->bit_offset & mask);
	}
	memcpy(at, &value, bytes);
}

static struct hs_layout *load_layout(const char *name)
{
	static struct hs_table table;
	struct hs_layout *layout = hs_layout_create();

	require(layout);
	for (size_t i = 0; i < hs_n_shipped_tables; i++) {
		struct hs_table_candidate candidate = { .shipped = &hs_shipped_tables[i], .is_exact = true };
		require(!hs_table_parse(hs_shipped_tables[i].text, hs_shipped_tables[i].bytes, true, &table));
		if (strcmp(table.name, name) != 0)
			continue;
		hs_version_set(layout, table.version_hex);
		require(!hs_table_candidate_apply(&candidate, layout));
		layout->features = *hs_features_of(layout->major, layout->minor);
		return layout;
	}
	abort();
}

static void make_image(struct fake_heap *heap)
{
	static const struct {
		hs_addr start;
		size_t bytes;
	} places[FAKE_N_REGIONS] = {
		[FAKE_STATICS] = { 0x555555000000, STATICS_BYTES },
		[FAKE_CHUNKS] = { 0x555556000000, CHUNKS_BYTES },
		[FAKE_MAPPED] = { 0x7e0000001000, MAPPED_BYTES },
		[FAKE_ARENA] = { 0x7f0000100000, ARENAS_BYTES },
	};

	require(!hs_image_create(&heap->image));
	for (unsigned i = 0; i < FAKE_N_REGIONS; i++) {
		struct fake_region *region = &heap->regions[i];
		*region = (struct fake_region){ places[i].start, places[i].bytes, aligned_alloc(HS_PAGE_BYTES, places[i].bytes) };
		require(region->data);
		memset(region->data, 0, region->bytes);
		struct hs_segment segment = {
			.start = region->start,
			.end = region->start + region->bytes,
			.data = region->data,
			.is_writable = true,
			.is_anonymous = i != FAKE_STATICS,
		};
		require(!hs_image_add_segment(heap->image, &segment, free, region->data));
	}
	require(!hs_image_add_static(heap->image, places[FAKE_STATICS].start, places[FAKE_STATICS].start + STATICS_BYTES));
	require(!hs_image_seal(heap->image));
}

hs_addr fake_gc_head(const struct fake_heap *heap, unsigned generation)
{
	const struct hs_layout *layout = heap->layout;
	hs_addr gc = HS_HAS(layout, PyInterpreterState, gc) ? heap->interpreter + (uint32_t)HS_OFFSET(layout, PyInterpreterState, gc)
							     : HS_ADDRESS_OF(layout, _PyRuntime) + (uint32_t)HS_OFFSET(layout, PyRuntimeState, gc);

	if (generation == HS_N_GC_HEADS - 1)
		return gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, permanent_generation);
	return gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, generations) + generation * HS_SIZEOF(layout, gc_generation);
}

/* Where this version keeps the table of arenas; its slots are empty yet. */
static void make_arena_table(struct fake_heap *heap)
{
	struct hs_layout *layout = heap->layout;
	hs_addr statics = heap->regions[FAKE_STATICS].start, state = statics + OBMALLOC_AT;

	heap->arena_table = statics + ARENA_TABLE_AT;
	if (!HS_HAS(layout, PyInterpreterState, obmalloc)) {
		HS_ADDRESS_OF(layout, arenas) = state;
		HS_ADDRESS_OF(layout, maxarenas) = state + 8;
		fake_put(heap, state, heap->arena_table);
		fake_put(heap, state + 8, N_ARENA_SLOTS);
	} else {
		if (layout->features.obmalloc_is_pointer)
			FAKE_PUT(heap, heap->interpreter, PyInterpreterState, obmalloc, state);
		else
			state = heap->interpreter + (uint32_t)HS_OFFSET(layout, PyInterpreterState, obmalloc);
		FAKE_PUT(heap, state, obmalloc_state, arenas, heap->arena_table);
		FAKE_PUT(heap, state, obmalloc_state, maxarenas, N_ARENA_SLOTS);
	}
}

static void make_runtime(struct fake_heap *heap)
{
	struct hs_layout *layout = heap->layout;
	hs_addr statics = heap->regions[FAKE_STATICS].start;

	layout->struct_bytes[HS_STRUCT_PyInterpreterState] = INTERPRETER_BYTES;
	HS_ADDRESS_OF(layout, _PyRuntime) = statics + RUNTIME_AT;
	heap->interpreter = statics + INTERPRETER_AT;
	heap->thread = statics + THREAD_AT;
	FAKE_PUT(heap, statics + RUNTIME_AT, PyRuntimeState, interpreters_head, heap->interpreter);
	FAKE_PUT(heap, statics + RUNTIME_AT, PyRuntimeState, interpreters_main, heap->interpreter);
	FAKE_PUT(heap, heap->interpreter, PyInterpreterState, threads_head, heap->thread);
	FAKE_PUT(heap, heap->interpreter, PyInterpreterState, tstate_head, heap->thread);
	FAKE_PUT(heap, heap->thread, PyThreadState, interp, heap->interpreter);
	for (unsigned i = 0; i < HS_N_GC_HEADS; i++) {
		fake_put(heap, fake_gc_head(heap, i), fake_gc_head(heap, i));
		fake_put(heap, fake_gc_head(heap, i) + 8, fake_gc_head(heap, i));
	}
	make_arena_table(heap);
	heap->next_static = statics + FREE_STATICS_AT;
	/* malloc's heap is one free chunk, its top; the chunk before the first is said to be in use */
	heap->top_chunk = heap->regions[FAKE_CHUNKS].start + 16;
	fake_put(heap, heap->top_chunk - 8, CHUNKS_BYTES | 1);
}

static void make_types(struct fake_heap *heap)
{
	const struct hs_layout *layout = heap->layout;
	const uint64_t gc = HS_TPFLAGS_HAVE_GC;
	struct fake_types *types = &heap->types;
	uint32_t digits = (uint32_t)(HS_HAS(layout, PyLongObject, ob_digit) ? HS_OFFSET(layout, PyLongObject, ob_digit)
									     : HS_OFFSET(layout, PyLongObject, lv_digit));

	types->type = heap->next_static; /* its own type */
	HS_ADDRESS_OF(heap->layout, PyType_Type) = types->type;
	fake_static_type(heap, "type", HS_SIZEOF(layout, PyHeapTypeObject), HS_SIZEOF(layout, PyMemberDef), gc | HS_TPFLAGS_TYPE_SUBCLASS, 0);
	types->object = fake_static_type(heap, "object", 16, 0, 0, 0);
	FAKE_PUT(heap, types->type, PyTypeObject, tp_base, types->object);
	HS_ADDRESS_OF(heap->layout, PyBaseObject_Type) = types->object;
	types->int_ = fake_static_type(heap, "int", digits, 4, 0, types->object);
	types->str = fake_static_type(heap, "str", HS_SIZEOF(layout, PyUnicodeObject), 0, 0, types->object);
	types->list = fake_static_type(heap, "list", HS_SIZEOF(layout, PyListObject), 0, gc, types->object);
	types->tuple = fake_static_type(heap, "tuple", (size_t)HS_OFFSET(layout, PyTupleObject, ob_item), 8, gc, types->object);
	types->dict = fake_static_type(heap, "dict", HS_SIZEOF(layout, PyDictObject), 0, gc, types->object);
	types->float_ = fake_static_type(heap, "float", 24, 0, 0, types->object);
	types->set = fake_static_type(heap, "set", HS_SIZEOF(layout, PySetObject), 0, gc, types->object);
	types->bytes = fake_static_type(heap, "bytes", (size_t)HS_OFFSET(layout, PyBytesObject, ob_sval) + 1, 1, 0, types->object);
	types->deque = fake_static_type(heap, "collections.deque", HS_SIZEOF(layout, dequeobject), 0, gc, types->object);
	types->odict = fake_static_type(heap, "collections.OrderedDict", HS_SIZEOF(layout, PyODictObject), 0, gc, types->dict);
	types->none = fake_static_type(heap, "NoneType", 16, 0, 0, types->object);
	hs_addr none = fake_static(heap, 16);
	HS_ADDRESS_OF(heap->layout, _Py_NoneStruct) = none;
	fake_put(heap, none, 1000);
	fake_put(heap, none + 8, types->none);
}

struct fake_heap *fake_heap_create(const char *table)
{
	struct fake_heap *heap = calloc(1, sizeof(*heap));

	require(heap);
	heap->layout = load_layout(table);
	make_image(heap);
	make_runtime(heap);
	make_types(heap);
	return heap;
}

static void close_python(struct fake_heap *heap)
{
	hs_types_close(heap->types_seen);
	hs_cpython_close(heap->py);
	heap->types_seen = NULL;
	heap->py = NULL;
}

void fake_open(struct fake_heap *heap)
{
	close_python(heap);
	require(!hs_cpython_open(heap->image, heap->layout, &heap->py));
	require(!hs_types_open(heap->py, &heap->types_seen));
}

void fake_heap_destroy(struct fake_heap *heap)
{
	close_python(heap);
	hs_image_destroy(heap->image);
	hs_layout_destroy(heap->layout);
	free(heap);
}

hs_addr fake_static(struct fake_heap *heap, size_t bytes)
{
	hs_addr address = heap->next_static;

	heap->next_static += (bytes + 15) & ~(size_t)15;
	fake_at(heap, address, bytes);
	return address;
}

hs_addr fake_string(struct fake_heap *heap, const char *text)
{
	size_t bytes = strlen(text) + 1;
	hs_addr address = fake_static(heap, bytes);

	memcpy(fake_at(heap, address, bytes), text, bytes);
	return address;
}

hs_addr fake_chunk(struct fake_heap *heap, size_t bytes)
{
	uint64_t size = (bytes + 8 + 15) & ~(uint64_t)15;
	uint64_t top = fake_get(heap, heap->top_chunk - 8) & ~(uint64_t)7;
	hs_addr chunk = heap->top_chunk;

	size = size < 32 ? 32 : size;
	require(size + 32 <= top);
	fake_put(heap, chunk - 8, size | (fake_get(heap, chunk - 8) & 1));
	heap->top_chunk = chunk + size;
	fake_put(heap, heap->top_chunk - 8, (top - size) | 1);
	return chunk;
}

void fake_free_chunk(struct fake_heap *heap, hs_addr chunk)
{
	uint64_t size = fake_get(heap, chunk - 8) & ~(uint64_t)7;

	fake_put(heap, chunk + size - 16, size);
	fake_put(heap, chunk + size - 8, fake_get(heap, chunk + size - 8) & ~(uint64_t)1);
}

hs_addr fake_pool_of(const struct fake_heap *heap, hs_addr block)
{
	return block & ~(hs_addr)(heap->layout->features.pool_bytes - 1);
}

#define POOL_GET32(heap, pool, name) ((uint32_t)FAKE_GET(heap, pool, pool_header, name))

/* Objects/obmalloc.c: init_pool; the block after the first is free already. */
static hs_addr open_pool(struct fake_heap *heap, uint32_t size_class)
{
	uint32_t block_bytes = (size_class + 1) * 16;
	hs_addr pool = heap->regions[FAKE_ARENA].start + (hs_addr)heap->n_pools * heap->layout->features.pool_bytes;
	uint32_t arena_index = (uint32_t)((pool - heap->regions[FAKE_ARENA].start) / heap->layout->features.arena_bytes);
	hs_addr arena = heap->arena_table + arena_index * HS_SIZEOF(heap->layout, arena_object);

	heap->newest_pool[size_class] = ++heap->n_pools;
	FAKE_PUT(heap, arena, arena_object, address, heap->regions[FAKE_ARENA].start + (hs_addr)arena_index * heap->layout->features.arena_bytes);
	FAKE_PUT(heap, arena, arena_object, pool_address, pool + heap->layout->features.pool_bytes);
	fake_at(heap, pool, heap->layout->features.pool_bytes);
	FAKE_PUT(heap, pool, pool_header, arenaindex, arena_index);
	FAKE_PUT(heap, pool, pool_header, szidx, size_class);
	FAKE_PUT(heap, pool, pool_header, nextoffset, 48 + block_bytes);
	FAKE_PUT(heap, pool, pool_header, freeblock, pool + 48);
	return pool;
}

static hs_addr take_block(struct fake_heap *heap, size_t bytes)
{
	uint32_t size_class = (uint32_t)((bytes + 15) / 16 - 1);
	uint32_t newest = heap->newest_pool[size_class], block_bytes = (size_class + 1) * 16;
	hs_addr pool = heap->regions[FAKE_ARENA].start + (hs_addr)(newest - 1) * heap->layout->features.pool_bytes;

	if (!newest || !FAKE_GET(heap, pool, pool_header, freeblock))
		pool = open_pool(heap, size_class);
	hs_addr block = FAKE_GET(heap, pool, pool_header, freeblock);
	hs_addr next = fake_get(heap, block);
	uint32_t next_offset = POOL_GET32(heap, pool, nextoffset);
	if (!next && next_offset + block_bytes <= heap->layout->features.pool_bytes) {
		next = pool + next_offset;
		FAKE_PUT(heap, pool, pool_header, nextoffset, next_offset + block_bytes);
	}
	FAKE_PUT(heap, pool, pool_header, freeblock, next);
	FAKE_PUT(heap, pool, pool_header, count, POOL_GET32(heap, pool, count) + 1);
	memset(fake_at(heap, block, block_bytes), 0, block_bytes);
	return block;
}

void fake_free_block(struct fake_heap *heap, hs_addr block)
{
	hs_addr pool = fake_pool_of(heap, block);

	fake_put(heap, block, FAKE_GET(heap, pool, pool_header, freeblock));
	FAKE_PUT(heap, pool, pool_header, freeblock, block);
	FAKE_PUT(heap, pool, pool_header, count, POOL_GET32(heap, pool, count) - 1);
}

hs_addr fake_malloc(struct fake_heap *heap, size_t bytes)
{
	size_t all = heap->has_hooks ? bytes + HOOK_BYTES + HOOK_TAIL_BYTES : bytes;
	hs_addr block = all <= LARGEST_BLOCK ? take_block(heap, all ? all : 1) : fake_chunk(heap, all);

	if (!heap->has_hooks)
		return block;
	fake_put(heap, block, __builtin_bswap64(bytes));
	fake_put(heap, block + 8, 0xfdfdfdfdfdfdfd00 | 'o');
	memset(fake_at(heap, block + HOOK_BYTES + bytes, HOOK_TAIL_BYTES), 0xfd, HOOK_TAIL_BYTES);
	return block + HOOK_BYTES;
}
