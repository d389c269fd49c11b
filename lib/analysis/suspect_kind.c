/* SPDX-License-Identifier: Apache-2.0 */
/* What sort of thing grows: by who keeps it first, then by what is new in it, then by what it is. */
#include <string.h>

#include "lru_cache.h"
#include "reach_internal.h"
#include "suspect_internal.h"

#define HOLDERS_LOOKED_AT 4 /* nodes outwards from the container */
/* Of the new objects' bytes, to call the suspect by them. */
#define LEAST_OF_ITEMS 0.5

/* The C type's name, without its module, of the nearest base that C made. */
static const char *c_name(const struct hs_type *type)
{
	return type && type->kind->tp_name ? type->kind->tp_name : "";
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

/* True for the type and for classes derived from it. */
static bool is_a(const struct suspect_search *search, const struct hs_type *type, const char *const *names)
{
	for (; type; type = type->base_type)
		if (is_one_of(hs_type_full_name(search->input->heap->types, type), names))
			return true;
	return false;
}

static const char *const queues[] = { "queue.Queue", "queue.SimpleQueue", "_queue.SimpleQueue", "asyncio.queues.Queue", "multiprocessing.queues.Queue",
				      "multiprocessing.queues.SimpleQueue", NULL };
static const char *const tasks[] = { "_asyncio.Task", "asyncio.tasks.Task", "_asyncio.Future", "asyncio.futures.Future",
				     "concurrent.futures._base.Future", NULL };
static const char *const timers[] = { "asyncio.events.TimerHandle", "threading.Timer", NULL };
static const char *const threads[] = { "threading.Thread", NULL };
static const char *const exceptions[] = { "builtins.BaseException", "builtins.traceback", "builtins.frame", NULL };
static const char *const buffers[] = { "builtins.bytearray", "builtins.memoryview", "builtins.managedbuffer", "numpy.ndarray", "mmap.mmap", NULL };
static const char *const generators[] = { "generator", "coroutine", "async_generator", NULL };

static const struct hs_type *type_in_group(const struct suspect_search *search, uint32_t group)
{
	size_t n;
	const struct hs_type *const *all = hs_types_all(search->input->heap->types, &n);

	for (size_t i = 0; i < n && i < search->observed.n_types; i++)
		if (search->observed.groups[i] == group)
			return all[i];
	return NULL;
}

static bool kind_of_item(const struct suspect_search *search, const struct hs_type *type, enum hs_suspect_kind *ret)
{
	if (is_a(search, type, timers))
		*ret = HS_SUSPECT_TIMERS;
	else if (is_a(search, type, threads))
		*ret = HS_SUSPECT_THREADS;
	else if (is_a(search, type, tasks))
		*ret = HS_SUSPECT_TASKS;
	else if (is_a(search, type, exceptions))
		*ret = HS_SUSPECT_TRACEBACK;
	else if (is_a(search, type, buffers))
		*ret = HS_SUSPECT_BUFFER;
	else if (type && type->flags & HS_TPFLAGS_TYPE_SUBCLASS)
		*ret = HS_SUSPECT_CLASSES;
	else if (is_one_of(c_name(type), generators))
		*ret = HS_SUSPECT_GENERATORS;
	else
		return false;
	return true;
}

/* The new items that make most of the growth. */
static bool kind_of_items(const struct suspect_search *search, const struct suspect_tally *tally, enum hs_suspect_kind *ret)
{
	double all = 0;

	for (unsigned i = 0; i < tally->n; i++)
		all += tally->bytes[i];
	if (!tally->n || tally->bytes[0] < LEAST_OF_ITEMS * all)
		return false;
	return kind_of_item(search, type_in_group(search, tally->types[0]), ret);
}

static enum hs_suspect_kind kind_of_container(const struct suspect_search *search, hs_node node)
{
	const struct hs_type *type = hs_graph_type(search->input->graph, node);
	const char *name = c_name(type);
	static const struct {
		const char *name;
		enum hs_suspect_kind kind;
	} kinds[] = {
		{ "list", HS_SUSPECT_LIST }, { "dict", HS_SUSPECT_DICT }, { "set", HS_SUSPECT_SET }, { "collections.deque", HS_SUSPECT_DEQUE },
		{ "collections.OrderedDict", HS_SUSPECT_ODICT }, { "array.array", HS_SUSPECT_ARRAY }, { "bytearray", HS_SUSPECT_BUFFER },
		{ "_io.BytesIO", HS_SUSPECT_BUFFER }, { "_io.StringIO", HS_SUSPECT_BUFFER },
	};

	for (size_t i = 0; type && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return kinds[i].kind;
	return HS_SUSPECT_OBJECT;
}

/* Who keeps the container for others: the instance or the module that has it as an attribute is a library's. */
static bool is_registry(struct suspect_search *search, const struct hs_path *path, size_t n)
{
	const struct hs_reach *reach = search->input->reach;

	for (size_t i = n - 1; i-- > 0 && n - i <= HOLDERS_LOOKED_AT;) {
		hs_node holder = path->nodes[i];
		const struct hs_type *type = hs_graph_type(search->input->graph, holder);
		if (reach->classes[holder] == CLASS_MODULE_DICT)
			return suspect_origin_of_module(reach, reach_module_of(reach, holder)) != ORIGIN_USER;
		if (reach->classes[holder] == CLASS_TYPE)
			return suspect_origin_of_type(search, hs_type_at(search->input->heap->types, hs_graph_address(search->input->graph, holder))) !=
			       ORIGIN_USER;
		if (!path_shapes_is_instance(type))
			continue;
		/* containers made of containers are what they are */
		return suspect_origin_of_type(search, type) != ORIGIN_USER &&
		       strncmp(hs_type_full_name(search->input->heap->types, type), "collections.", strlen("collections."));
	}
	return false;
}

static bool kind_of_holder(struct suspect_search *search, const struct hs_path *path, size_t n, enum hs_suspect_kind *ret)
{
	for (size_t i = n; i-- > 0 && n - i <= HOLDERS_LOOKED_AT;) {
		const struct hs_type *type = hs_graph_type(search->input->graph, path->nodes[i]);
		if (type && hs_is_lru_cache(&(struct hs_object){ .type = type })) {
			*ret = HS_SUSPECT_LRU_CACHE;
			return true;
		}
		if (is_a(search, type, queues)) {
			*ret = HS_SUSPECT_QUEUE;
			return true;
		}
	}
	return false;
}

enum hs_suspect_kind suspect_kind_of(struct suspect_search *search, const struct suspect_group *group, const struct hs_path *path, size_t n_cut)
{
	size_t n = n_cut ? n_cut : path->n;
	const struct hs_reach_root *root = hs_reach_root_at(search->input->reach, path->root);
	enum hs_suspect_kind kind;

	if (root->kind == HS_REACH_INTERNED)
		return HS_SUSPECT_INTERNED;
	if (kind_of_holder(search, path, n, &kind) || kind_of_items(search, &group->tally, &kind))
		return kind;
	if (group->is_chain || n_cut)
		return HS_SUSPECT_CHAIN;
	if (root->kind == HS_ROOT_ATEXIT || is_registry(search, path, n))
		return HS_SUSPECT_REGISTRY;
	return kind_of_container(search, group->best);
}
