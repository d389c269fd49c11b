/* SPDX-License-Identifier: Apache-2.0 */
/* The place in the source that defines what a suspect belongs to: a function, the class that has it, the class of what it holds. */
#include <stdio.h>
#include <string.h>

#include "code.h"
#include "definitions.h"
#include "escape.h"
#include "lru_cache.h"
#include "reach_internal.h"
#include "suspect_internal.h"
#include "unicode.h"

#define PLACE_BYTES 1200

static bool place_of_function(const struct suspect_search *search, hs_addr function, char *ret)
{
	const struct hs_process_heap *heap = search->input->heap;
	struct hs_object object;
	struct hs_code code;
	char file[PLACE_BYTES - 16];

	if (!function || !hs_object_at(heap->py, heap->types, function, &object) ||
	    !hs_code_read(heap->py, hs_object_field(heap->py, &object, "__code__"), &code) || !hs_str_read(heap->py, code.filename, file, sizeof(file)))
		return false;
	snprintf(ret, PLACE_BYTES, "%s:%d", file, (int)code.first_line);
	return true;
}

/* The function or the class nearest to the suspect on its path. */
static bool place_on_path(struct suspect_search *search, const struct hs_suspect *suspect, char *ret)
{
	const struct hs_graph *graph = search->input->graph;
	struct hs_heap_object entry;
	struct hs_lru_cache cache;

	for (size_t i = suspect->path.steps.n; i-- > 0;) {
		hs_addr address = suspect->path.steps.items[i].to;
		hs_node node = hs_graph_node_at(graph, address);
		const struct hs_type *type = hs_graph_type(graph, node);
		if (!type || search->input->reach->classes[node] == CLASS_MODULE)
			continue;
		if (hs_graph_object(graph, node, &entry) && hs_lru_cache_read(search->input->heap->py, &entry.object, &cache))
			return place_of_function(search, cache.function, ret);
		if (search->input->reach->classes[node] == CLASS_FUNCTION)
			return place_of_function(search, address, ret);
		if (search->input->reach->classes[node] == CLASS_TYPE)
			type = hs_type_at(search->input->heap->types, address);
		else if (!path_shapes_is_instance(type))
			continue;
		/* a class of the standard library says less than nothing */
		if (type && suspect_origin_of_type(search, type) != ORIGIN_STANDARD)
			return hs_class_definition(search->input->heap, type, ret, PLACE_BYTES);
	}
	return false;
}

static bool place_of_items(struct suspect_search *search, const struct hs_suspect *suspect, char *ret)
{
	size_t n;
	const struct hs_type *const *all = hs_types_all(search->input->heap->types, &n);

	for (size_t i = 0; suspect->n_grows_by && i < n; i++) {
		if (!all[i]->is_python_class || strcmp(hs_type_full_name(search->input->heap->types, all[i]), suspect->grows_by[0].name))
			continue;
		return suspect_origin_of_type(search, all[i]) != ORIGIN_STANDARD && hs_class_definition(search->input->heap, all[i], ret, PLACE_BYTES);
	}
	return false;
}

bool suspect_write_definition(struct suspect_search *search, struct hs_suspect *suspect)
{
	char place[PLACE_BYTES], safe[2 * PLACE_BYTES];
	const struct hs_reach_root *root = &suspect->path.root;
	bool is_found = suspect->path.expression && place_on_path(search, suspect, place);

	if (!is_found && suspect->path.expression && root->function && root->file && *root->file) {
		snprintf(place, sizeof(place), root->line > 0 ? "%s:%d" : "%s", root->file, (int)root->line);
		is_found = true;
	}
	if (!is_found && !place_of_items(search, suspect, place))
		return true;
	hs_escape(safe, sizeof(safe), place, strlen(place));
	suspect->definition = strdup(safe);
	return suspect->definition;
}
