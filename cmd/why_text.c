/* SPDX-License-Identifier: Apache-2.0 */
/* Why objects are alive, as text: the path to act upon first. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"
#include "why.h"

#define LEAST_REPR 20 /* columns, however narrow the screen */

static const char *origin_of(const struct hs_reach_root *root)
{
	static const char *const origins[] = {
		[HS_ROOT_MODULE] = "a module", [HS_ROOT_BUILTINS] = "the builtins", [HS_ROOT_FRAME] = "a running function",
		[HS_ROOT_THREAD] = "a thread's state", [HS_ROOT_INTERPRETER] = "the interpreter's state", [HS_ROOT_TYPE] = "a type that is a part of a binary",
		[HS_ROOT_CODECS] = "the registry of codecs", [HS_ROOT_ATEXIT] = "what atexit will call", [HS_ROOT_CONTEXT] = "a thread's context",
		[HS_ROOT_ASYNC] = "the hooks of asynchronous generators, or a running event loop",
		[HS_ROOT_STATIC] = "a word in a binary's data, which may be a reference",
		[HS_REACH_STACK] = "a word on a C stack, which may be a reference",
		[HS_REACH_INTERNED] = "the table of interned strings, which keeps it for good",
		[HS_REACH_NATIVE] = "a word in memory of C code, which may be a reference",
	};

	if (root->kind == HS_ROOT_STATIC && root->name)
		return "an object that is a part of a binary";
	return origins[root->kind];
}

static void put_object_paths(FILE *out, const struct hs_why *why, const struct hs_style *style)
{
	const struct hs_object_row *row = &why->object;
	HS_FREE char *type = hs_text_safe(hs_type_short_name(row->type), style);
	HS_FREE char *repr = hs_text_safe(row->repr, style);

	hs_text_bold(out, style);
	fputs(type ? type : "?", out);
	hs_text_plain(out, style);
	unsigned used = hs_text_width(type ? type : "?") + (unsigned)fprintf(out, "  0x%" HS_PRI_ADDR "  ", row->address);
	hs_text_put_start(out, style, repr ? repr : "?", style->width > used + LEAST_REPR ? style->width - used : LEAST_REPR);
	fputc('\n', out);
	for (size_t i = 0; i < why->paths.n; i++) {
		const struct hs_named_path *path = &why->paths.items[i];
		HS_FREE char *expression = hs_text_safe(path->expression, style);
		fprintf(out, "%s%s\n", i ? "  also     " : "  held by  ", expression ? expression : "?");
		if (!i && path->root.kind != HS_ROOT_MODULE)
			fprintf(out, "           from %s\n", origin_of(&path->root));
	}
	if (!why->paths.n)
		fputs("  no root reaches it: garbage not collected yet, or held from outside Python\n", out);
}

static void put_type_paths(FILE *out, const struct hs_why *why, const struct hs_style *style)
{
	HS_FREE char *name = hs_text_safe(hs_type_short_name(why->match.name), style);
	char count[HS_FIGURE_BYTES], all[HS_FIGURE_BYTES];
	int width = why->n_unreached ? (int)strlen(hs_text_count(count, why->n_unreached)) : 0;

	hs_text_count(all, why->n_objects);
	hs_text_bold(out, style);
	fputs(name ? name : "?", out);
	hs_text_plain(out, style);
	fprintf(out, "  %s object%s\n", all, why->n_objects == 1 ? "" : "s");
	for (size_t i = 0; i < why->paths.n; i++) {
		int bytes = (int)strlen(hs_text_count(count, why->paths.items[i].count));
		width = bytes > width ? bytes : width;
	}
	for (size_t i = 0; i < why->paths.n; i++) {
		HS_FREE char *expression = hs_text_safe(why->paths.items[i].expression, style);
		fprintf(out, "  %*s of %s through %s\n", width, hs_text_count(count, why->paths.items[i].count), all, expression ? expression : "?");
	}
	if (why->n_paths > why->paths.n)
		fprintf(out, "  %s %s more paths (--max-paths)\n", hs_text_ellipsis(style), hs_text_count(count, why->n_paths - why->paths.n));
	if (why->n_unreached)
		fprintf(out, "  %*s of %s no root reaches: garbage not collected yet, or held from outside Python\n", width,
			hs_text_count(count, why->n_unreached), all);
}

void hs_why_text(FILE *out, const struct hs_why *results, size_t n, const struct hs_style *style)
{
	const struct hs_document *document = &results[0].document;

	hs_document_put_head(out, document, style);
	for (size_t i = 0; i < n && !results[i].is_type; i++)
		put_object_paths(out, &results[i], style);
	if (!results[0].is_type) {
		fprintf(out, "next: %s refs %s 0x%" HS_PRI_ADDR "\n", document->program, document->source, results[0].object.address);
		return;
	}
	put_type_paths(out, &results[0], style);
	HS_FREE char *name = hs_text_safe(hs_type_short_name(results[0].match.name), style);
	fprintf(out, "next: %s objects %s '%s'\n", document->program, document->source, name && !strpbrk(name, "'\\") ? name : "TYPE");
}
