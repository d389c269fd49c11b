/* SPDX-License-Identifier: Apache-2.0 */
/* Matching a name that a user typed with those of the target's types that have instances. */
#include "type_match.h"

#include <ctype.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "escape.h"
#include "type_object.h"

#define MAX_NEAREST 6
#define MAX_LISTED 40
#define MAX_COMPARED 64 /* letters of a name that a distance looks at */

unsigned hs_edit_distance(const char *text, const char *name, unsigned max)
{
	size_t n_text = strlen(text), n_name = strlen(name);
	unsigned row[MAX_COMPARED + 1];

	if (n_text > MAX_COMPARED || n_name > MAX_COMPARED)
		return UINT_MAX;
	for (unsigned j = 0; j <= n_name; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_text; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n_name; j++) {
			bool is_same = tolower((unsigned char)text[i - 1]) == tolower((unsigned char)name[j - 1]);
			unsigned best = diagonal + !is_same;
			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n_name] <= max ? row[n_name] : UINT_MAX;
}

/* A type that has instances. */
struct candidate {
	const char *name; /* full; borrowed from the types */
	uint64_t count;
	uint32_t index;
	unsigned distance;
};

HS_ARRAY_TYPE(candidates, struct candidate);

static void free_candidates(struct candidates *candidates)
{
	hs_array_free(candidates);
}

static struct hs_error *list_candidates(const struct hs_process_heap *heap, struct candidates *ret)
{
	size_t n_types, n_totals;
	const struct hs_type *const *all = hs_types_all(heap->types, &n_types);
	const struct hs_type_totals *totals = hs_heap_totals(heap->heap, &n_totals);

	for (size_t i = 0; i < n_totals && i < n_types; i++) {
		if (!totals[i].count)
			continue;
		struct candidate *candidate = hs_array_append(ret);
		if (!candidate)
			return hs_error_no_memory();
		*candidate = (struct candidate){ .name = hs_type_full_name(heap->types, all[i]), .count = totals[i].count, .index = (uint32_t)i };
	}
	return NULL;
}

static bool is_exact(const char *text, const char *name)
{
	return !strcmp(text, name) || !strcmp(text, hs_type_short_name(name));
}

static bool is_glob(const char *text)
{
	return strpbrk(text, "*?[");
}

static bool fits_glob(const char *text, const char *name)
{
	return !fnmatch(text, name, 0) || !fnmatch(text, hs_type_short_name(name), 0);
}

/* "Session" is the end of "app.Session", "Outer.Inner" of "app.Outer.Inner". */
static bool is_tail(const char *text, const char *name)
{
	size_t n_text = strlen(text), n_name = strlen(name);

	return n_text && n_name > n_text && name[n_name - n_text - 1] == '.' && !strcmp(name + n_name - n_text, text);
}

static uint64_t mark(struct hs_type_match *match, const struct candidates *candidates, const char *text,
		     bool (*fits)(const char *text, const char *name))
{
	for (size_t i = 0; i < candidates->n; i++) {
		const struct candidate *candidate = &candidates->items[i];
		if (!fits(text, candidate->name))
			continue;
		match->is_meant[candidate->index] = true;
		match->n_types++;
		match->n_objects += candidate->count;
	}
	return match->n_types;
}

/* The one full name that ends in `text`; NULL when none does. *ret_is_unique: no other does. */
static const char *find_tail(const struct candidates *candidates, const char *text, bool *ret_is_unique)
{
	const char *found = NULL;

	*ret_is_unique = true;
	for (size_t i = 0; i < candidates->n; i++) {
		const char *name = candidates->items[i].name;
		if (!is_tail(text, name))
			continue;
		if (found && strcmp(found, name))
			*ret_is_unique = false;
		found = found ? found : name;
	}
	return found;
}

static unsigned distance_to(const char *text, const char *name)
{
	const char *last = strrchr(name, '.'), *text_last = strrchr(text, '.');
	/* what stands before the dot makes no name more alike */
	unsigned max = (unsigned)strlen(text_last ? text_last + 1 : text) / 3 + 1, best = UINT_MAX;
	const char *const forms[] = { name, hs_type_short_name(name), last ? last + 1 : name };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		unsigned distance = hs_edit_distance(text, forms[i], max);
		best = distance < best ? distance : best;
	}
	/* the same class of another module */
	if (best == UINT_MAX && text_last && last && hs_edit_distance(text_last + 1, last + 1, max) <= max)
		best = max + 1;
	return best == UINT_MAX && strcasestr(name, text) ? max + 2 : best;
}

static int compare_distances(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->distance != right->distance)
		return left->distance < right->distance ? -1 : 1;
	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return strcmp(left->name, right->name);
}

static int compare_names(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* In full if that is how the user writes them. */
static void put_names(FILE *out, const struct candidates *sorted, size_t max, bool in_full)
{
	const char *last = "";
	char safe[512];
	size_t n = 0;

	for (size_t i = 0; i < sorted->n && n < max; i++) {
		const char *name = in_full ? sorted->items[i].name : hs_type_short_name(sorted->items[i].name);
		if (sorted->items[i].distance == UINT_MAX || !strcmp(last, name))
			continue;
		hs_escape(safe, sizeof(safe), name, strlen(name));
		fprintf(out, "%s%s", n++ ? ", " : "", safe);
		last = name;
	}
}

static struct hs_error *with_names(struct hs_error *error, const char *before, const struct candidates *sorted, size_t max, const char *text,
				    const char *otherwise)
{
	HS_FREE char *names = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&names, &bytes);

	if (!out)
		return error;
	put_names(out, sorted, max, strchr(text, '.') != NULL);
	fclose(out);
	return bytes ? hs_error_hint(error, "%s%s", before, names) : hs_error_hint(error, "%s", otherwise);
}

/* Makes the types known that no object has: classes that are only there, or only inherited from. */
static void decode_class(void *context, const struct hs_heap_object *entry)
{
	if (entry->object.type->flags & HS_TPFLAGS_TYPE_SUBCLASS)
		hs_type_at(context, entry->object.address);
}

/* Gives those candidates distance 0 that inherit from `base`; all others are left out. */
static void choose_subclasses(const struct hs_process_heap *heap, struct candidates *candidates, const struct hs_type *base)
{
	size_t n_types;
	const struct hs_type *const *all = hs_types_all(heap->types, &n_types);

	for (size_t i = 0; i < candidates->n; i++) {
		bool inherits = hs_type_inherits(heap->py, all[candidates->items[i].index]->address, base->address);
		candidates->items[i].distance = inherits ? 0 : UINT_MAX;
	}
}

/* A type of that name which no object has; NULL: there is none. */
static const struct hs_type *find_idle_type(const struct hs_process_heap *heap, const char *text)
{
	size_t n_types;

	hs_heap_for_each(heap->heap, decode_class, heap->types);
	const struct hs_type *const *all = hs_types_all(heap->types, &n_types);
	for (size_t i = 0; i < n_types; i++) {
		const char *name = hs_type_full_name(heap->types, all[i]);
		if (is_exact(text, name) || is_tail(text, name))
			return all[i];
	}
	return NULL;
}

static struct hs_error *no_such_type(const struct hs_process_heap *heap, struct candidates *candidates, const char *text)
{
	static const char otherwise[] = "heapspy report PID lists the types that have objects";
	const struct hs_type *idle = find_idle_type(heap, text);

	if (idle)
		choose_subclasses(heap, candidates, idle);
	for (size_t i = 0; i < candidates->n && !idle; i++)
		candidates->items[i].distance = distance_to(text, candidates->items[i].name);
	if (candidates->n)
		qsort(candidates->items, candidates->n, sizeof(*candidates->items), compare_distances);
	if (idle)
		return with_names(hs_error_new(HS_ERROR_LOOKUP, "'%s' is a type that no object has", text), "one of its subclasses, which have some: ",
				  candidates, MAX_LISTED, ".", otherwise);
	return with_names(hs_error_new(HS_ERROR_LOOKUP, "no object has a type named '%s'", text), "one of the nearest names: ", candidates, MAX_NEAREST,
			  text, otherwise);
}

static struct hs_error *several_types(struct candidates *candidates, const char *text)
{
	for (size_t i = 0; i < candidates->n; i++)
		candidates->items[i].distance = is_tail(text, candidates->items[i].name) ? 0 : UINT_MAX;
	qsort(candidates->items, candidates->n, sizeof(*candidates->items), compare_names);
	return with_names(hs_error_new(HS_ERROR_LOOKUP, "'%s' is the name of several types", text), "one of them in full: ", candidates, MAX_LISTED, ".", "");
}

struct hs_error *hs_type_match(const struct hs_process_heap *heap, const char *text, struct hs_type_match *ret)
{
	HS_CLEANUP(free_candidates) struct candidates candidates = { 0 };
	HS_CLEANUP(hs_type_match_deinit) struct hs_type_match match = { 0 };
	bool is_unique = true;

	HS_TRY(list_candidates(heap, &candidates));
	hs_types_all(heap->types, &match.n_all);
	match.is_meant = calloc(match.n_all + 1, sizeof(*match.is_meant));
	if (!match.is_meant)
		return hs_error_no_memory();
	const char *tail = find_tail(&candidates, text, &is_unique);
	if (!mark(&match, &candidates, text, is_exact) && is_glob(text))
		mark(&match, &candidates, text, fits_glob);
	if (!match.n_types && tail && !is_unique)
		return several_types(&candidates, text);
	if (!match.n_types && tail)
		mark(&match, &candidates, text, is_tail);
	if (!match.n_types)
		return no_such_type(heap, &candidates, text);
	for (size_t i = 0; i < candidates.n && !match.name; i++)
		if (match.is_meant[candidates.items[i].index])
			match.name = strdup(is_glob(text) ? text : candidates.items[i].name);
	if (!match.name)
		return hs_error_no_memory();
	*ret = match;
	match = (struct hs_type_match){ 0 };
	return NULL;
}

void hs_type_match_deinit(struct hs_type_match *match)
{
	free(match->name);
	free(match->is_meant);
}
