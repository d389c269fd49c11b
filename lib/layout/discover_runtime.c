/* SPDX-License-Identifier: Apache-2.0 */
/* Searches for members of _PyRuntime and of the interpreter's state, which every release may move. */
#include "discover_steps.h"

#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define OFFSET(structure, name) HS_OFFSET(live->layout, structure, name)

/* How far behind its start a struct is searched: its size by the table, and what a release may have added. */
static uint32_t reach_of(const struct hs_live *live, enum hs_struct_id structure)
{
	uint32_t bytes = live->layout->struct_bytes[structure];

	return bytes < (4u << 20) ? bytes + 4096 : 4u << 20;
}

static bool has_thread_at(const struct hs_live *live, hs_addr interpreter, int32_t offset)
{
	hs_addr thread = hs_live_word(live, interpreter, offset);

	return thread && FIELD(thread, PyThreadState, interp) == interpreter && FIELD(thread, PyThreadState, prev) == 0;
}

static enum hs_field_id thread_field(const struct hs_live *live)
{
	return HS_HAS(live->layout, PyInterpreterState, tstate_head) ? HS_FIELD_PyInterpreterState_tstate_head
								     : HS_FIELD_PyInterpreterState_threads_head;
}

/* The head of the list, and behind it the main interpreter, which is the same while there is one only. */
bool hs_search_interpreters(const struct hs_live *live, struct hs_layout *layout)
{
	const hs_addr runtime = HS_ADDRESS_OF(layout, _PyRuntime);
	const struct hs_layout before = *layout;
	const int32_t reach = 4096;

	for (int32_t offset = 0; offset < reach; offset += 8) {
		hs_addr head = hs_live_word(live, runtime, offset);

		if (!head || !has_thread_at(live, head, layout->fields[thread_field(live)].offset))
			continue;
		HS_OFFSET(layout, PyRuntimeState, interpreters_head) = offset;
		HS_OFFSET(layout, PyRuntimeState, interpreters_main) = offset + 8;
		struct hs_error *error = hs_check_interpreters(live);
		if (!error)
			return true;
		hs_error_destroy(error);
	}
	layout->fields[HS_FIELD_PyRuntimeState_interpreters_head] = before.fields[HS_FIELD_PyRuntimeState_interpreters_head];
	layout->fields[HS_FIELD_PyRuntimeState_interpreters_main] = before.fields[HS_FIELD_PyRuntimeState_interpreters_main];
	return false;
}

bool hs_search_threads(const struct hs_live *live, struct hs_layout *layout)
{
	const hs_addr main = hs_live_main_interpreter(live);
	const int32_t reach = (int32_t)reach_of(live, HS_STRUCT_PyInterpreterState);

	for (int32_t offset = 0; offset < reach; offset += 8) {
		if (!has_thread_at(live, main, offset))
			continue;
		layout->fields[thread_field(live)].offset = offset;
		return true;
	}
	return false;
}

static bool is_modules(const struct hs_live *live, hs_addr dict)
{
	return hs_live_is(live, hs_live_dict_get(live, dict, "sys"), "module") &&
	       hs_live_is(live, hs_live_dict_get(live, dict, "builtins"), "module");
}

static bool is_sys(const struct hs_live *live, hs_addr dict)
{
	return hs_live_dict_get(live, dict, "modules") && hs_live_dict_get(live, dict, "hexversion");
}

static bool is_builtins(const struct hs_live *live, hs_addr dict)
{
	return hs_live_dict_get(live, dict, "len") && hs_live_dict_get(live, dict, "None") == HS_ADDRESS_OF(live->layout, _Py_NoneStruct);
}

bool hs_search_namespaces(const struct hs_live *live, struct hs_layout *layout)
{
	const hs_addr main = hs_live_main_interpreter(live);
	const int32_t reach = (int32_t)reach_of(live, HS_STRUCT_PyInterpreterState);
	int32_t modules = -1, sys = -1, builtins = -1;

	for (int32_t offset = 0; offset < reach && (modules < 0 || sys < 0 || builtins < 0); offset += 8) {
		hs_addr dict = hs_live_word(live, main, offset);

		if (!dict || !hs_live_is(live, dict, "dict"))
			continue;
		if (modules < 0 && is_modules(live, dict))
			modules = offset;
		else if (sys < 0 && is_sys(live, dict))
			sys = offset;
		else if (builtins < 0 && is_builtins(live, dict))
			builtins = offset;
	}
	if (modules < 0 || sys < 0 || builtins < 0)
		return false;
	if (HS_HAS(layout, PyInterpreterState, modules))
		HS_OFFSET(layout, PyInterpreterState, modules) = modules;
	else
		HS_OFFSET(layout, PyInterpreterState, imports_modules) = modules;
	HS_OFFSET(layout, PyInterpreterState, sysdict) = sys;
	HS_OFFSET(layout, PyInterpreterState, builtins) = builtins;
	return true;
}

bool hs_search_static_types(const struct hs_live *live, struct hs_layout *layout)
{
	const hs_addr object = HS_ADDRESS_OF(layout, PyBaseObject_Type), main = hs_live_main_interpreter(live);
	const uint64_t index = FIELD(object, PyTypeObject, tp_subclasses);
	const int32_t reach = (int32_t)reach_of(live, HS_STRUCT_PyInterpreterState);
	const uint32_t stride = HS_SIZEOF(layout, managed_static_type_state);
	struct hs_field *array = HS_HAS(layout, PyInterpreterState, static_builtin_types)
					 ? &layout->fields[HS_FIELD_PyInterpreterState_static_builtin_types]
					 : &layout->fields[HS_FIELD_PyInterpreterState_static_builtin_types_13];
	const int32_t before = array->offset;

	if (!layout->features.has_static_builtin_state || !index || index > 4096)
		return false;
	for (int32_t offset = 0; offset < reach; offset += 8) {
		hs_addr state = main + (hs_addr)offset + (index - 1) * stride;

		if (!hs_live_is(live, FIELD(state, managed_static_type_state, tp_dict), "dict"))
			continue;
		array->offset = offset;
		struct hs_error *error = hs_check_static_types(live);
		if (!error)
			return true;
		hs_error_destroy(error);
	}
	array->offset = before;
	return false;
}

static bool is_list_head(const struct hs_live *live, hs_addr head)
{
	return hs_generation_links(live, head) == 2;
}

/* One of them may be half linked: a list that was being changed when the process was stopped. */
static bool are_generations(const struct hs_live *live, hs_addr first)
{
	const uint32_t stride = HS_SIZEOF(live->layout, gc_generation);
	unsigned n_links = 0;

	for (unsigned i = 0; i < 3; i++) {
		unsigned its_links = hs_generation_links(live, first + i * stride);

		if (!its_links)
			return false;
		n_links += its_links;
	}
	return n_links >= 5;
}

/* The permanent generation is the next list head behind the others; between them lies a pointer or nothing. */
static bool find_permanent(const struct hs_live *live, hs_addr behind, struct hs_layout *layout, hs_addr collector)
{
	struct hs_field *permanent = &layout->fields[HS_FIELD_gc_runtime_state_permanent_generation];
	const hs_addr stated = collector + (hs_addr)permanent->offset;

	if (stated >= behind && is_list_head(live, stated))
		return true;
	for (hs_addr head = behind; head < behind + 64; head += 4) {
		if (!is_list_head(live, head))
			continue;
		permanent->offset = (int32_t)(head - collector);
		return true;
	}
	return false;
}

static bool try_generations(const struct hs_live *live, hs_addr collector, hs_addr first, struct hs_layout *layout)
{
	const struct hs_field generations = layout->fields[HS_FIELD_gc_runtime_state_generations];
	const struct hs_field permanent = layout->fields[HS_FIELD_gc_runtime_state_permanent_generation];
	const hs_addr behind = first + 3 * (hs_addr)HS_SIZEOF(layout, gc_generation);

	HS_OFFSET(layout, gc_runtime_state, generations) = (int32_t)(first - collector);
	if (are_generations(live, first) && find_permanent(live, behind, layout, collector)) {
		struct hs_error *error = hs_check_generations(live);

		if (!error)
			return true;
		hs_error_destroy(error);
	}
	layout->fields[HS_FIELD_gc_runtime_state_generations] = generations;
	layout->fields[HS_FIELD_gc_runtime_state_permanent_generation] = permanent;
	return false;
}

/* In steps of four bytes: Debian's 3.13 packs the list heads, so that they start at gc + 20. */
static bool search_collector(const struct hs_live *live, hs_addr collector, struct hs_layout *layout)
{
	for (hs_addr first = collector; first < collector + 256; first += 4)
		if (try_generations(live, collector, first, layout))
			return true;
	return false;
}

bool hs_search_generations(const struct hs_live *live, struct hs_layout *layout)
{
	const bool is_in_runtime = HS_HAS(layout, PyRuntimeState, gc);
	const hs_addr base = is_in_runtime ? HS_ADDRESS_OF(layout, _PyRuntime) : hs_live_main_interpreter(live);
	struct hs_field *member = is_in_runtime ? &layout->fields[HS_FIELD_PyRuntimeState_gc]
						: &layout->fields[HS_FIELD_PyInterpreterState_gc];
	const uint32_t reach = reach_of(live, is_in_runtime ? HS_STRUCT_PyRuntimeState : HS_STRUCT_PyInterpreterState);
	const int32_t before = member->offset;

	if (search_collector(live, base + (hs_addr)member->offset, layout))
		return true;
	/* The whole collector moved: its own members keep their distances. */
	for (hs_addr at = base; at < base + reach; at += 8) {
		hs_addr first = at + (hs_addr)HS_OFFSET(layout, gc_runtime_state, generations);

		if (!are_generations(live, first))
			continue;
		member->offset = (int32_t)(at - base);
		if (try_generations(live, at, first, layout))
			return true;
	}
	member->offset = before;
	return false;
}
