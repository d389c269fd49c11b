/* SPDX-License-Identifier: Apache-2.0 */
/* Caches as a table: those without a bound first. */
#include "caches.h"
#include "cleanup.h"
#include "table.h"
#include "text.h"

#define ADDRESS_FROM_WIDTH 100 /* columns; on a narrower screen names need them more */

static const struct hs_table_column columns[] = {
	{ "ADDRESS", true }, { "maxsize", false }, { "size", false }, { "hits", false }, { "misses", false }, { "retained", false },
	{ "FUNCTION", true, .is_path = true },
};

static void put_rows(FILE *out, const struct hs_caches *caches, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = columns, .n_columns = sizeof(columns) / sizeof(*columns) };
	char figure[HS_FIGURE_BYTES], name[HS_REPR_BYTES + 16];

	if (style->width < ADDRESS_FROM_WIDTH)
		table.hidden = 1;
	for (size_t i = 0; i < caches->n_shown && i < caches->rows.n; i++) {
		const struct hs_cache_row *row = &caches->rows.items[i];
		hs_table_add(&table, "0x%" HS_PRI_ADDR, row->address);
		hs_table_add(&table, "%s", row->cache.max_size < 0 ? "none" : hs_text_count(figure, (uint64_t)row->cache.max_size));
		hs_table_add(&table, "%s", hs_text_count(figure, row->cache.size));
		hs_table_add(&table, "%s", hs_text_count(figure, row->cache.hits));
		hs_table_add(&table, "%s", hs_text_count(figure, row->cache.misses));
		hs_table_add(&table, "%s", hs_text_size(figure, row->retained_bytes));
		snprintf(name, sizeof(name), "%s%s", row->function, row->is_method ? " (method)" : "");
		hs_table_add_text(&table, name, style);
	}
	hs_table_put(out, &table, 0, style);
}

static void put_summary(FILE *out, const struct hs_caches *caches, const struct hs_style *style)
{
	char figure[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "caches", hs_text_bold);
	hs_text_line_item(&line, "%s lru_cache%s", hs_text_count(figure, caches->rows.n), caches->rows.n == 1 ? "" : "s");
	hs_text_line_item(&line, "%s unbounded", hs_text_count(figure, caches->n_unbounded));
	hs_text_line_item(&line, "retain %s", hs_text_size(figure, caches->retained_bytes));
	hs_text_line_end(&line);
}

static bool has_method(const struct hs_caches *caches)
{
	for (size_t i = 0; i < caches->n_shown && i < caches->rows.n; i++)
		if (caches->rows.items[i].is_method)
			return true;
	return false;
}

void hs_caches_text(FILE *out, const struct hs_caches *caches, const struct hs_style *style)
{
	char figure[HS_FIGURE_BYTES];

	hs_document_put_head(out, &caches->document, style);
	if (caches->is_unknown)
		fputs("this interpreter's lru_cache is unknown: its figures cannot be read\n", out);
	put_summary(out, caches, style);
	if (caches->rows.n)
		put_rows(out, caches, style);
	if (caches->rows.n > caches->n_shown)
		fprintf(out, "%s %s more (-n)\n", hs_text_ellipsis(style), hs_text_count(figure, caches->rows.n - caches->n_shown));
	if (has_method(caches))
		fputs("method: the cache belongs to the class, and keeps alive the instances that it was called on\n", out);
	if (caches->rows.n)
		fprintf(out, "next: %s refs %s 0x%" HS_PRI_ADDR "\n", caches->document.program, caches->document.source,
			caches->rows.items[0].address);
}
