/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to one process first (version, places, warnings), then an entry of the cache, which has the rest:
 *
 *     heapspy-layout 1 <version>
 *     runtime <load bias> <start> <end>
 *     flags <tracemalloc is unknown>
 *     symbol <name> <address>
 *     warning <text>
 *     entry
 *     heapspy-layout-cache …
 */
#include "layout_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "cleanup.h"
#include "field_names.h"
#include "validate.h"
#include "version.h"

#define MAGIC "heapspy-layout 1"
#define MAX_WARNINGS 64

static void destroy_layout(struct hs_layout **layout)
{
	hs_layout_destroy(*layout);
}

char *hs_layout_text(const struct hs_layout *layout)
{
	HS_FREE char *entry = hs_cache_format(layout);
	char *text = NULL;
	size_t bytes;
	FILE *out = entry ? open_memstream(&text, &bytes) : NULL;

	if (!out)
		return NULL;
	fprintf(out, MAGIC " %u\nruntime %llu %llu %llu\nflags %u\n", layout->version_hex, (unsigned long long)layout->runtime_base,
		(unsigned long long)layout->runtime_start, (unsigned long long)layout->runtime_end, layout->tracemalloc_is_unknown);
	for (size_t i = 0; i < HS_N_SYMBOLS; i++)
		if (layout->symbols[i])
			fprintf(out, "symbol %s %llu\n", hs_symbol_names[i].name, (unsigned long long)layout->symbols[i]);
	for (size_t i = 0; i < layout->warnings.n; i++) {
		const char *warning = layout->warnings.items[i];
		fprintf(out, "warning %.*s\n", (int)strcspn(warning, "\n"), warning);
	}
	fprintf(out, "entry\n%s", entry);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static bool parse_symbol(const char *line, struct hs_layout *layout)
{
	char name[64];
	unsigned long long address;

	if (sscanf(line, "symbol %63s %llu", name, &address) != 2)
		return false;
	for (size_t i = 0; i < HS_N_SYMBOLS; i++)
		if (!strcmp(hs_symbol_names[i].name, name))
			layout->symbols[i] = address;
	return true;
}

static bool parse_line(const char *line, struct hs_layout *layout)
{
	unsigned long long base, start, end;
	unsigned flag;

	if (!strncmp(line, "symbol ", 7))
		return parse_symbol(line, layout);
	if (!strncmp(line, "warning ", 8)) {
		if (layout->warnings.n < MAX_WARNINGS)
			hs_layout_warn(layout, "%s", line + 8);
		return true;
	}
	if (sscanf(line, "flags %u", &flag) == 1) {
		layout->tracemalloc_is_unknown = flag & 1;
		return true;
	}
	if (sscanf(line, "runtime %llu %llu %llu", &base, &start, &end) != 3)
		return false;
	layout->runtime_base = base;
	layout->runtime_start = start;
	layout->runtime_end = end;
	return true;
}

/* The lines up to the entry; NULL: malformed, else the entry. `text` is taken apart. */
static const char *parse_head(char *text, struct hs_layout *layout)
{
	unsigned version;

	if (sscanf(text, MAGIC " %u\n", &version) != 1)
		return NULL;
	hs_version_set(layout, version);
	for (char *line = strchr(text, '\n'); line;) {
		char *end = strchr(++line, '\n');
		if (!end)
			return NULL;
		*end = '\0';
		if (!strcmp(line, "entry"))
			return end + 1;
		if (!parse_line(line, layout))
			return NULL;
		line = end;
	}
	return NULL;
}

struct hs_error *hs_layout_of_text(const char *text, const struct hs_image *image, struct hs_layout **ret)
{
	HS_CLEANUP(destroy_layout) struct hs_layout *layout = hs_layout_create();
	HS_FREE char *copy = strdup(text);

	if (!layout || !copy)
		return hs_error_no_memory();
	const char *entry = parse_head(copy, layout);
	if (!entry)
		return hs_error_new(HS_ERROR_LOOKUP, "the layout in the file is malformed");
	HS_TRY(hs_version_check_support(layout));
	if (!hs_cache_parse(entry, strlen(entry), layout))
		return hs_error_new(HS_ERROR_LOOKUP, "the layout in the file is that of another heapspy");
	hs_features_refine(layout);
	HS_TRY(hs_layout_validate(image, layout));
	*ret = hs_take(layout);
	return NULL;
}
