/* SPDX-License-Identifier: Apache-2.0 */
/* Telling suspects of one process from those of another by their names. */
#include "growth_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

const char *hs_growth_name_of(const struct hs_suspect *suspect)
{
	if (suspect->shape)
		return suspect->shape;
	return suspect->path.expression ? suspect->path.expression : suspect->type;
}

static char *key_of(const struct hs_suspect *suspect)
{
	char *key;

	return asprintf(&key, "%s %s", hs_suspect_kind_name(suspect->kind), hs_growth_name_of(suspect)) < 0 ? NULL : key;
}

pid_t hs_growth_seen_at(const struct hs_growth_seen *seen, const struct hs_suspect *suspect)
{
	HS_FREE char *key = key_of(suspect);

	for (size_t i = 0; key && i < seen->known.n; i++)
		if (!strcmp(seen->known.items[i].name, key))
			return seen->known.items[i].pid;
	return 0;
}

static struct hs_error *remember(struct hs_growth_seen *seen, const struct hs_suspect *suspect, pid_t pid)
{
	struct hs_growth_known *known = hs_array_append(&seen->known);

	if (!known)
		return hs_error_no_memory();
	*known = (struct hs_growth_known){ key_of(suspect), pid };
	if (known->name)
		return NULL;
	seen->known.n--;
	return hs_error_no_memory();
}

struct hs_error *hs_growth_seen_part(struct hs_growth_seen *seen, struct hs_suspects *suspects, pid_t pid, size_t *ret_n)
{
	size_t n = suspects->list.n, n_own = 0, n_shared = 0;
	HS_FREE struct hs_suspect *order = calloc(n + 1, sizeof(*order));
	HS_FREE bool *is_shared = calloc(n + 1, sizeof(*is_shared));

	if (!order || !is_shared)
		return hs_error_no_memory();
	for (size_t i = 0; i < n; i++) {
		is_shared[i] = hs_growth_seen_at(seen, &suspects->list.items[i]);
		n_own += !is_shared[i];
	}
	for (size_t i = 0, k = 0; i < n; i++)
		order[is_shared[i] ? n_own + n_shared++ : k++] = suspects->list.items[i];
	if (n)
		memcpy(suspects->list.items, order, n * sizeof(*order));
	for (size_t i = 0; i < n_own; i++)
		HS_TRY(remember(seen, &suspects->list.items[i], pid));
	*ret_n = n_own;
	return NULL;
}

void hs_growth_seen_deinit(struct hs_growth_seen *seen)
{
	for (size_t i = 0; i < seen->known.n; i++)
		free(seen->known.items[i].name);
	hs_array_free(&seen->known);
}
