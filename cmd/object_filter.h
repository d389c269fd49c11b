/* SPDX-License-Identifier: Apache-2.0 */
/* --where: conditions on objects, "len>100", "bytes>=1M", "refcount>3", "repr~*abc*". */
#ifndef HS_OBJECT_FILTER_H
#define HS_OBJECT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "object_row.h"

enum hs_filter_relation {
	HS_FILTER_LESS,
	HS_FILTER_LESS_OR_EQUAL,
	HS_FILTER_EQUAL,
	HS_FILTER_NOT_EQUAL,
	HS_FILTER_GREATER_OR_EQUAL,
	HS_FILTER_GREATER,
	HS_FILTER_MATCHES,
};

struct hs_object_filter {
	enum hs_object_field field;
	enum hs_filter_relation relation;
	uint64_t value;
	const char *glob; /* borrowed from the text */
};

/* Parses one condition; false when it is none. K, M and G are powers of 1024. */
bool hs_object_filter_parse(const char *text, struct hs_object_filter *ret);

/* An object that does not have what a condition asks for (the length of an int) does not fulfil it. */
bool hs_object_filter_fits(const struct hs_object_filter *filter, const struct hs_object_row *row);

/* For error messages: what a condition may look like. */
extern const char *const hs_object_filter_syntax;

#endif
