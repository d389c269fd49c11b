/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a minor version of CPython 3. Sources: Objects/obmalloc.c and pycore_obmalloc.h (arenas, pools), object.h and
 * pycore_object.h (refcounts, type flags, pre-header), Python/sysmodule.c (sys.getsizeof), opcode.h.
 */
#include "version_features.h"

#include <stddef.h>

#include "layout.h"

#define MANAGED_WEAKREF ((uint64_t)1 << 3)
#define MANAGED_DICT ((uint64_t)1 << 4)

static const struct {
	unsigned minor;
	struct hs_features features;
} rows[] = {
#define SMALL_ARENAS .arena_bytes = 256 << 10, .pool_bytes = 4 << 10, .small_request_bytes = 512
#define STORES .store_item_opcodes = { 60 }, .store_name_opcodes = { 95, 97 }, .inplace_opcodes = { 55, 79 }
#define INPLACE(...) .inplace_opcodes = { __VA_ARGS__ }, .inplace_argument = 13
#define YIELD_FROM .waiting_opcodes = { 72 }
#define RESUME(quickened) .waiting_opcodes = { 151, (quickened) }, .waiting_argument = 2
#define LARGE_ARENAS .arena_bytes = 1 << 20, .pool_bytes = 16 << 10, .small_request_bytes = 512
	{ 8, { SMALL_ARENAS, YIELD_FROM, STORES, .static_types_own_object = true, .refcount = HS_REFCOUNT_PLAIN } },
	{ 9, { SMALL_ARENAS, YIELD_FROM, STORES, .static_types_own_object = true, .heap_types_are_visited = true, .refcount = HS_REFCOUNT_PLAIN } },
	{ 10, { LARGE_ARENAS, YIELD_FROM, STORES, .lru_links_visit_class = true, .heap_types_are_visited = true, .refcount = HS_REFCOUNT_PLAIN } },
	{ 11, { LARGE_ARENAS, .store_item_opcodes = { 60, 168, 169, 170 }, .store_name_opcodes = { 95, 153, 154, 158, 159, 97 }, INPLACE(122, 3, 6),
		.static_variables_borrow_types = true, .frozen_objects_own_nothing = true, .lru_links_visit_class = true, .heap_types_are_visited = true,
		.refcount = HS_REFCOUNT_PLAIN, .preheader = HS_PREHEADER_VALUES_DICT, .values = HS_VALUES_PREFIXED,
		.preheader_flags = MANAGED_DICT, .int_size_has_a_digit = true, .getsizeof_static_types_have_gc = true,
		.getsizeof_counts_preheader = true, .frame_cleared = 4, RESUME(150) } },
	{ 12, { LARGE_ARENAS, .store_item_opcodes = { 60, 159, 160 }, .store_name_opcodes = { 95, 113, 148, 153, 97 }, INPLACE(122, 8),
		.static_variables_borrow_types = true, .lru_links_visit_class = true, .heap_types_are_visited = true, .refcount = HS_REFCOUNT_IMMORTAL_32,
		.preheader = HS_PREHEADER_WEAK_TAGGED, .values = HS_VALUES_PREFIXED,
		.preheader_flags = MANAGED_DICT | MANAGED_WEAKREF, .int_size_has_a_digit = true, .int_size_by_basicsize = true,
		.getsizeof_static_types_have_gc = true, .getsizeof_counts_preheader = true, .has_static_builtin_state = true, .frame_cleared = 4,
		RESUME(240) } },
	{ 13, { LARGE_ARENAS, .store_item_opcodes = { 39, 212, 213 }, .store_name_opcodes = { 108, 209, 210, 211, 113 }, INPLACE(45, 152),
		.static_variables_borrow_types = true, .pickle_memo_is_visited = true, .lru_links_visit_class = true, .heap_types_are_visited = true,
		.refcount = HS_REFCOUNT_IMMORTAL_32, .preheader = HS_PREHEADER_WEAK_DICT, .values = HS_VALUES_HEADED,
		.preheader_flags = MANAGED_DICT | MANAGED_WEAKREF, .int_size_has_a_digit = true, .int_size_by_basicsize = true,
		.getsizeof_counts_preheader = true, .obmalloc_is_pointer = true, .has_inline_values = true,
		.has_static_builtin_state = true, .frame_cleared = 4, .frame_waiting = -1 } },
	{ 14, { LARGE_ARENAS, .store_item_opcodes = { 38, 201, 202 }, .store_name_opcodes = { 110, 198, 199, 200, 115 }, INPLACE(44, 131, 132),
		.static_variables_borrow_types = true, .pickle_memo_is_visited = true, .lru_links_visit_class = true, .heap_types_are_visited = true,
		.refcount = HS_REFCOUNT_SPLIT, .preheader = HS_PREHEADER_WEAK_DICT, .values = HS_VALUES_HEADED,
		.preheader_flags = MANAGED_DICT | MANAGED_WEAKREF, .int_size_has_a_digit = true, .int_size_by_basicsize = true,
		.getsizeof_counts_preheader = true, .obmalloc_is_pointer = true, .has_inline_values = true,
		.has_static_builtin_state = true, .ended_generators_visit_code = true, .frame_cleared = 4,
		.frame_waiting = -1 } },
	{ 15, { LARGE_ARENAS, .store_item_opcodes = { 36, 208, 209 }, .store_name_opcodes = { 109, 205, 206, 207, 114 }, INPLACE(42, 131, 132),
		.static_variables_borrow_types = true, .dicts_visit_inline_values = true, .pickle_memo_is_visited = true, .lru_links_visit_class = true,
		.heap_types_are_visited = true, .refcount = HS_REFCOUNT_SPLIT, .preheader = HS_PREHEADER_WEAK_DICT,
		.values = HS_VALUES_HEADED, .preheader_flags = MANAGED_DICT | MANAGED_WEAKREF, .int_size_has_a_digit = true,
		.int_size_by_basicsize = true, .getsizeof_counts_preheader = true, .obmalloc_is_pointer = true,
		.has_inline_values = true, .has_static_builtin_state = true, .ended_generators_visit_code = true, .trace_names_are_c_strings = true,
		.frame_executing = 4, .frame_cleared = 5, .frame_waiting = 2, .words_above_awaited = 1 } },
};

const struct hs_features *hs_features_of(unsigned major, unsigned minor)
{
	if (major == 3)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (rows[i].minor == minor)
				return &rows[i].features;
	return NULL;
}

/*
 * gh-130327, in 3.13.13 and 3.14.4: before, tp_traverse of an instance left out its dict as long as it had values of its own
 * (Objects/dictobject.c PyObject_VisitManagedDict). Debian carries the change in its 3.13.5, which is known by another patch
 * that only Debian has: heads of the collector's lists aligned to 4.
 */
void hs_features_refine(struct hs_layout *layout)
{
	bool is_patched = HS_HAS(layout, gc_runtime_state, generations) && HS_OFFSET(layout, gc_runtime_state, generations) % 8 != 0;

	/* bpo-41422, in 3.11.7 and 3.12.1 */
	if (layout->minor == 11 || layout->minor == 12)
		layout->features.pickle_memo_is_visited = layout->micro >= (layout->minor == 11 ? 7 : 1);
	if (layout->minor == 13)
		layout->features.dicts_visit_inline_values = layout->micro >= 13 || (layout->micro >= 5 && is_patched);
	if (layout->minor == 14) {
		layout->features.dicts_visit_inline_values = layout->micro >= 4;
		/* gh-142516: the collector of 3.13 came back with 3.14.5rc1 */
		layout->features.has_incremental_collector = layout->micro < 5;
	}
}
