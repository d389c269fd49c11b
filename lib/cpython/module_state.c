/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module's own state: a C struct of which only the size is known, but one that holds little else than objects, and they
 * count. From 3.15 on the module itself says how large it is, before that its definition.
 */
#include "module_state.h"

#include "chain.h"
#include "members.h"
#include "unicode.h"

#define WORD 8
#define MAX_MODULE_STATE ((uint64_t)1 << 20)
#define MAX_MODULE_NAME 256
#define MAX_CONDITIONS 256

/* The state, and what the module's m_traverse reports of it. */
struct module_state {
	hs_addr address;
	uint64_t bytes;
	const uint8_t *words;
	bool is_visited;
	bool visits_leaves; /* str and int objects as well */
};

static bool read_name(const struct hs_cpython *py, const struct hs_object *object, char *ret, size_t ret_bytes)
{
	int32_t offset = hs_member_offset(py->layout, HS_MEMBERS_PyModuleObject, "md_name");

	return hs_str_read(py, hs_body_u64(object, offset), ret, ret_bytes);
}

/* False if the module has none. *ret_name: "" if it is not known. */
static bool read_state(const struct hs_cpython *py, const struct hs_object *object, struct module_state *ret, char *ret_name)
{
	const struct hs_layout *layout = py->layout;
	hs_addr def = HS_BODY(py, object, PyModuleObject, md_def);
	uint64_t bytes = HS_BODY(py, object, PyModuleObject, md_state_size), traverse = HS_BODY(py, object, PyModuleObject, md_state_traverse);

	if (def) {
		bytes = hs_image_word(py->image, def + (uint32_t)HS_OFFSET(layout, PyModuleDef, m_size));
		traverse = hs_image_word(py->image, def + (uint32_t)HS_OFFSET(layout, PyModuleDef, m_traverse));
	}
	*ret = (struct module_state){ .address = HS_BODY(py, object, PyModuleObject, md_state), .bytes = bytes, .is_visited = traverse != 0 };
	ret->words = ret->address && bytes <= MAX_MODULE_STATE ? hs_image_at(py->image, ret->address, bytes) : NULL;
	if (!ret->words)
		return false;
	if (!read_name(py, object, ret_name, MAX_MODULE_NAME))
		*ret_name = '\0';
	ret->visits_leaves = hs_module_has_rule(layout, ret_name, HS_MODULE_VISITS_LEAVES);
	return true;
}

/* True for str and int objects: they cannot be part of a cycle, and most modules' m_traverse leaves them out. */
static bool is_leaf(const struct hs_cpython *py, hs_addr address)
{
	const uint64_t leaf_flags = (uint64_t)1 << 24 | (uint64_t)1 << 28; /* Py_TPFLAGS_LONG_SUBCLASS, _UNICODE_SUBCLASS */
	hs_addr type = address & (WORD - 1) ? 0 : hs_image_word(py->image, address + (uint32_t)HS_OFFSET(py->layout, PyObject, ob_type));

	return type && hs_image_word(py->image, type + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_flags)) & leaf_flags;
}

static void visit_words(const struct hs_cpython *py, const struct module_state *state, const uint8_t *words, size_t n,
			const struct hs_visitor *visitor)
{
	for (size_t i = 0; i < n && !visitor->is_over; i++) {
		hs_addr word;
		memcpy(&word, words + i * WORD, sizeof(word));
		if (!word)
			continue;
		bool is_visited = state->is_visited && (state->visits_leaves || !is_leaf(py, word));
		const struct hs_reference_run run = {
			.words = words + i * WORD, .n = 1, .stride = WORD, .kind = HS_EDGE_SCAN, .name = "md_state", .first = i * WORD,
			.relation = (uint8_t)(HS_SCANNED | (is_visited ? HS_STRONG : HS_OWNED)),
		};
		visitor->references(visitor->context, &run);
	}
}

/* Up to 3.9 the atexit module itself keeps what is called at exit: an array of pointers to structs (Modules/atexitmodule.c). */
static void visit_exit_callbacks(const struct hs_cpython *py, hs_addr state, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	uint32_t n = 0, bytes = HS_SIZEOF(layout, atexit_callback);

	if (!HS_HAS(layout, atexitmodule_state, callbacks))
		return;
	hs_addr callbacks = hs_image_word(py->image, state + (uint32_t)HS_OFFSET(layout, atexitmodule_state, callbacks));
	hs_image_u32(py->image, state + (uint32_t)HS_OFFSET(layout, atexitmodule_state, ncallbacks), &n);
	if (!callbacks || !hs_image_at(py->image, callbacks, (uint64_t)n * WORD))
		return;
	visitor->storage(visitor->context, callbacks, (uint64_t)n * WORD);
	for (uint32_t i = 0; i < n && !visitor->is_over; i++) {
		hs_addr callback = hs_image_word(py->image, callbacks + (uint64_t)i * WORD);
		const uint8_t *words = callback ? hs_image_at(py->image, callback, bytes) : NULL;
		if (!words)
			continue;
		visitor->storage(visitor->context, callback, bytes);
		hs_visit_field(visitor, words + HS_OFFSET(layout, atexit_callback, func), "callback", HS_STRONG);
		hs_visit_field(visitor, words + HS_OFFSET(layout, atexit_callback, args), "callback.args", HS_STRONG);
		hs_visit_field(visitor, words + HS_OFFSET(layout, atexit_callback, kwargs), "callback.kwargs", HS_STRONG);
	}
}

/* 3.13+, _decimal: an array that ends with an entry without a name (Modules/_decimal/_decimal.c). */
static void visit_conditions(const struct hs_cpython *py, hs_addr map, const char *name, bool owns_first, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	uint32_t bytes = HS_SIZEOF(layout, DecCondMap);
	const uint8_t *entry;
	hs_addr text = 1;

	for (unsigned i = 0; map && text && i < MAX_CONDITIONS && (entry = hs_image_at(py->image, map + i * bytes, bytes)); i++) {
		memcpy(&text, entry + HS_OFFSET(layout, DecCondMap, name), sizeof(text));
		if (text && (i || owns_first))
			hs_visit_field(visitor, entry + HS_OFFSET(layout, DecCondMap, ex), name, HS_STRONG);
		if (!text)
			visitor->storage(visitor->context, map, (i + 1) * bytes);
	}
}

static void visit_decimal(const struct hs_cpython *py, hs_addr state, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;

	if (!HS_HAS(layout, decimal_state, signal_map))
		return;
	visit_conditions(py, hs_image_word(py->image, state + (uint32_t)HS_OFFSET(layout, decimal_state, signal_map)), "signal_map", true, visitor);
	/* the first condition is the first signal over again */
	visit_conditions(py, hs_image_word(py->image, state + (uint32_t)HS_OFFSET(layout, decimal_state, cond_map)), "cond_map", false, visitor);
}

/* 3.12+: the zones that were asked for last, in a list of nodes (Modules/_zoneinfo.c). */
static void visit_zone_cache(const struct hs_cpython *py, hs_addr state, const struct hs_visitor *visitor)
{
	const struct hs_layout *layout = py->layout;
	struct hs_chain_guard guard = { 0 };
	hs_addr node = 0;

	if (HS_HAS(layout, zoneinfo_state, strong_cache))
		node = hs_image_word(py->image, state + (uint32_t)HS_OFFSET(layout, zoneinfo_state, strong_cache));
	while (node && !visitor->is_over && !hs_chain_repeats(&guard, node)) {
		const uint8_t *words = hs_image_at(py->image, node, HS_SIZEOF(layout, StrongCacheNode));
		if (!words)
			return;
		visitor->storage(visitor->context, node, HS_SIZEOF(layout, StrongCacheNode));
		hs_visit_field(visitor, words + HS_OFFSET(layout, StrongCacheNode, key), "cache.key", HS_STRONG);
		hs_visit_field(visitor, words + HS_OFFSET(layout, StrongCacheNode, zone), "cache.zone", HS_STRONG);
		memcpy(&node, words + HS_OFFSET(layout, StrongCacheNode, next), sizeof(node));
	}
}

static const struct {
	const char *module;
	void (*visit)(const struct hs_cpython *py, hs_addr state, const struct hs_visitor *visitor);
} blocks[] = {
	{ "atexit", visit_exit_callbacks },
	{ "_decimal", visit_decimal },
	{ "_zoneinfo", visit_zone_cache },
};

void hs_module_visit_more(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	char name[MAX_MODULE_NAME];
	struct module_state state;

	if (!read_state(py, object, &state, name))
		return;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (!strcmp(name, blocks[i].module))
			blocks[i].visit(py, state.address, visitor);
	visitor->storage(visitor->context, state.address, state.bytes);
	/* blocks that the state points to are still looked for */
	visitor->scan(visitor->context, state.words, state.bytes / WORD, HS_SCAN_STORAGE);
	visit_words(py, &state, state.words, state.bytes / WORD, visitor);
}
