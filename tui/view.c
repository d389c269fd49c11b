/* SPDX-License-Identifier: Apache-2.0 */
/* The table of views. */
#include "view.h"

#include <string.h>
#include <strings.h>

#include "draw.h"

const struct hs_view hs_views[HS_N_VIEWS] = {
	[HS_VIEW_TYPES] = { "types", "Types", "bytes", "no types", hs_draw_tables },
	[HS_VIEW_SUSPECTS] = { "suspects", "Suspects", NULL, "nobody", hs_draw_tables },
	[HS_VIEW_RETAINED] = { "retained", "Retained", "retained", "nothing is held by this alone", hs_draw_tables },
	[HS_VIEW_MEMORY] = { "memory", "Memory", NULL, "nothing", hs_draw_tables },
	[HS_VIEW_GC] = { "gc", "GC", NULL, "nothing", hs_draw_tables },
	[HS_VIEW_THREADS] = { "threads", "Threads", NULL, "no threads", hs_draw_tables },
	[HS_VIEW_LINES] = { "lines", "Lines", "bytes", "no lines", hs_draw_tables },
	[HS_VIEW_INSTANCES] = { "instances", "Instances", "age", "no objects", hs_draw_tables },
	[HS_VIEW_OBJECT] = { "object", "Object", NULL, "nothing", hs_draw_tables },
};

/* Those that have a tab, in the order of their numbers. */
static const enum hs_view_id tabs[] = { HS_VIEW_TYPES, HS_VIEW_SUSPECTS, HS_VIEW_RETAINED, HS_VIEW_MEMORY, HS_VIEW_GC, HS_VIEW_THREADS, HS_VIEW_LINES };

enum hs_view_id hs_view_tab(unsigned n)
{
	return n < hs_view_tabs() ? tabs[n] : HS_N_VIEWS;
}

unsigned hs_view_tabs(void)
{
	return sizeof(tabs) / sizeof(*tabs);
}

enum hs_view_id hs_view_find(const char *name)
{
	size_t n = strlen(name);

	while (n && name[n - 1] == ' ')
		n--;
	for (unsigned i = 0; n && i < hs_view_tabs(); i++)
		if (!strncasecmp(hs_views[tabs[i]].name, name, n))
			return tabs[i];
	return HS_N_VIEWS;
}
