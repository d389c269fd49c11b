/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up objects by place. The paths themselves are path_shapes.h's; here they become words, and the words become keys. */
#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "fingerprint.h"
#include "path_shapes.h"
#include "sample_internal.h"

/* What is left then is one place for each type. */
#define MAX_PLACES (1u << 20)
#define KEY_OF_UNREACHED 0x756e726561636865u
#define KEY_OF_ELSEWHERE 0x656c736577686572u

struct placing {
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;
	const struct hs_places_options *options;
	struct path_shapes shapes;
	char **texts;         /* by shape, if names are wanted */
	uint64_t *path_keys;  /* by shape */
	uint64_t *type_keys;  /* by hs_type.index */
	size_t n_types;
	struct hs_path_places *ret;
};

static void placing_deinit(struct placing *placing)
{
	for (size_t i = 0; placing->texts && i < placing->shapes.list.n; i++)
		free(placing->texts[i]);
	free(placing->texts);
	free(placing->path_keys);
	free(placing->type_keys);
	path_shapes_deinit(&placing->shapes);
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hs_mix(hash);
}

/* A shape may turn out to be a chain's while others are looked for: its words are written when all are known. */
static struct hs_error *find_shapes(struct placing *placing)
{
	for (hs_node node = 0; node < hs_graph_node_count(placing->graph); node++) {
		uint32_t shape;
		if (!hs_graph_is_object(placing->graph, node))
			continue;
		HS_TRY(path_shapes_of(&placing->shapes, node, &shape));
		if (shape != NO_SHAPE)
			placing->shapes.list.items[shape].count++;
	}
	return NULL;
}

static struct hs_error *write_keys(struct placing *placing)
{
	size_t n = placing->shapes.list.n;
	const struct hs_type *const *types = hs_types_all(placing->heap->types, &placing->n_types);

	placing->path_keys = calloc(n + 1, sizeof(*placing->path_keys));
	placing->texts = calloc(n + 1, sizeof(*placing->texts));
	placing->type_keys = calloc(placing->n_types + 1, sizeof(*placing->type_keys));
	if (!placing->path_keys || !placing->texts || !placing->type_keys)
		return hs_error_no_memory();
	for (size_t i = 0; i < n; i++) {
		if (!placing->shapes.list.items[i].count)
			continue;
		placing->texts[i] = path_shapes_expression(&placing->shapes, (uint32_t)i);
		if (!placing->texts[i])
			return hs_error_no_memory();
		placing->path_keys[i] = hash_text(placing->texts[i]);
		if (!placing->options->wants_names)
			free(hs_take(placing->texts[i]));
	}
	for (size_t i = 0; i < placing->n_types; i++)
		placing->type_keys[i] = hash_text(hs_type_full_name(placing->heap->types, types[i]));
	return NULL;
}

static uint64_t key_of(const struct placing *placing, uint32_t shape, const struct hs_type *type)
{
	uint64_t path = shape == NO_SHAPE ? KEY_OF_UNREACHED : placing->path_keys[shape];
	uint64_t own = type->index < placing->n_types ? placing->type_keys[type->index] : 0;

	return hs_mix(path + 3 * own) | 1;
}

static struct hs_error *place_at(struct placing *placing, uint64_t key, const struct hs_type *type, uint32_t *ret)
{
	struct hs_path_places *places = placing->ret;
	bool is_new = false;

	if (places->list.n >= MAX_PLACES && hs_address_index_find(&places->index, key) == HS_NO_INDEX)
		key = hs_mix(KEY_OF_ELSEWHERE + (type->index < placing->n_types ? placing->type_keys[type->index] : 0)) | 1;
	*ret = hs_address_index_add(&places->index, key, &is_new);
	if (*ret == HS_NO_INDEX)
		return hs_error_no_memory();
	struct hs_path_place *place = is_new ? hs_array_append(&places->list) : &places->list.items[*ret];
	if (!place)
		return hs_error_no_memory();
	place->key = key;
	return NULL;
}

static bool set_names(const struct placing *placing, struct hs_path_place *place, uint32_t shape, const struct hs_type *type)
{
	if (place->path || shape == NO_SHAPE || !placing->options->wants_names)
		return true;
	place->path = strdup(placing->texts[shape]);
	place->type = strdup(hs_type_full_name(placing->heap->types, type));
	return place->path && place->type;
}

static struct hs_error *add_object(struct placing *placing, hs_node node, const struct hs_type *type)
{
	uint32_t shape = placing->shapes.known[node] ? placing->shapes.known[node] - 1 : NO_SHAPE, number;
	struct hs_heap_object entry;
	uint64_t length;

	HS_TRY(place_at(placing, key_of(placing, shape, type), type, &number));
	struct hs_path_place *place = &placing->ret->list.items[number];
	place->count++;
	place->bytes += hs_graph_bytes(placing->graph, node);
	if (placing->options->of)
		placing->options->of[node] = number;
	if (!hs_graph_object(placing->graph, node, &entry) || !sample_is_container(placing->heap->py, &entry.object, &length))
		return NULL;
	place->n_containers++;
	place->length += length;
	if (placing->options->holders)
		place->retained_bytes += hs_object_graph_retained_bytes(placing->options->holders, node);
	return set_names(placing, place, shape, type) ? NULL : hs_error_no_memory();
}

struct hs_error *hs_path_places_find(const struct hs_process_heap *heap, const struct hs_graph *graph, struct hs_reach *reach,
				const struct hs_places_options *options, struct hs_path_places *ret)
{
	HS_CLEANUP(placing_deinit) struct placing placing = { .heap = heap, .graph = graph, .options = options, .ret = ret };

	HS_TRY(path_shapes_init(&placing.shapes, reach, graph, false));
	placing.shapes.merges_all = true;
	placing.shapes.hides_lines = true;
	HS_TRY(find_shapes(&placing));
	HS_TRY(write_keys(&placing));
	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		const struct hs_type *type = hs_graph_type(graph, node);
		if (options->of)
			options->of[node] = UINT32_MAX;
		if (type)
			HS_TRY(add_object(&placing, node, type));
	}
	return NULL;
}

void hs_path_places_release(struct hs_path_places *places)
{
	for (size_t i = 0; i < places->list.n; i++) {
		free(places->list.items[i].path);
		free(places->list.items[i].type);
	}
	hs_array_free(&places->list);
	hs_address_index_free(&places->index);
}

const struct hs_path_place *hs_place_of_key(const struct hs_path_places *places, uint64_t key)
{
	uint32_t number = hs_address_index_find(&places->index, key);

	return number < places->list.n ? &places->list.items[number] : NULL;
}
