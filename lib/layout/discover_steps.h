/* SPDX-License-Identifier: Apache-2.0 */
/* The searches, each for the members that one check reads. */
#ifndef HS_DISCOVER_STEPS_H
#define HS_DISCOVER_STEPS_H

#include <stdbool.h>

#include "live.h"

/* Writes what was found into `layout` (the one that `live` reads by). False when nothing was: `layout` is as before. */
typedef bool hs_search(const struct hs_live *live, struct hs_layout *layout);

hs_search hs_search_interpreters;
hs_search hs_search_threads;
hs_search hs_search_namespaces;
hs_search hs_search_static_types;
hs_search hs_search_generations;
/* The statics `arenas` and `maxarenas` up to 3.11, the interpreter's member since. */
hs_search hs_search_arenas;
/* tracemalloc's tables, while it is tracing. */
hs_search hs_search_tracemalloc;

/* True if most of the process's small objects lie in pools: it uses pymalloc. */
bool hs_uses_pymalloc(const struct hs_live *live);

#endif
