/* SPDX-License-Identifier: Apache-2.0 */
/* Suspects as text: who, how much, how sure; then where to look, and what could be done. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "suspects_view.h"
#include "text.h"
#include "type.h"

#define PATH_BYTES 1200
#define LABEL_COLUMN 5 /* spaces before what is said of a suspect */

/* What it is known by: its path, or that of all members; what nothing leads to, by its type. */
static void put_name(FILE *out, const struct hs_suspect *suspect, const struct hs_style *style)
{
	const char *path = suspect->shape ? suspect->shape : suspect->path.expression;
	HS_FREE char *safe = hs_text_safe(path ? path : hs_type_short_name(suspect->type), style);

	hs_text_bold(out, style);
	hs_text_put_middle(out, style, safe ? safe : "?", style->width > 40 ? style->width - 30 : 20);
	hs_text_plain(out, style);
	if (suspect->members > 1)
		fprintf(out, " %s%llu", style->utf8 ? "\xc3\x97" : "x", (unsigned long long)suspect->members);
}

static void put_head(FILE *out, size_t rank, const struct hs_suspect *suspect, const struct hs_style *style)
{
	HS_FREE char *type = hs_text_safe(hs_type_short_name(suspect->type), style);

	fprintf(out, "%2zu  ", rank);
	put_name(out, suspect, style);
	fprintf(out, "   %s   ", hs_suspect_kind_name(suspect->kind));
	if (type && strcmp(type, hs_suspect_kind_name(suspect->kind)) && suspect->path.expression)
		fprintf(out, "%s   ", type);
	if (suspect->confidence == HS_CONFIDENCE_HIGH)
		hs_text_warn(out, style);
	fprintf(out, "%s", hs_confidence_name(suspect->confidence));
	if (suspect->confidence == HS_CONFIDENCE_HIGH)
		hs_text_plain(out, style);
	fputc('\n', out);
}

static void put_share(struct hs_text_line *line, const char *name, double value)
{
	if (value >= 0)
		hs_text_line_item(line, "%s %.2f", name, value);
}

/* Between two processes no time passes. */
static void put_items(struct hs_text_line *line, const struct hs_suspects *suspects, uint64_t n)
{
	char count[HS_FIGURE_BYTES];

	hs_text_count(count, n);
	if (suspects->is_by_path || suspects->seconds <= 0)
		hs_text_line_item(line, "+%s item%s", count, n == 1 ? "" : "s");
	else
		hs_text_line_item(line, "+%s item%s in %.1f s (%.*f/s)", count, n == 1 ? "" : "s", suspects->seconds, (double)n < 10 * suspects->seconds ? 2 : 0,
				  (double)n / suspects->seconds);
}

static void put_growth(FILE *out, const struct hs_suspects *suspects, const struct hs_suspect *suspect, const struct hs_style *style)
{
	const struct hs_suspect_figures *figures = &suspect->figures;
	char count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES], retained[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "    ", hs_text_plain);
	if (!suspects->is_static) {
		put_items(&line, suspects, figures->items);
		hs_text_line_item(&line, "%s", hs_text_size_change(size, suspect->retained_growth_bytes));
		put_share(&line, "kept", figures->kept);
		put_share(&line, "steady", figures->steadiness);
		hs_text_line_item(&line, "share %.1f %%", figures->share * 100);
	}
	if (suspect->lengths && suspects->n_samples)
		hs_text_line_item(&line, "%s items", hs_text_count(count, suspect->lengths[suspects->n_samples - 1]));
	else if (suspects->is_static && figures->items)
		hs_text_line_item(&line, "%s items", hs_text_count(count, figures->items));
	hs_text_line_item(&line, "retain%s %s", suspect->members == 1 ? "s" : "", hs_text_size(retained, suspect->retained_bytes));
	hs_text_line_end(&line);
}

static void put_labelled(FILE *out, const char *label, const char *text, const struct hs_style *style)
{
	hs_text_put_line(out, style, LABEL_COLUMN - 1, "%-9s %s", label, text);
}

static void put_types(FILE *out, const struct hs_suspect *suspect, const struct hs_style *style)
{
	char text[PATH_BYTES] = "", count[HS_FIGURE_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < suspect->n_grows_by && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s", i ? ", " : "", hs_text_count(count, suspect->grows_by[i].count),
				      hs_type_short_name(suspect->grows_by[i].name));
	if (*text)
		put_labelled(out, "new", text, style);
}

static void put_list(FILE *out, const char *label, const struct hs_suspect_texts *lines, const struct hs_style *style)
{
	for (size_t i = 0; i < lines->n; i++)
		put_labelled(out, i ? "" : label, lines->items[i], style);
}

void hs_suspects_put_one(FILE *out, const struct hs_suspects *suspects, size_t i, const struct hs_style *style)
{
	const struct hs_suspect *suspect = &suspects->list.items[i];

	put_head(out, i + 1, suspect, style);
	put_growth(out, suspects, suspect, style);
	put_types(out, suspect, style);
	if (suspect->owner && suspect->tail && *suspect->tail && !suspect->shape)
		put_labelled(out, "owner", suspect->owner, style);
	for (size_t k = 0; k < suspect->also.n; k++)
		put_labelled(out, "also", suspect->also.items[k], style);
	if (suspect->definition)
		put_labelled(out, "defined", suspect->definition, style);
	put_list(out, "writers", &suspect->writers, style);
	put_list(out, "evidence", &suspect->evidence, style);
	if (suspect->hint)
		put_labelled(out, "hint", suspect->hint, style);
}

void hs_suspects_put_ruled_out(FILE *out, const struct hs_suspects *suspects, const struct hs_style *style)
{
	const struct hs_ruled_out *ruled_out = &suspects->ruled_out;
	char count[HS_FIGURE_BYTES];

	if (suspects->is_static)
		return;
	struct hs_text_line line = hs_text_line_begin(out, style, "looked at", hs_text_dim);
	hs_text_line_item(&line, "%s containers", hs_text_count(count, ruled_out->n_containers));
	if (ruled_out->n_turnover)
		hs_text_line_item(&line, "%s only turned over", hs_text_count(count, ruled_out->n_turnover));
	if (ruled_out->largest_turnover)
		hs_text_line_item(&line, "most of all %s", ruled_out->largest_turnover);
	hs_text_line_end(&line);
}

/* What is not sure to leak is told in short: where to look would look like an accusation. */
static void put_in_short(FILE *out, const struct hs_suspects *suspects, size_t i, const struct hs_style *style)
{
	const struct hs_suspect *suspect = &suspects->list.items[i];

	put_head(out, i + 1, suspect, style);
	put_growth(out, suspects, suspect, style);
	put_list(out, "evidence", &suspect->evidence, style);
}

static void put_heading(FILE *out, const struct hs_suspects *suspects, const struct hs_style *style)
{
	bool is_any_convincing = suspects->is_static;

	if (!suspects->list.n) {
		fputs(suspects->is_static ? "no suspects: nothing here is large in a way that leaks are (static: growth not observed)\n"
					  : "no suspects: nothing that was looked at grows and keeps what it has\n", out);
		return;
	}
	for (size_t i = 0; i < suspects->list.n; i++)
		is_any_convincing |= suspects->list.items[i].confidence > HS_CONFIDENCE_LOW;
	hs_text_bold(out, style);
	fputs(suspects->is_static ? "SUSPECTS (static: growth not observed)" : is_any_convincing ? "SUSPECTS" : "GREW, AND MAY BE NO LEAK", out);
	hs_text_plain(out, style);
	fputc('\n', out);
}

void hs_suspects_put(FILE *out, const struct hs_suspects *suspects, size_t n_max, const struct hs_style *style)
{
	put_heading(out, suspects, style);
	for (size_t i = 0; i < suspects->list.n && i < n_max; i++)
		if (suspects->is_static || suspects->list.items[i].confidence > HS_CONFIDENCE_LOW)
			hs_suspects_put_one(out, suspects, i, style);
		else
			put_in_short(out, suspects, i, style);
	if (suspects->list.n > n_max)
		fprintf(out, "%s %zu more (all: -f json)\n", hs_text_ellipsis(style), suspects->list.n - n_max);
	hs_suspects_put_ruled_out(out, suspects, style);
}
