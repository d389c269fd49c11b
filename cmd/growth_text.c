/* SPDX-License-Identifier: Apache-2.0 */
/* Growth as text. The reader learns in this order: is it safe, does the process grow and what of it, which types, what to do next. */
#include <stdlib.h>

#include "cleanup.h"
#include "growth.h"
#include "heap.h"
#include "survivors_view.h"
#include "table.h"
#include "text.h"

#define LEAST_PART_BYTES 1024 /* a part that rounds to nothing is left out of the line, not of JSON */

static const struct hs_table_column type_columns[] = {
	{ "growth", false }, { "per s", false }, { "count", false }, { "growth", false }, { "bytes", false }, { "TYPE", true },
};
#define N_TYPE_COLUMNS (sizeof(type_columns) / sizeof(type_columns[0]))

static const char *signed_count(char *ret, int64_t change)
{
	char count[HS_FIGURE_BYTES];

	snprintf(ret, HS_FIGURE_BYTES, "%s%.26s", change > 0 ? "+" : change < 0 ? "-" : "", hs_text_count(count, (uint64_t)llabs(change)));
	return ret;
}

/* Three digits that count: "301", "12.5", "0.04". */
static const char *rate_text(char *ret, double rate)
{
	double size = rate < 0 ? -rate : rate;

	snprintf(ret, HS_FIGURE_BYTES, "%.*f", size >= 99.95 || size == 0 ? 0 : size >= 0.995 ? 1 : 2, rate);
	return ret;
}

static void put_pauses(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	const struct hs_sample_list *samples = &growth->series->samples;
	char seconds[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];
	uint64_t sum = 0, longest = 0;

	for (size_t i = 0; i < samples->n; i++) {
		sum += samples->items[i]->pause_ns;
		longest = samples->items[i]->pause_ns > longest ? samples->items[i]->pause_ns : longest;
	}
	struct hs_text_line line = hs_text_line_begin(out, style, "paused", hs_text_dim);
	if (growth->document.is_nonblocking)
		hs_text_line_item(&line, "not at all (--nonblocking): the pictures may contradict themselves");
	else if (samples->n == 1)
		hs_text_line_item(&line, "once, %s, to copy %s", hs_text_seconds(seconds, longest), hs_text_size(size, growth->document.capture->copied_bytes));
	else
		hs_text_line_item(&line, "%zu times, %s at most, to copy %s", samples->n, hs_text_seconds(seconds, longest),
				  hs_text_size(size, growth->document.capture->copied_bytes));
	if (growth->seconds > 0 && !growth->document.is_nonblocking)
		hs_text_line_item(&line, "%.2f %% of %.1f s", (double)sum / growth->seconds / 1e7, growth->seconds);
	hs_text_line_end(&line);
}

static void put_part(struct hs_text_line *line, const struct hs_attribution *attribution, const struct hs_attribution_part *part)
{
	char size[HS_FIGURE_BYTES], name[HS_FIGURE_BYTES];
	bool has_share = attribution->rss_growth_bytes > 0 && part->bytes > 0 && part->cause == HS_CAUSE_SUSPECT;

	snprintf(name, sizeof(name), part->cause == HS_CAUSE_SUSPECT ? "%s %u" : "%s", hs_cause_name(part->cause), part->rank);
	if (has_share)
		hs_text_line_item(line, "%s %s (%.0f %%)", name, hs_text_size_change(size, part->bytes),
				  (double)part->bytes / (double)attribution->rss_growth_bytes * 100);
	else
		hs_text_line_item(line, "%s %s", name, hs_text_size_change(size, part->bytes));
}

/* The parts that say something; all of them add up. */
static void put_attribution(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	const struct hs_attribution *attribution = &growth->attribution;
	char size[HS_FIGURE_BYTES];

	if (!attribution->is_known)
		return;
	struct hs_text_line line = hs_text_line_begin(out, style, "growth", hs_text_bold);
	hs_text_size_change(size, attribution->rss_growth_bytes);
	if (growth->seconds > 0 && !growth->is_of_processes)
		hs_text_line_item(&line, "RSS %s in %.1f s", size, growth->seconds);
	else
		hs_text_line_item(&line, "RSS %s", size);
	for (size_t i = 0; i < attribution->parts.n; i++)
		if (llabs(attribution->parts.items[i].bytes) >= LEAST_PART_BYTES)
			put_part(&line, attribution, &attribution->parts.items[i]);
	if (!growth->is_provisional)
		hs_text_line_item(&line, "verdict: %s", hs_verdict_name(attribution->verdict));
	hs_text_line_end(&line);
}

static void add_row(struct hs_table *table, const struct hs_growth *growth, const struct hs_growth_type *type, const struct hs_style *style)
{
	size_t last = growth->series->samples.n - 1;
	char text[HS_FIGURE_BYTES];

	if (type->comes_and_goes) {
		hs_table_add(table, "~");
		hs_table_add(table, "~");
	} else {
		hs_table_add(table, "%s", signed_count(text, type->count_change));
		hs_table_add(table, "%s", growth->seconds > 0 && !growth->is_of_processes ? rate_text(text, (double)type->count_change / growth->seconds) : "-");
	}
	hs_table_add(table, "%s", hs_text_count(text, type->counts[last]));
	hs_table_add(table, "%s", hs_text_size_change(text, type->bytes_change));
	hs_table_add(table, "%s", hs_text_size(text, type->bytes[last]));
	hs_table_add_text(table, hs_type_short_name(type->name), style);
}

void hs_growth_put_types(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	HS_CLEANUP(hs_table_deinit) struct hs_table table = { .columns = type_columns, .n_columns = N_TYPE_COLUMNS };
	char count[HS_FIGURE_BYTES];
	size_t n_changed = 0;

	for (size_t i = 0; i < growth->types.n; i++) {
		const struct hs_growth_type *type = &growth->types.items[i];
		if (!type->count_change && !type->bytes_change && !type->comes_and_goes)
			continue;
		if (n_changed++ < growth->n_shown)
			add_row(&table, growth, type, style);
	}
	if (n_changed)
		hs_table_put(out, &table, 0, style);
	else if (growth->series->samples.n > 1)
		fputs("no type has more or fewer objects than before\n", out);
	if (n_changed > growth->n_shown)
		fprintf(out, "%s %s more types changed (-n)\n", hs_text_ellipsis(style), hs_text_count(count, n_changed - growth->n_shown));
}

static void put_warning(FILE *out, const char *words, const struct hs_style *style)
{
	HS_FREE char *safe = hs_text_safe(words, style);
	struct hs_text_line line = hs_text_line_begin(out, style, "warning", hs_text_warn);

	hs_text_line_words(&line, safe ? safe : "?");
	hs_text_line_end(&line);
}

static void put_facts(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	for (size_t i = 0; i < growth->n_facts; i++) {
		const struct hs_growth_fact *fact = &growth->facts[i];
		HS_FREE char *safe = hs_text_safe(fact->text, style);
		struct hs_text_line line = hs_text_line_begin(out, style, fact->label, fact->is_warning ? hs_text_warn : hs_text_dim);
		hs_text_line_words(&line, safe ? safe : "?");
		hs_text_line_end(&line);
	}
}

static void put_next(FILE *out, const struct hs_growth *growth)
{
	HS_FREE char *next = hs_growth_next(growth);

	fprintf(out, "next: %s %s\n", growth->document.program, next ? next : "?");
}

void hs_growth_put_head(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	const char *end = hs_growth_end(growth), *standstill = hs_growth_standstill(growth);

	if (growth->facts)
		put_facts(out, growth, style);
	else
		put_pauses(out, growth, style);
	hs_document_put_warnings(out, &growth->document, style);
	if (end)
		put_warning(out, end, style);
	if (standstill)
		put_warning(out, standstill, style);
	put_attribution(out, growth, style);
	fputc('\n', out);
}

/* What another process was said to have, too. */
static void put_shared(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	char size[HS_FIGURE_BYTES];

	for (size_t i = growth->n_own; i < growth->suspects->list.n; i++) {
		const struct hs_suspect *suspect = &growth->suspects->list.items[i];
		hs_text_put_line(out, style, 0, "%2zu  %s   %s   as in pid %d", i + 1, hs_growth_name_of(suspect),
				 hs_text_size_change(size, suspect->retained_growth_bytes), (int)hs_growth_seen_at(growth->seen, suspect));
	}
}

void hs_growth_put_suspects(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	if (!growth->suspects)
		return;
	struct hs_suspects own = *growth->suspects;
	if (growth->seen)
		own.list.n = growth->n_own;
	if (own.list.n || !growth->suspects->list.n)
		hs_suspects_put(out, &own, growth->n_suspects_shown, style);
	if (growth->seen)
		put_shared(out, growth, style);
	fputc('\n', out);
}

void hs_growth_text(FILE *out, const struct hs_growth *growth, const struct hs_style *style)
{
	if (growth->is_provisional) {
		fprintf(out, "provisional, after %.1f s:\n", growth->seconds);
		put_attribution(out, growth, style);
		fputc('\n', out);
	} else {
		hs_document_put_identity(out, &growth->document, style);
		hs_growth_put_head(out, growth, style);
	}
	hs_growth_put_suspects(out, growth, style);
	if (growth->survivors)
		hs_survivors_put(out, growth->survivors, growth->n_shown / 2 + 1, style);
	hs_growth_put_types(out, growth, style);
	if (growth->is_provisional)
		fputc('\n', out);
	else
		put_next(out, growth);
}
