/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of another release may have a struct of the right size whose members were moved. Then some word that is read as
 * a reference is none, and a few objects of the type give it away.
 */
#include "member_check.h"

#include <stdio.h>
#include <string.h>

#include "field_names.h"
#include "members.h"
#include "table_source.h"

#define OBJECTS_MAX 16 /* of a struct */
#define TYPES_KEPT 64  /* a power of two */
#define NAME_MAX_BYTES 256

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)

struct finding {
	struct hs_layout *layout;
	const char *without;
	struct {
		uint8_t n, n_bad;
	} structs[HS_N_MEMBERS_STRUCTS];
	struct {
		hs_addr type;
		enum hs_members_id id;
	} kept[TYPES_KEPT];
};

static enum hs_members_id struct_of(const struct hs_live *live, hs_addr type)
{
	size_t bytes;
	bool is_unfit;
	const char *name = hs_image_string(live->image, FIELD(type, PyTypeObject, tp_name), NAME_MAX_BYTES, &bytes);

	if (!name)
		return HS_N_MEMBERS_STRUCTS;
	return hs_members_of_type(live->layout, name, bytes, FIELD(type, PyTypeObject, tp_basicsize), FIELD(type, PyTypeObject, tp_itemsize),
				  &is_unfit);
}

static enum hs_members_id struct_of_kept(const struct hs_live *live, struct finding *finding, hs_addr type)
{
	size_t slot = (type >> 4 ^ type >> 10) & (TYPES_KEPT - 1);

	if (finding->kept[slot].type != type) {
		finding->kept[slot].id = struct_of(live, type);
		finding->kept[slot].type = type;
	}
	return finding->kept[slot].id;
}

/* True if each of the member's words is NULL or an object's address. */
static bool leads_to_objects(const struct hs_live *live, hs_addr object, const struct hs_member *member)
{
	for (uint32_t i = 0; i < member->n; i++) {
		hs_addr word = hs_live_word(live, object, (int32_t)(member->offset + 8 * i));

		if (word && (word & 7 || !hs_live_type_of(live, word)))
			return false;
	}
	return true;
}

static bool fits(const struct hs_live *live, hs_addr object, enum hs_members_id id)
{
	size_t n;
	const struct hs_member *members = hs_layout_members(live->layout, id, &n);

	for (size_t i = 0; i < n; i++) {
		enum hs_member_rule rule = hs_member_rule_of(live->layout, id, &members[i]);

		if ((rule == HS_MEMBER_OWNED || rule == HS_MEMBER_UNVISITED) && !leads_to_objects(live, object, &members[i]))
			return false;
	}
	return true;
}

/* A type whose instances have another size than the layout's struct: another table may know it. */
static void mend_size(const struct hs_live *live, struct finding *finding, hs_addr type)
{
	uint64_t basicsize = FIELD(type, PyTypeObject, tp_basicsize), itemsize = FIELD(type, PyTypeObject, tp_itemsize);
	char table[64];
	size_t bytes;
	bool is_unfit;
	const char *name = hs_image_string(live->image, FIELD(type, PyTypeObject, tp_name), NAME_MAX_BYTES, &bytes);

	if (!name || hs_members_of_type(live->layout, name, bytes, basicsize, itemsize, &is_unfit) != HS_N_MEMBERS_STRUCTS || !is_unfit)
		return;
	enum hs_members_id id = hs_members_by_name(name, bytes);
	if (hs_table_replace_members(id, basicsize, itemsize, finding->without, finding->layout, table))
		hs_layout_warn(finding->layout, "the members of %.*s are from table %s, where it has the right size", (int)bytes, name, table);
}

/* The types that are found by their name: "_pickle.Pickler" in its module. */
static void mend_sizes(const struct hs_live *live, struct finding *finding)
{
	hs_addr modules = hs_live_modules(live, hs_live_main_interpreter(live));

	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++) {
		char module[NAME_MAX_BYTES];
		const char *names = hs_members_names[i].tp_names;
		int bytes = snprintf(module, sizeof(module), "%.*s", (int)strcspn(names, "|"), names);
		char *dot = strrchr(module, '.');

		if (!live->layout->members.structs[i].bytes || bytes < 0 || (size_t)bytes >= sizeof(module) || !dot)
			continue;
		*dot = '\0';
		hs_addr namespace = hs_live_module_dict(live, hs_live_dict_get(live, modules, module));
		hs_addr type = namespace ? hs_live_dict_get(live, namespace, dot + 1) : 0;
		if (type && hs_live_is_type(live, type))
			mend_size(live, finding, type);
	}
}

static bool look_at(const struct hs_live *live, hs_addr value, void *context)
{
	struct finding *finding = context;
	hs_addr type = hs_live_type_of(live, value);
	enum hs_members_id id = type ? struct_of_kept(live, finding, type) : HS_N_MEMBERS_STRUCTS;

	if (id == HS_N_MEMBERS_STRUCTS || finding->structs[id].n >= OBJECTS_MAX)
		return true;
	finding->structs[id].n++;
	finding->structs[id].n_bad += !fits(live, value, id);
	return true;
}

void hs_layout_mend_members(const struct hs_live *live, const char *without, struct hs_layout *layout)
{
	struct finding finding = { .layout = layout, .without = without };

	/* DWARF of the very files knows their sizes */
	if (!strncmp(layout->source, "table ", 6))
		mend_sizes(live, &finding);
	hs_live_each_global(live, look_at, &finding);
	for (size_t i = 0; i < HS_N_MEMBERS_STRUCTS; i++) {
		/* an object that is just being made may hold anything */
		if (finding.structs[i].n_bad <= finding.structs[i].n / 8u)
			continue;
		memset(&layout->members.structs[i], 0, sizeof(layout->members.structs[i]));
		hs_layout_warn(layout, "the members of %s do not fit this release: its objects are scanned", hs_members_names[i].name);
	}
}
