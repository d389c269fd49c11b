/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and applying a condition on one object. */
#include "object_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *const hs_object_filter_syntax = "len, bytes, getsizeof, retained or refcount, then <, <=, =, !=, >= or >, then a number (1M is 1048576); or repr~GLOB";

static bool parse_field(const char *text, size_t bytes, enum hs_object_field *ret)
{
	static const char *const names[HS_N_OBJECT_FIELDS] = {
		[HS_OBJECT_BYTES] = "bytes",       [HS_OBJECT_GETSIZEOF] = "getsizeof", [HS_OBJECT_RETAINED] = "retained",
		[HS_OBJECT_LENGTH] = "len",        [HS_OBJECT_REFCOUNT] = "refcount",   [HS_OBJECT_REPR] = "repr",
	};

	for (unsigned i = 0; i < HS_N_OBJECT_FIELDS; i++)
		if (names[i] && strlen(names[i]) == bytes && !memcmp(names[i], text, bytes)) {
			*ret = (enum hs_object_field)i;
			return true;
		}
	return false;
}

static bool parse_relation(const char *text, size_t bytes, enum hs_filter_relation *ret)
{
	static const struct {
		const char *sign;
		enum hs_filter_relation relation;
	} signs[] = {
		{ "<", HS_FILTER_LESS },   { "<=", HS_FILTER_LESS_OR_EQUAL }, { "=", HS_FILTER_EQUAL },    { "==", HS_FILTER_EQUAL },
		{ "!=", HS_FILTER_NOT_EQUAL }, { ">=", HS_FILTER_GREATER_OR_EQUAL }, { ">", HS_FILTER_GREATER }, { "~", HS_FILTER_MATCHES },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (strlen(signs[i].sign) == bytes && !memcmp(signs[i].sign, text, bytes)) {
			*ret = signs[i].relation;
			return true;
		}
	return false;
}

static bool parse_value(const char *text, uint64_t *ret)
{
	static const char units[] = "kmg";
	char *end;

	errno = 0;
	if (*text < '0' || *text > '9')
		return false;
	uint64_t value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	end += unit != NULL;
	if (errno || *end || value > UINT64_MAX >> shift)
		return false;
	*ret = value << shift;
	return true;
}

bool hs_object_filter_parse(const char *text, struct hs_object_filter *ret)
{
	size_t n_field = strcspn(text, "<>=!~"), n_sign = strspn(text + n_field, "<>=!~");
	const char *value = text + n_field + n_sign;
	struct hs_object_filter filter = { .glob = value };

	/* what follows a tilde is the glob's, whatever it is */
	if (text[n_field] == '~') {
		n_sign = 1;
		filter.glob = value = text + n_field + 1;
	}
	if (!parse_field(text, n_field, &filter.field) || !parse_relation(text + n_field, n_sign, &filter.relation))
		return false;
	bool is_glob = filter.relation == HS_FILTER_MATCHES;
	if (is_glob != (filter.field == HS_OBJECT_REPR) || (!is_glob && !parse_value(value, &filter.value)))
		return false;
	*ret = filter;
	return true;
}

bool hs_object_filter_fits(const struct hs_object_filter *filter, const struct hs_object_row *row)
{
	uint64_t value;

	if (filter->field == HS_OBJECT_REPR)
		return !fnmatch(filter->glob, row->repr, 0);
	if (!hs_object_row_value(row, filter->field, &value)) {
		/* an immortal object has more references than any number says */
		if (filter->field != HS_OBJECT_REFCOUNT)
			return false;
		value = UINT64_MAX;
	}
	switch (filter->relation) {
	case HS_FILTER_LESS:
		return value < filter->value;
	case HS_FILTER_LESS_OR_EQUAL:
		return value <= filter->value;
	case HS_FILTER_EQUAL:
		return value == filter->value;
	case HS_FILTER_NOT_EQUAL:
		return value != filter->value;
	case HS_FILTER_GREATER_OR_EQUAL:
		return value >= filter->value;
	case HS_FILTER_GREATER:
		return value > filter->value;
	case HS_FILTER_MATCHES:
		break;
	}
	return false;
}
