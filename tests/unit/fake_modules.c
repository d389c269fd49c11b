/* SPDX-License-Identifier: Apache-2.0 */
/* The fake's modules: objects with a dict, in the dict that the interpreter's state names. */
#include "fake_modules.h"

#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

void fake_modules_init(struct fake_modules *modules, const char *table)
{
	*modules = (struct fake_modules){ .fake = fake_heap_create(table) };
	modules->module_type = fake_static_type(modules->fake, "module", HS_SIZEOF(modules->fake->layout, PyModuleObject), 0, HS_TPFLAGS_HAVE_GC,
						modules->fake->types.object);
}

void fake_import_object(struct fake_modules *modules, hs_addr name, hs_addr object)
{
	require(modules->n < FAKE_MAX_MODULES);
	modules->names[modules->n] = name;
	modules->modules[modules->n++] = object;
}

hs_addr fake_import(struct fake_modules *modules, const char *name, const struct fake_global *globals)
{
	struct fake_heap *fake = modules->fake;
	hs_addr module = fake_object(fake, modules->module_type, HS_SIZEOF(fake->layout, PyModuleObject));
	hs_addr keys[FAKE_MAX_GLOBALS], values[FAKE_MAX_GLOBALS];
	size_t n = 0;

	for (; globals[n].name; n++) {
		require(n < FAKE_MAX_GLOBALS);
		keys[n] = fake_str(fake, globals[n].name);
		values[n] = globals[n].value;
	}
	hs_addr dict = fake_dict(fake, 6, keys, values, n);
	/* md_dict is the first member (Objects/moduleobject.c; Include/internal/pycore_moduleobject.h) */
	fake_put(fake, module + HS_SIZEOF(fake->layout, PyObject), dict);
	fake_import_object(modules, fake_str(fake, name), module);
	return dict;
}

void fake_modules_open(struct fake_modules *modules, const struct hs_reach_options *options)
{
	struct fake_heap *fake = modules->fake;
	const struct hs_heap_options heap_options = { .n_workers = 1 };
	hs_addr dict = fake_dict(fake, 4, modules->names, modules->modules, modules->n);

	FAKE_PUT(fake, fake->interpreter, PyInterpreterState, modules, dict);
	FAKE_PUT(fake, fake->interpreter, PyInterpreterState, imports_modules, dict);
	fake_open(fake);
	modules->heap = (struct hs_process_heap){ .py = fake->py, .types = fake->types_seen };
	require(!hs_heap_open(fake->py, fake->types_seen, &heap_options, &modules->heap.heap));
	require(!hs_graph_build(modules->heap.heap, 1, &modules->graph));
	require(!hs_reach_open(&modules->heap, modules->graph, options, &modules->reach));
}

void fake_modules_close(struct fake_modules *modules)
{
	hs_reach_close(modules->reach);
	hs_graph_destroy(modules->graph);
	hs_heap_close(modules->heap.heap);
	fake_heap_destroy(modules->fake);
}

hs_node fake_node(const struct fake_modules *modules, hs_addr object)
{
	hs_node node = hs_graph_node_at(modules->graph, object);

	require(node != HS_NO_NODE);
	return node;
}

const char *fake_path(const struct fake_modules *modules, hs_addr object)
{
	static char text[HS_EXPRESSION_BYTES];

	require(!hs_reach_expression(modules->reach, fake_node(modules, object), false, text, sizeof(text)));
	return text;
}
