/* SPDX-License-Identifier: Apache-2.0 */
/* Lining places up by key, and telling the one that stands apart from those that merely vary. */
#include "siblings.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define LEAST_ITEMS 30
#define LEAST_BYTES ((uint64_t)64 << 10)
#define APART 0.5         /* of the median */
#define FAR_OF_SPREAD 2   /* times the median of all distances from the median */
#define LESS_APART 0.1    /* where the others are so close to each other that this is … */
#define FARTHER_OF_SPREAD 8
#define MAX_APART 2048   /* rows that are looked at closely */
#define EXPLAINS 0.8     /* of what a holder has more, a container in it */

static int compare_values(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static uint64_t median_of(const uint64_t *values, size_t n)
{
	uint64_t sorted[HS_MAX_SIBLINGS];

	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_values);
	if (n == 2)
		return sorted[0];
	return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] + (sorted[n / 2] - sorted[n / 2 - 1]) / 2;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

bool hs_outlier_find(const uint64_t *values, size_t n, uint64_t least, size_t *ret_outlier, uint64_t *ret_median)
{
	uint64_t median = median_of(values, n), distances[HS_MAX_SIBLINGS] = { 0 };
	size_t outlier = 0;

	for (size_t i = 0; i < n; i++) {
		distances[i] = distance(values[i], median);
		outlier = distances[i] > distances[outlier] ? i : outlier;
	}
	uint64_t farthest = distances[outlier], spread = n > 2 ? median_of(distances, n) : 0;
	*ret_outlier = outlier;
	*ret_median = median;
	if (!farthest || farthest < least)
		return false;
	if ((double)farthest > APART * (double)median && farthest > FAR_OF_SPREAD * spread)
		return true;
	return n > 2 && (double)farthest > LESS_APART * (double)median && farthest > FARTHER_OF_SPREAD * spread;
}

/* The table that is lined up. */
struct aligned {
	size_t n;
	struct hs_address_index index;
	HS_ARRAY(struct hs_sibling_row) rows; /* of all places */
	bool *is_longer, *is_heavier;         /* by row */
	HS_ARRAY(uint32_t) apart;             /* rows that are either, most bytes apart first */
};

static void row_deinit(struct hs_sibling_row *row)
{
	free(row->members);
	free(row->lengths);
	free(row->bytes);
	*row = (struct hs_sibling_row){ 0 };
}

static void aligned_deinit(struct aligned *aligned)
{
	for (size_t i = 0; i < aligned->rows.n; i++)
		row_deinit(&aligned->rows.items[i]);
	hs_array_free(&aligned->rows);
	hs_address_index_free(&aligned->index);
	free(aligned->is_longer);
	free(aligned->is_heavier);
	hs_array_free(&aligned->apart);
}

static struct hs_sibling_row *row_at(struct aligned *aligned, uint64_t key)
{
	bool is_new = false;
	uint32_t number = hs_address_index_add(&aligned->index, key, &is_new);

	if (number == HS_NO_INDEX)
		return NULL;
	if (!is_new)
		return &aligned->rows.items[number];
	struct hs_sibling_row *row = hs_array_append(&aligned->rows);
	if (!row)
		return NULL;
	row->members = calloc(aligned->n, sizeof(*row->members));
	row->lengths = calloc(aligned->n, sizeof(*row->lengths));
	row->bytes = calloc(aligned->n, sizeof(*row->bytes));
	return row->members && row->lengths && row->bytes ? row : NULL;
}

static struct hs_error *line_up(struct aligned *aligned, const struct hs_path_places *places, size_t sibling)
{
	for (size_t i = 0; i < places->list.n; i++) {
		const struct hs_path_place *place = &places->list.items[i];
		if (!place->path)
			continue;
		struct hs_sibling_row *row = row_at(aligned, place->key);
		if (!row)
			return hs_error_no_memory();
		row->path = place->path;
		row->type = place->type;
		row->members[sibling] = place->n_containers;
		row->lengths[sibling] = place->length;
		row->bytes[sibling] = place->retained_bytes;
	}
	return NULL;
}

/* Is `path` a way through what `holder` leads to? */
static bool is_below(const char *path, const char *holder)
{
	size_t n = strlen(holder);

	return !strncmp(path, holder, n) && (path[n] == '[' || path[n] == '.');
}

static void set_figures(struct hs_sibling_row *row, size_t n)
{
	size_t unused;

	hs_outlier_find(row->lengths, n, 0, &unused, &row->median_length);
	hs_outlier_find(row->bytes, n, 0, &unused, &row->median_bytes);
	row->excess_items = (int64_t)(row->lengths[row->outlier] - row->median_length);
	row->excess_bytes = (int64_t)(row->bytes[row->outlier] - row->median_bytes);
}

static void judge(struct aligned *aligned)
{
	for (size_t i = 0; i < aligned->rows.n; i++) {
		struct hs_sibling_row *row = &aligned->rows.items[i];
		uint64_t median;
		size_t by_length, by_bytes;
		bool has_more = hs_outlier_find(row->lengths, aligned->n, LEAST_ITEMS, &by_length, &median);
		bool weighs_more = hs_outlier_find(row->bytes, aligned->n, LEAST_BYTES, &by_bytes, &median);
		/* a namespace holds what its names lead to, which have rows of their own */
		bool is_namespace = strstr(row->path, "__dict__");
		aligned->is_longer[i] = has_more && !is_namespace;
		aligned->is_heavier[i] = weighs_more && !has_more && !is_namespace;
		row->outlier = has_more ? by_length : by_bytes;
		set_figures(row, aligned->n);
	}
}

/* It differs because there are more such containers, each as long as elsewhere: the one that holds them says so. */
static bool follows_from_members(const struct hs_sibling_row *row, size_t n)
{
	uint64_t means[HS_MAX_SIBLINGS], median;
	size_t outlier;

	for (size_t i = 0; i < n; i++)
		means[i] = row->members[i] ? row->lengths[i] * 16 / row->members[i] : 0;
	/* where there are none, none is longer */
	for (size_t i = 0; i < n; i++)
		means[i] = row->members[i] ? means[i] : means[row->outlier];
	return !hs_outlier_find(means, n, 0, &outlier, &median);
}

static bool is_explained(const struct aligned *aligned, uint32_t i)
{
	const struct hs_sibling_row *row = &aligned->rows.items[i];

	for (size_t at = 0; at < aligned->apart.n; at++) {
		uint32_t k = aligned->apart.items[at];
		const struct hs_sibling_row *other = &aligned->rows.items[k];
		if (k == i || other->outlier != row->outlier)
			continue;
		/* by the holder above, which has more of these; … */
		if (aligned->is_longer[k] && is_below(row->path, other->path) && (aligned->is_heavier[i] || follows_from_members(row, aligned->n)))
			return true;
		/* … or, of one that only weighs more, by what it holds */
		if (aligned->is_heavier[i] && is_below(other->path, row->path) &&
		    (double)llabs(other->excess_bytes) >= EXPLAINS * (double)llabs(row->excess_bytes))
			return true;
	}
	return false;
}

static int compare_apart(const void *a, const void *b, void *context)
{
	const struct aligned *aligned = context;
	const struct hs_sibling_row *left = &aligned->rows.items[*(const uint32_t *)a], *right = &aligned->rows.items[*(const uint32_t *)b];
	int64_t left_bytes = llabs(left->excess_bytes), right_bytes = llabs(right->excess_bytes);

	if (left_bytes != right_bytes)
		return left_bytes > right_bytes ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static struct hs_error *list_apart(struct aligned *aligned)
{
	for (uint32_t i = 0; i < aligned->rows.n; i++) {
		if (!aligned->is_longer[i] && !aligned->is_heavier[i])
			continue;
		uint32_t *slot = hs_array_append(&aligned->apart);
		if (!slot)
			return hs_error_no_memory();
		*slot = i;
	}
	if (aligned->apart.n)
		qsort_r(aligned->apart.items, aligned->apart.n, sizeof(*aligned->apart.items), compare_apart, aligned);
	if (aligned->apart.n > MAX_APART)
		aligned->apart.n = MAX_APART;
	return NULL;
}

static int compare_rows(const void *a, const void *b)
{
	const struct hs_sibling_row *left = a, *right = b;
	int64_t left_bytes = llabs(left->excess_bytes), right_bytes = llabs(right->excess_bytes);

	if (left_bytes != right_bytes)
		return left_bytes > right_bytes ? -1 : 1;
	if (left->excess_items != right->excess_items)
		return llabs(left->excess_items) > llabs(right->excess_items) ? -1 : 1;
	int order = left->path && right->path ? strcmp(left->path, right->path) : 0;
	return order ? order : strcmp(left->type, right->type);
}

static struct hs_error *keep(struct aligned *aligned, const bool *is_wanted, struct hs_sibling_rows *ret)
{
	ret->n_compared = aligned->rows.n;
	for (size_t i = 0; i < aligned->rows.n; i++) {
		if (!is_wanted[i])
			continue;
		struct hs_sibling_row *row = hs_array_append(&ret->list);
		if (!row)
			return hs_error_no_memory();
		*row = aligned->rows.items[i];
		aligned->rows.items[i] = (struct hs_sibling_row){ 0 };
	}
	if (ret->list.n)
		qsort(ret->list.items, ret->list.n, sizeof(*ret->list.items), compare_rows);
	return NULL;
}

struct hs_error *hs_sibling_holders(const struct hs_path_places *const *places, size_t n, struct hs_sibling_rows *ret)
{
	HS_CLEANUP(aligned_deinit) struct aligned aligned = { .n = n };

	for (size_t i = 0; i < n; i++)
		HS_TRY(line_up(&aligned, places[i], i));
	HS_FREE bool *is_wanted = calloc(aligned.rows.n + 1, sizeof(*is_wanted));
	aligned.is_longer = calloc(aligned.rows.n + 1, sizeof(*aligned.is_longer));
	aligned.is_heavier = calloc(aligned.rows.n + 1, sizeof(*aligned.is_heavier));
	if (!is_wanted || !aligned.is_longer || !aligned.is_heavier)
		return hs_error_no_memory();
	judge(&aligned);
	HS_TRY(list_apart(&aligned));
	for (size_t i = 0; i < aligned.apart.n; i++)
		is_wanted[aligned.apart.items[i]] = !is_explained(&aligned, aligned.apart.items[i]);
	return keep(&aligned, is_wanted, ret);
}

static uint64_t key_of_name(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
	return hash | 1;
}

struct hs_error *hs_sibling_types(const struct hs_census *const *censuses, size_t n, struct hs_sibling_rows *ret)
{
	HS_CLEANUP(aligned_deinit) struct aligned aligned = { .n = n };
	uint64_t median;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < censuses[i]->types.n; k++) {
			const struct hs_census_type *type = &censuses[i]->types.items[k];
			struct hs_sibling_row *row = row_at(&aligned, key_of_name(type->name));
			if (!row)
				return hs_error_no_memory();
			row->type = type->name;
			row->members[i] += type->count;
			row->bytes[i] += type->bytes;
		}
	HS_FREE bool *is_wanted = calloc(aligned.rows.n + 1, sizeof(*is_wanted));
	if (!is_wanted)
		return hs_error_no_memory();
	for (size_t i = 0; i < aligned.rows.n; i++) {
		struct hs_sibling_row *row = &aligned.rows.items[i];
		is_wanted[i] = hs_outlier_find(row->bytes, n, LEAST_BYTES, &row->outlier, &median);
		set_figures(row, n);
	}
	return keep(&aligned, is_wanted, ret);
}

void hs_sibling_rows_release(struct hs_sibling_rows *rows)
{
	for (size_t i = 0; i < rows->list.n; i++)
		row_deinit(&rows->list.items[i]);
	hs_array_free(&rows->list);
}
