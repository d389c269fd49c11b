/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the sources, from the runtime's binary to a layout that may be trusted. Each step is in a file of its
 * own; this one knows only what comes after what.
 */
#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cache.h"
#include "discover.h"
#include "dwarf_source.h"
#include "field_names.h"
#include "layout_text.h"
#include "module_structs.h"
#include "runtime_binary.h"
#include "table_source.h"
#include "validate.h"
#include "version.h"

static void destroy_layout(struct hs_layout **layout)
{
	hs_layout_destroy(*layout);
}

/* What one resolution works on. */
struct resolution {
	const struct hs_process *process;
	const struct hs_image *image;
	const struct hs_layout_options *options;
	struct hs_runtime_binary binary;
	char *rejected; /* a debug file that does not belong; for the message */
};

static void release_resolution(struct resolution *resolution)
{
	hs_runtime_binary_release(&resolution->binary);
	free(resolution->rejected);
}

static struct hs_error *no_layout(const struct resolution *resolution, const struct hs_layout *layout)
{
	const char *rejected = resolution->rejected;
	struct hs_error *error = hs_error_new(HS_ERROR_LOOKUP, "no layout for CPython %s: %s has no debug information, "
					      "no debug file for it was found%s%s%s, and no table of 3.%u is shipped",
					      layout->version, resolution->binary.runtime.path, rejected ? " (rejected: " : "",
					      rejected ? rejected : "", rejected ? ")" : "", layout->minor);

	return hs_error_hint(error, "install the interpreter's debug package (Debian: python3.%u-dbg), or name a directory "
			     "of debug files with --debug-dir", layout->minor);
}

static struct hs_error *check_complete(const struct hs_layout *layout)
{
	const char *structure, *field;

	if (hs_layout_is_complete(layout, &structure, &field))
		return NULL;
	return hs_error_new(HS_ERROR_LOOKUP, "layout of CPython %s (%s) lacks %s%s%s", layout->version, layout->source,
			    structure, field ? "." : "", field ? field : "");
}

static void find_module(const void *context, const char *module, struct hs_mapped_file *ret)
{
	hs_module_file_find(context, module, ret);
}

static struct hs_error *fill_from_dwarf(struct resolution *resolution, struct hs_layout *layout, bool *ret_found)
{
	char root[HS_PROCESS_ROOT_BYTES];
	const char *const roots[] = { "", root };
	struct hs_debug_search search = {
		.roots = roots, .n_roots = 2, .debug_dir = resolution->options->debug_dir, .use_debuginfod = true,
	};
	const struct hs_module_finder modules = { find_module, resolution->process };

	hs_process_root(resolution->process, root);
	struct hs_error *error = hs_dwarf_source_fill(&resolution->binary.runtime, &modules, &search, layout, ret_found);
	free(resolution->rejected);
	resolution->rejected = search.rejected;
	return error;
}

/* The last steps, the same for every source: what the file does not say, then the proof that all of it is true. */
static struct hs_error *finish(const struct resolution *resolution, struct hs_layout *layout)
{
	const struct hs_layout_options *options = resolution->options;

	HS_TRY(check_complete(layout));
	hs_features_refine(layout);
	hs_layout_discover(resolution->image, options->without_table, layout);
	if (options->mutate)
		options->mutate(options->mutate_context, layout);
	return hs_layout_validate(resolution->image, layout);
}

/* A copy without what belongs to one attempt. */
static struct hs_layout *copy_bare(const struct hs_layout *layout)
{
	struct hs_layout *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *layout;
	memset(&copy->warnings, 0, sizeof(copy->warnings));
	memset(&copy->reserved, 0, sizeof(copy->reserved));
	memset(&copy->members, 0, sizeof(copy->members));
	return copy;
}

static struct hs_error *try_candidate(const struct resolution *resolution, const struct hs_table_candidate *candidate,
				      const struct hs_layout *bare, struct hs_layout **ret)
{
	struct hs_layout *layout HS_CLEANUP(destroy_layout) = copy_bare(bare);

	if (!layout)
		return hs_error_no_memory();
	HS_TRY(hs_table_candidate_apply(candidate, layout));
	HS_TRY(finish(resolution, layout));
	*ret = hs_take(layout);
	return NULL;
}

/* The first table that the image does not contradict; without one, what was wrong with the most likely one. */
static struct hs_error *resolve_from_tables(const struct resolution *resolution, const struct hs_layout *bare, struct hs_layout **ret)
{
	struct hs_table_candidates candidates HS_CLEANUP(hs_table_candidates_free) = { 0 };
	struct hs_error *first_error = NULL;

	HS_TRY(hs_table_candidates_find(bare->version_hex, resolution->binary.runtime.build_id_hex,
					resolution->options->without_table, &candidates));
	for (size_t i = 0; i < candidates.n; i++) {
		/* Where the tables of that very version fail, those of others would only fit by accident. */
		if (!candidates.items[i].is_exact && candidates.items[0].is_exact)
			break;
		struct hs_error *error = try_candidate(resolution, &candidates.items[i], bare, ret);

		if (!error) {
			hs_error_destroy(first_error);
			return NULL;
		}
		if (first_error)
			hs_error_destroy(error);
		else
			first_error = hs_error_wrap(error, "table %s", candidates.items[i].name);
	}
	return first_error ? first_error : no_layout(resolution, bare);
}

/* What an earlier run read from DWARF, if the image agrees with it; NULL otherwise. */
static struct hs_layout *resolve_from_cache(const struct resolution *resolution, const struct hs_layout *bare,
					    const struct hs_cache_key *key)
{
	struct hs_layout *layout HS_CLEANUP(destroy_layout) = copy_bare(bare);

	if (!layout || !hs_cache_load(key, layout))
		return NULL;
	struct hs_error *error = finish(resolution, layout);
	if (error) {
		hs_error_destroy(error);
		return NULL;
	}
	return hs_take(layout);
}

static bool is_loaded(const void *context, const char *module)
{
	struct hs_mapped_file file HS_CLEANUP(hs_mapped_file_release) = { 0 };

	hs_module_file_find(context, module, &file);
	return file.elf != NULL;
}

/* Debug files of extension modules may be missing where that of the runtime is there: a table of that very version knows them. */
static struct hs_error *complete_modules(const struct resolution *resolution, const struct hs_layout *bare, struct hs_layout *layout)
{
	struct hs_table_candidates candidates HS_CLEANUP(hs_table_candidates_free) = { 0 };
	struct hs_layout *table HS_CLEANUP(destroy_layout) = copy_bare(bare);

	if (!table)
		return hs_error_no_memory();
	HS_TRY(hs_table_candidates_find(bare->version_hex, resolution->binary.runtime.build_id_hex, resolution->options->without_table,
					&candidates));
	if (!candidates.n || !candidates.items[0].is_exact)
		return NULL;
	HS_TRY(hs_table_candidate_apply(&candidates.items[0], table));
	int n = hs_module_structs_complete(layout, table, is_loaded, resolution->process);
	if (n > 0) {
		size_t used = strlen(layout->source);
		snprintf(layout->source + used, sizeof(layout->source) - used, ", modules: %s", table->source);
	}
	return n < 0 ? hs_error_no_memory() : NULL;
}

static struct hs_error *resolve_from_files(struct resolution *resolution, struct hs_layout *bare, struct hs_layout **ret)
{
	struct hs_cache_key key = { "" };
	bool is_found = false;

	/* who names a directory wants what is in it, not what was read before */
	if (!resolution->options->no_cache && !resolution->options->debug_dir)
		hs_cache_key_of(resolution->process, &resolution->binary.runtime, &key);
	struct hs_layout *cached = resolve_from_cache(resolution, bare, &key);
	if (cached) {
		*ret = cached;
		return NULL;
	}
	struct hs_layout *layout HS_CLEANUP(destroy_layout) = copy_bare(bare);
	if (!layout)
		return hs_error_no_memory();
	HS_TRY(fill_from_dwarf(resolution, layout, &is_found));
	if (!is_found)
		return NULL;
	HS_TRY(complete_modules(resolution, bare, layout));
	HS_TRY(finish(resolution, layout));
	if (resolution->rejected)
		hs_layout_warn(layout, "debug information passed over: %s", resolution->rejected);
	if (!resolution->options->mutate)
		hs_cache_store(&key, layout);
	*ret = hs_take(layout);
	return NULL;
}

static struct hs_error *identify(struct resolution *resolution, struct hs_layout *bare)
{
	const struct hs_mapped_file *runtime = &resolution->binary.runtime;

	HS_TRY(hs_runtime_binary_find(resolution->process, resolution->image, &resolution->binary));
	bare->runtime_base = runtime->bias;
	bare->runtime_start = runtime->start;
	bare->runtime_end = runtime->end;
	hs_runtime_binary_symbols(&resolution->binary, bare);
	return hs_version_find(runtime, resolution->image, bare);
}

/* After debug information that was missing, damaged or of something else: `error` says so, or is NULL. Takes `error` over. */
static struct hs_error *fall_back(const struct resolution *resolution, const struct hs_layout *bare, struct hs_error *error,
				  struct hs_layout **ret)
{
	struct hs_layout *layout = NULL;
	struct hs_error *table_error = resolve_from_tables(resolution, bare, &layout);

	if (layout && (error || resolution->rejected))
		hs_layout_warn(layout, "debug information not used: %s", error ? error->message : resolution->rejected);
	if (error && table_error) {
		hs_error_destroy(table_error);
		return error;
	}
	hs_error_destroy(error);
	if (layout)
		*ret = layout;
	return table_error;
}

static struct hs_error *resolve(struct resolution *resolution, struct hs_layout **ret)
{
	struct hs_layout *bare HS_CLEANUP(destroy_layout) = hs_layout_create();
	struct hs_layout *layout = NULL;
	struct hs_error *error = NULL;

	if (!bare)
		return hs_error_no_memory();
	HS_TRY(identify(resolution, bare));
	if (!resolution->options->no_dwarf)
		error = resolve_from_files(resolution, bare, &layout);
	if (error && error->code != HS_ERROR_BAD_DATA && error->code != HS_ERROR_LOOKUP)
		return error;
	if (!layout)
		return fall_back(resolution, bare, error, ret);
	*ret = layout;
	return NULL;
}

struct hs_error *hs_layout_resolve(const struct hs_process *process, const struct hs_image *image,
				   const struct hs_layout_options *options, struct hs_layout **ret)
{
	struct resolution resolution HS_CLEANUP(release_resolution) = { .process = process, .image = image, .options = options };
	struct hs_error *text_error = options->text ? hs_layout_of_text(options->text, image, ret) : NULL;

	if (options->text && !text_error)
		return NULL;
	struct hs_error *error = resolve(&resolution, ret);
	if (!error && text_error)
		hs_layout_warn(*ret, "%s: resolved anew", text_error->message);
	hs_error_destroy(text_error);
	return error;
}
