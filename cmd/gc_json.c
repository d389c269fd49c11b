/* SPDX-License-Identifier: Apache-2.0 */
/* Collectors as JSON: the main interpreter's at the top, those of others in a list. */
#include "gc.h"
#include "json.h"

static json_t *generation_json(const struct hs_generation_state *generation)
{
	json_t *object = json_object();

	json_object_set_new(object, "threshold", json_integer(generation->threshold));
	json_object_set_new(object, "count", json_integer(generation->count));
	json_object_set_new(object, "objects", hs_json_u64(generation->n_objects));
	json_object_set_new(object, "collections", hs_json_u64(generation->collections));
	json_object_set_new(object, "collected", hs_json_u64(generation->collected));
	json_object_set_new(object, "uncollectable", hs_json_u64(generation->uncollectable));
	return object;
}

static json_t *objects_json(const struct hs_gc_objects *objects)
{
	json_t *array = json_array();

	for (size_t i = 0; i < objects->shown.n; i++) {
		const struct hs_gc_object *object = &objects->shown.items[i];
		json_t *item = json_object();
		json_object_set_new(item, "address", hs_json_address(object->address));
		json_object_set_new(item, "type", hs_json_string(object->type));
		json_object_set_new(item, "repr", json_string(object->repr));
		json_array_append_new(array, item);
	}
	return array;
}

static void set_debug(json_t *object, uint32_t debug)
{
	json_t *names = json_array();

	for (unsigned bit = 0; bit < HS_GC_N_DEBUG_BITS; bit++)
		if (debug >> bit & 1 && hs_gc_debug_name(bit))
			json_array_append_new(names, json_string(hs_gc_debug_name(bit)));
	json_object_set_new(object, "debug", json_integer(debug));
	json_object_set_new(object, "debug_flags", names);
}

static void set_collector(json_t *object, const struct hs_gc_collector *collector)
{
	const struct hs_collector *state = &collector->state;
	json_t *generations = json_array(), *notes = json_array();

	for (unsigned i = 0; i < HS_N_GENERATIONS; i++)
		json_array_append_new(generations, generation_json(&state->generations[i]));
	for (size_t i = 0; i < collector->notes.n; i++)
		json_array_append_new(notes, json_string(collector->notes.items[i]));
	json_object_set_new(object, "enabled", json_boolean(state->is_enabled));
	json_object_set_new(object, "collecting", json_boolean(state->is_collecting));
	json_object_set_new(object, "incremental", json_boolean(state->is_incremental));
	set_debug(object, state->debug);
	json_object_set_new(object, "generations", generations);
	json_object_set_new(object, "frozen", hs_json_u64(state->n_frozen));
	json_object_set_new(object, "long_lived", state->is_incremental ? json_null() : hs_json_u64(state->n_long_lived));
	json_object_set_new(object, "long_lived_pending", state->is_incremental ? json_null() : hs_json_u64(state->n_long_lived_pending));
	json_object_set_new(object, "seconds", state->seconds >= 0 ? json_real(state->seconds) : json_null());
	json_object_set_new(object, "n_garbage", hs_json_u64(collector->garbage.n));
	json_object_set_new(object, "garbage", objects_json(&collector->garbage));
	json_object_set_new(object, "callbacks", objects_json(&collector->callbacks));
	json_object_set_new(object, "notes", notes);
}

struct hs_error *hs_gc_json(FILE *out, const struct hs_gc *gc)
{
	json_t *root = hs_document_json(&gc->document), *others = json_array();

	if (!hs_gc_is_complete(gc))
		json_object_set_new(root, "complete", json_false());
	for (size_t i = 0; i < gc->collectors.n; i++) {
		const struct hs_gc_collector *collector = &gc->collectors.items[i];
		json_t *object = i ? json_object() : root;
		if (i) {
			json_object_set_new(object, "id", json_integer(collector->state.interpreter_id));
			json_array_append(others, object);
		}
		set_collector(object, collector);
		if (i)
			json_decref(object);
	}
	json_object_set_new(root, "interpreters", others);
	return hs_json_write(out, root);
}
