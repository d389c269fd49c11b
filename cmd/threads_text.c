/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as text: thread by thread, innermost first; then where suspended ones wait, those alike together. */
#include <stdarg.h>
#include <stdlib.h>

#include "cleanup.h"
#include "text.h"
#include "threads.h"

#define INDENT 2

#define MUCH ((uint64_t)64 << 10) /* retained bytes that are worth a word */

static void put_variables(FILE *out, const struct hs_call *call, const struct hs_style *style)
{
	char size[HS_FIGURE_BYTES];

	for (size_t i = 0; i < call->variables.n; i++) {
		const struct hs_call_variable *variable = &call->variables.items[i];
		if (variable->retained_bytes >= MUCH)
			hs_text_put_line(out, style, 3 * INDENT, "%s (retains %s) = %s", variable->name, hs_text_size(size, variable->retained_bytes), variable->repr);
		else
			hs_text_put_line(out, style, 3 * INDENT, "%s = %s", variable->name, variable->repr);
	}
}

static void put_more(FILE *out, const struct hs_style *style, uint64_t n)
{
	char count[HS_FIGURE_BYTES];

	if (n)
		fprintf(out, "%*s%s %s more (-n)\n", INDENT, "", hs_text_ellipsis(style), hs_text_count(count, n));
}

/* ":33"; nothing when the line is unknown. */
static const char *line_of(const struct hs_call *call, char ret[16])
{
	ret[0] = '\0';
	if (call->line > 0)
		snprintf(ret, 16, ":%d", (int)call->line);
	return ret;
}

#define LEAST_FILE 16 /* columns, however narrow the screen */

/* "prefix module.function  file:33suffix"; of the file's path, the end is what counts. */
static void put_call(FILE *out, const char *prefix, const struct hs_call *call, const char *suffix, const struct hs_style *style)
{
	HS_FREE char *name = NULL, *file = NULL;
	char where[16];

	if (asprintf(&name, "%s%s%s%s", prefix, call->module, *call->module ? "." : "", call->function) < 0)
		name = NULL;
	if (asprintf(&file, "%s%s", call->file, line_of(call, where)) < 0)
		file = NULL;
	HS_FREE char *safe_name = hs_text_safe(name ? name : "?", style), *safe_file = hs_text_safe(file ? file : "?", style);
	if (!safe_name || !safe_file)
		return;
	unsigned used = INDENT + hs_text_width(safe_name) + 2 + hs_text_width(suffix), have = hs_text_width(safe_file);
	unsigned room = style->width > used + LEAST_FILE ? style->width - used : LEAST_FILE;
	fprintf(out, "%*s%s  ", INDENT, "", safe_name);
	hs_text_put_name(out, style, safe_file, have < room ? have : room);
	fprintf(out, "%s\n", suffix);
}

static void put_thread(FILE *out, const struct hs_running_thread *thread, const struct hs_style *style)
{
	HS_FREE char *name = hs_text_safe(thread->name ? thread->name : "?", style);
	char count[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, name ? name : "?", hs_text_bold);
	hs_text_line_item(&line, "thread %llu", (unsigned long long)(thread->native_ident ? thread->native_ident : thread->ident));
	hs_text_line_item(&line, "%s call%s", hs_text_count(count, thread->n_frames), thread->n_frames == 1 ? "" : "s");
	hs_text_line_end(&line);
	for (size_t i = 0; i < thread->frames.n; i++) {
		const struct hs_call *call = &thread->frames.items[i];
		put_call(out, "", call, "", style);
		put_variables(out, call, style);
	}
	put_more(out, style, thread->n_frames - thread->frames.n);
	fputc('\n', out);
}

static void put_suspended(FILE *out, const struct hs_suspended_call *suspended, const struct hs_style *style)
{
	const struct hs_call *call = &suspended->call;
	char count[HS_FIGURE_BYTES], prefix[2 * HS_FIGURE_BYTES], suffix[2 * HS_FIGURE_BYTES];

	snprintf(prefix, sizeof(prefix), "%s %s ", hs_text_count(count, suspended->n_alike), suspended->kind);
	snprintf(suffix, sizeof(suffix), "  %s0x%" HS_PRI_ADDR, suspended->n_alike > 1 ? "such as " : "", suspended->address);
	put_call(out, prefix, call, suffix, style);
	put_variables(out, call, style);
}

void hs_threads_text(FILE *out, const struct hs_threads *threads, const struct hs_style *style)
{
	const struct hs_document *document = &threads->document;
	char count[HS_FIGURE_BYTES];
	uint64_t n_told = 0;

	hs_document_put_head(out, document, style);
	for (size_t i = 0; i < threads->threads.n; i++)
		put_thread(out, &threads->threads.items[i], style);
	if (threads->n_suspended) {
		struct hs_text_line line = hs_text_line_begin(out, style, "suspended", hs_text_bold);
		hs_text_line_item(&line, "%s generators and coroutines", hs_text_count(count, threads->n_suspended));
		hs_text_line_end(&line);
	}
	for (size_t i = 0; i < threads->suspended.n; i++) {
		put_suspended(out, &threads->suspended.items[i], style);
		n_told += threads->suspended.items[i].n_alike;
	}
	put_more(out, style, threads->n_suspended - n_told);
	if (threads->threads.n && threads->threads.items[0].frames.n && threads->threads.items[0].frames.items[0].variables.n)
		fprintf(out, "next: %s refs %s 0x%" HS_PRI_ADDR "\n", document->program, document->source,
			threads->threads.items[0].frames.items[0].variables.items[0].address);
}
