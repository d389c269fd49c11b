/* SPDX-License-Identifier: Apache-2.0 */
/* Going up a type's bases and gathering what rules.def says of each. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include "redact_internal.h"

#define NOTHING UINT32_MAX

/* A line of rules.def. */
struct rule {
	const char *tp_name;
	uint32_t field; /* enum hs_field_id; NOTHING: none */
	bool has_size;
	void (*special)(struct redaction *redaction, const struct hs_object *object);
	void (*names)(struct redaction *redaction, const struct hs_object *object);
};

static const struct rule rules_def[] = {
#define HS_RULE(tp_name, structure, member) { tp_name, HS_FIELD_##structure##_##member, false, NULL, NULL },
#define HS_SIZED(tp_name) { tp_name, NOTHING, true, NULL, NULL },
#define HS_SPECIAL(tp_name, function) { tp_name, NOTHING, false, function, NULL },
#define HS_NAMES(tp_name, function) { tp_name, NOTHING, false, NULL, function },
#include "rules.def"
};

static void add_part(struct type_rule *rule, const struct hs_field *field)
{
	size_t bytes = field->bytes < MAX_FIELD_BYTES ? field->bytes : MAX_FIELD_BYTES;

	if (field->offset != HS_ABSENT && rule->n < RULES_MAX_PARTS)
		rule->parts[rule->n++] = (struct rule_part){ (uint32_t)field->offset, (uint32_t)bytes };
}

static void add_line(struct type_rule *rule, const struct rule *line, const struct hs_layout *layout)
{
	if (line->field != NOTHING)
		add_part(rule, &layout->fields[line->field]);
	rule->has_size |= line->has_size;
	if (!rule->special)
		rule->special = line->special;
	if (!rule->names)
		rule->names = line->names;
}

static const char *tp_name_of(const struct hs_image *image, const struct hs_layout *layout, const struct hs_type *type)
{
	size_t bytes;
	const char *name = hs_image_string(image, hs_image_word(image, type->address + (uint32_t)HS_OFFSET(layout, PyTypeObject, tp_name)), 256, &bytes);

	return name ? name : "";
}

static void make_rule(struct type_rule *rule, const struct hs_image *image, const struct hs_layout *layout, const struct hs_type *type)
{
	rule->has_size = type->itemsize != 0;
	rule->may_have_dict = type->has_preheader || type->dict_from_end ||
			      hs_image_word(image, type->address + (uint32_t)HS_OFFSET(layout, PyTypeObject, tp_dictoffset));
	for (; type; type = type->base_type) {
		if (type->is_python_class)
			continue;
		const char *name = tp_name_of(image, layout, type);
		/* the kind's name is that of the type it was found at, and of others that are decoded like it */
		const char *kind = type->solid_base == type ? type->kind->tp_name : name;
		for (size_t i = 0; i < sizeof(rules_def) / sizeof(rules_def[0]); i++)
			if (!strcmp(rules_def[i].tp_name, name) || (kind != name && !strcmp(rules_def[i].tp_name, kind)))
				add_line(rule, &rules_def[i], layout);
	}
}

struct hs_error *type_rules_init(struct type_rules *rules, const struct hs_image *image, const struct hs_layout *layout,
				 const struct hs_types *types)
{
	const struct hs_type *const *all = hs_types_all(types, &rules->n);

	rules->items = calloc(rules->n + 1, sizeof(*rules->items));
	if (!rules->items)
		return hs_error_no_memory();
	for (size_t i = 0; i < rules->n; i++)
		make_rule(&rules->items[i], image, layout, all[i]);
	return NULL;
}

void type_rules_deinit(struct type_rules *rules)
{
	free(rules->items);
	*rules = (struct type_rules){ 0 };
}

const struct type_rule *type_rule_of(const struct type_rules *rules, const struct hs_type *type)
{
	static const struct type_rule nothing;

	return type->index < rules->n ? &rules->items[type->index] : &nothing;
}
