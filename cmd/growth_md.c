/* SPDX-License-Identifier: Apache-2.0 */
/* Growth for a ticket, as Markdown: at most 40 lines of 100 columns, with all that somebody needs who was not there. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "growth.h"
#include "heap.h"
#include "text.h"

#define WIDTH 100
#define N_SUSPECTS 3
#define N_TYPES 5
#define N_WRITERS 2
/* Of moments that were kept, which take more lines themselves. */
#define N_WRITERS_OF_MOMENTS 1
#define N_TYPES_OF_MOMENTS 3
#define N_WARNINGS 2
#define PATH_WIDTH 60
#define TYPE_WIDTH 50
#define LINE_BYTES 4096
#define LEAST_PART_BYTES 1024

static const struct hs_style style = { .width = WIDTH, .utf8 = true };

/* One line, cut at the width. What would end a table's cell or a piece of code is replaced. */
static void put(FILE *out, const char *format, ...) HS_PRINTF(2, 3);

static void put(FILE *out, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	hs_text_put_start(out, &style, line, WIDTH);
	fputc('\n', out);
}

/* Safe in a cell and between backticks; the caller frees it. */
static char *plain(const char *text)
{
	char *safe = hs_text_safe(text ? text : "?", &style);

	for (char *c = safe; c && *c; c++)
		if (*c == '|' || *c == '`')
			*c = '\'';
	return safe;
}

/* The same in at most `width` columns, as `shorten` does it. */
static char *plain_short(const char *name, unsigned (*shorten)(FILE *, const struct hs_style *, const char *, unsigned), unsigned width)
{
	HS_FREE char *safe = plain(name);
	char *text = NULL;
	size_t bytes;
	FILE *out = safe ? open_memstream(&text, &bytes) : NULL;

	if (!out)
		return NULL;
	shorten(out, &style, safe, width);
	fclose(out);
	return text;
}

/* Both ends of a path say something. */
static char *plain_path(const char *path)
{
	return plain_short(path, hs_text_put_middle, PATH_WIDTH);
}

/* A name says most at its beginning. */
static char *plain_name(const char *name)
{
	return plain_short(name, hs_text_put_start, TYPE_WIDTH);
}

static void put_cell(FILE *out, const char *label, const char *text)
{
	HS_FREE char *safe = plain(text);

	put(out, "| %s | %s |", label, safe ? safe : "?");
}

static void put_process(FILE *out, const struct hs_document *document)
{
	const struct hs_process *process = document->process;
	char text[LINE_BYTES], age[HS_FIGURE_BYTES], utc[32] = "";
	struct tm parts;

	if (gmtime_r(&document->time, &parts))
		strftime(utc, sizeof(utc), "%Y-%m-%d %H:%M:%S UTC", &parts);
	snprintf(text, sizeof(text), "%s on %s", utc, document->host);
	put_cell(out, "time", text);
	snprintf(text, sizeof(text), "%s, pid %d, up %s", process->script, (int)process->pid, hs_text_age(age, process->uptime_ms));
	put_cell(out, "process", text);
	if (*process->container_id)
		put_cell(out, "container", process->container_id);
	snprintf(text, sizeof(text), "CPython %s, %s", document->layout->version, process->exe_path ? process->exe_path : "?");
	put_cell(out, "interpreter", text);
}

static void put_pauses(FILE *out, const struct hs_growth *growth)
{
	const struct hs_sample_list *samples = &growth->series->samples;
	char seconds[HS_FIGURE_BYTES], text[200];
	uint64_t sum = 0, longest = 0;

	for (size_t i = 0; i < samples->n; i++) {
		sum += samples->items[i]->pause_ns;
		longest = samples->items[i]->pause_ns > longest ? samples->items[i]->pause_ns : longest;
	}
	snprintf(text, sizeof(text), "%zu, of %s at most: %.2f %% of %.1f s", samples->n, hs_text_seconds(seconds, longest),
		 growth->seconds > 0 ? (double)sum / growth->seconds / 1e7 : 0, growth->seconds);
	put_cell(out, "pauses", growth->document.is_nonblocking ? "none: the pictures may contradict themselves" : text);
}

static void put_attribution(FILE *out, const struct hs_growth *growth)
{
	const struct hs_attribution *attribution = &growth->attribution;
	char text[LINE_BYTES] = "", size[HS_FIGURE_BYTES];
	int64_t bytes[HS_N_CAUSES] = { 0 };
	size_t n = 0;

	if (!attribution->is_known)
		return;
	for (size_t i = 0; i < attribution->parts.n; i++)
		bytes[attribution->parts.items[i].cause] += attribution->parts.items[i].bytes;
	hs_text_size_change(size, attribution->rss_growth_bytes);
	if (growth->seconds > 0 && !growth->is_of_processes)
		snprintf(text, sizeof(text), "RSS %s in %.1f s", size, growth->seconds);
	else
		snprintf(text, sizeof(text), "RSS %s", size);
	put_cell(out, "growth", text);
	*text = '\0';
	for (unsigned cause = 0; cause < HS_N_CAUSES; cause++)
		if (llabs(bytes[cause]) >= LEAST_PART_BYTES)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%s %s", n ? ", " : "", hs_cause_name((enum hs_cause)cause),
					      cause == HS_CAUSE_SUSPECT ? "s" : "", hs_text_size_change(size, bytes[cause]));
	if (n)
		put_cell(out, "of that", text);
	put_cell(out, "verdict", hs_verdict_name(attribution->verdict));
}

/* What is not known is left out. */
static void put_figures(FILE *out, const struct hs_suspects *suspects, const struct hs_suspect *suspect)
{
	const struct hs_suspect_figures *figures = &suspect->figures;
	char count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES], time[HS_FIGURE_BYTES] = "", kept[HS_FIGURE_BYTES] = "", steady[HS_FIGURE_BYTES] = "";

	if (!suspects->is_by_path && suspects->seconds > 0)
		snprintf(time, sizeof(time), " in %.1f s", suspects->seconds);
	if (figures->kept >= 0)
		snprintf(kept, sizeof(kept), "kept %.2f, ", figures->kept);
	if (figures->steadiness >= 0)
		snprintf(steady, sizeof(steady), "steady %.2f, ", figures->steadiness);
	put(out, "   +%s%s, %s; %s%sshare %.1f %%", hs_text_count(count, figures->items), time, hs_text_size_change(size, suspect->retained_growth_bytes),
	    kept, steady, figures->share * 100);
}

static void put_suspect(FILE *out, size_t rank, const struct hs_suspects *suspects, const struct hs_suspect *suspect, size_t n_writers)
{
	const char *path = suspect->shape ? suspect->shape : suspect->path.expression;
	HS_FREE char *name = plain_path(path ? path : hs_type_short_name(suspect->type));

	put(out, "%zu. `%s` (%s): confidence **%s**", rank, name ? name : "?", hs_suspect_kind_name(suspect->kind),
	    hs_confidence_name(suspect->confidence));
	put_figures(out, suspects, suspect);
	/* where to look would look like an accusation of what is not sure to leak */
	if (suspect->confidence == HS_CONFIDENCE_LOW && !suspects->is_static)
		return;
	for (size_t i = 0; i < suspect->writers.n && i < n_writers; i++) {
		HS_FREE char *writer = plain(suspect->writers.items[i]);
		put(out, "   written by `%s`, by its name", writer ? writer : "?");
	}
	if (suspect->hint)
		put(out, "   %s", suspect->hint);
}

static void put_suspects(FILE *out, const struct hs_suspects *suspects, size_t n_writers)
{
	HS_FREE char *turnover = plain_path(suspects->ruled_out.largest_turnover ? suspects->ruled_out.largest_turnover : "");

	if (!suspects->list.n)
		put(out, "Nothing that was looked at grows and keeps what it has.");
	for (size_t i = 0; i < suspects->list.n && i < N_SUSPECTS; i++)
		put_suspect(out, i + 1, suspects, &suspects->list.items[i], n_writers);
	put(out, "%s", "");
	put(out, "Ruled out: %llu of %llu containers, whose items come and go%s%s; %llu with a bound",
	    (unsigned long long)suspects->ruled_out.n_turnover, (unsigned long long)suspects->ruled_out.n_containers,
	    turnover && *turnover ? ", most of all " : "", turnover ? turnover : "", (unsigned long long)suspects->ruled_out.n_bounded);
}

static void put_types(FILE *out, const struct hs_growth *growth)
{
	size_t last = growth->series->samples.n - 1, n = growth->facts ? N_TYPES_OF_MOMENTS : N_TYPES;
	char change[HS_FIGURE_BYTES], count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];

	put(out, "| type | growth | count | growth, bytes |");
	put(out, "| --- | ---: | ---: | ---: |");
	for (size_t i = 0; i < growth->types.n && i < n && growth->types.items[i].bytes_change > 0; i++) {
		const struct hs_growth_type *type = &growth->types.items[i];
		HS_FREE char *name = plain_name(hs_type_short_name(type->name));
		put(out, "| %s | %s%s | %s | %s |", name ? name : "?", type->count_change < 0 ? "-" : "+",
		    hs_text_count(change, (uint64_t)llabs(type->count_change)), hs_text_count(count, type->counts[last]),
		    hs_text_size_change(size, type->bytes_change));
	}
}

/* As many warnings as fit. */
static void put_facts(FILE *out, const struct hs_growth *growth)
{
	unsigned n_warnings = 0;

	for (size_t i = 0; i < growth->n_facts; i++)
		if (!growth->facts[i].is_warning || n_warnings++ < N_WARNINGS)
			put_cell(out, growth->facts[i].label, growth->facts[i].text);
}

void hs_growth_md(FILE *out, const struct hs_growth *growth, const char *command_line)
{
	HS_FREE char *next = hs_growth_next(growth);
	const char *end = hs_growth_end(growth), *standstill = hs_growth_standstill(growth);
	int pid = (int)growth->document.process->pid;

	put(out, "### Memory growth of pid %d: %s", pid, growth->attribution.is_known ? hs_verdict_name(growth->attribution.verdict) : "unknown");
	fputs("\n| | |\n| --- | --- |\n", out);
	put_process(out, &growth->document);
	put_cell(out, "command", command_line);
	if (!growth->facts)
		put_pauses(out, growth);
	put_facts(out, growth);
	put_attribution(out, growth);
	if (end)
		put_cell(out, "warning", end);
	if (standstill)
		put_cell(out, "warning", standstill);
	fputc('\n', out);
	if (growth->suspects)
		put_suspects(out, growth->suspects, growth->facts ? N_WRITERS_OF_MOMENTS : N_WRITERS);
	fputc('\n', out);
	put_types(out, growth);
	put(out, "\nNext: `heapspy %s`", next ? next : "?");
}
