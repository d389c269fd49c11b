/* SPDX-License-Identifier: Apache-2.0 */
/* Which view is made by what. */
#include "top_pages.h"

struct page_kind {
	enum hs_stage needs;
	bool moves; /* follows the samples */
	struct hs_error *(*fill)(struct hs_top_source *source, struct hs_page *page);
};

static const struct page_kind kinds[HS_N_VIEWS] = {
	[HS_VIEW_TYPES] = { HS_STAGE_CENSUS, true, hs_top_fill_types },
	[HS_VIEW_SUSPECTS] = { HS_STAGE_PATHS, true, hs_top_fill_suspects },
	[HS_VIEW_RETAINED] = { HS_STAGE_PATHS, false, hs_top_fill_retained },
	[HS_VIEW_MEMORY] = { HS_STAGE_CENSUS, true, hs_top_fill_memory },
	[HS_VIEW_GC] = { HS_STAGE_HEAP, true, hs_top_fill_gc },
	[HS_VIEW_THREADS] = { HS_STAGE_HEAP, true, hs_top_fill_threads },
	[HS_VIEW_LINES] = { HS_STAGE_HEAP, true, hs_top_fill_lines },
	[HS_VIEW_INSTANCES] = { HS_STAGE_PATHS, false, hs_top_fill_instances },
	[HS_VIEW_OBJECT] = { HS_STAGE_PATHS, false, hs_top_fill_object },
};

enum hs_stage hs_top_page_needs(const struct hs_page_place *place)
{
	return place->view == HS_VIEW_TYPES && place->by_holder ? HS_STAGE_PATHS : kinds[place->view].needs;
}

bool hs_top_page_moves(const struct hs_page_place *place)
{
	return kinds[place->view].moves;
}

struct hs_error *hs_top_page_fill(struct hs_top_source *source, struct hs_page *page)
{
	HS_TRY(kinds[page->place.view].fill(source, page));
	return page->is_short ? hs_error_no_memory() : NULL;
}

void hs_top_add_line(struct hs_page *page, struct hs_section *section, unsigned indent, const char *text)
{
	struct hs_row *row = hs_page_add_row(page, section, section->rows.n + 1);

	if (!row)
		return;
	row->indent = (uint8_t)indent;
	hs_row_set_text(row, 0, text);
}
