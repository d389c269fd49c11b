/* SPDX-License-Identifier: Apache-2.0 */
/* Modules of a process made by hand, and all that paths are found with: its heap, graph and roots. */
#ifndef FAKE_MODULES_H
#define FAKE_MODULES_H

#include "fake_heap.h"
#include "graph.h"
#include "process_heap.h"
#include "reach.h"

#define FAKE_MAX_MODULES 8
#define FAKE_MAX_GLOBALS 40

struct fake_modules {
	struct fake_heap *fake;
	hs_addr module_type;
	hs_addr names[FAKE_MAX_MODULES], modules[FAKE_MAX_MODULES];
	size_t n;
	/* by fake_modules_open() */
	struct hs_process_heap heap;
	struct hs_graph *graph;
	struct hs_reach *reach;
};

struct fake_global {
	const char *name;
	hs_addr value;
};

/* A target whose sys.modules is empty. */
void fake_modules_init(struct fake_modules *modules, const char *table);
/* Imports a module with these globals, ended by { 0 }; returns its dict. */
hs_addr fake_import(struct fake_modules *modules, const char *name, const struct fake_global *globals);
/* Puts anything under a name into sys.modules. */
void fake_import_object(struct fake_modules *modules, hs_addr name, hs_addr object);
/* Sets sys.modules, then opens heap, graph and reach. */
void fake_modules_open(struct fake_modules *modules, const struct hs_reach_options *options);
void fake_modules_close(struct fake_modules *modules);

hs_node fake_node(const struct fake_modules *modules, hs_addr object);
/* The expression of the cheapest path to an object; "" when nothing reaches it. */
const char *fake_path(const struct fake_modules *modules, hs_addr object);

#endif
