/* SPDX-License-Identifier: Apache-2.0 */
/* Which members of an object's own struct are structure, by its type: rules.def, brought to offsets once a type. */
#ifndef HS_RULES_H
#define HS_RULES_H

#include "kind.h"

#define RULES_MAX_PARTS 24

struct redaction;

/* A part of an object's body. */
struct rule_part {
	uint32_t offset, bytes;
};

/* What stays of the instances of one type besides their headers and references. */
struct type_rule {
	unsigned n;
	struct rule_part parts[RULES_MAX_PARTS];
	bool has_size;           /* ob_size */
	bool may_have_dict;      /* of its own */
	void (*special)(struct redaction *redaction, const struct hs_object *object); /* NULL: none */
	void (*names)(struct redaction *redaction, const struct hs_object *object);   /* marks the names in it; NULL: it has none */
};

struct type_rules {
	struct type_rule *items; /* by hs_type.index */
	size_t n;
};

/* For all types met so far. */
struct hs_error *type_rules_init(struct type_rules *rules, const struct hs_image *image, const struct hs_layout *layout,
				 const struct hs_types *types) HS_MUST_CHECK;
void type_rules_deinit(struct type_rules *rules);

/* The rule of a type; an empty one if it was met later. */
const struct type_rule *type_rule_of(const struct type_rules *rules, const struct hs_type *type);

#endif
