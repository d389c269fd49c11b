/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A debug file of libpython alone says nothing of _struct or _ctypes. Their structs come from a table of that version: whether they are
 * the process's is checked as with every layout.
 */
#include "module_structs.h"

#include "field_names.h"
#include "members.h"

struct completion {
	struct hs_layout *layout;
	const struct hs_layout *table;
	bool (*is_loaded)(const void *context, const char *module);
	const void *context;
};

/* `structure`: of fields.def, or behind those, of members.def. */
static bool is_wanted(const struct completion *completion, size_t structure, uint32_t known_bytes, uint32_t table_bytes)
{
	const char *module = known_bytes || !table_bytes ? NULL : hs_module_of(structure);

	return module && completion->is_loaded(completion->context, module);
}

static int copy_structs(const struct completion *completion)
{
	struct hs_layout *layout = completion->layout;
	const struct hs_layout *table = completion->table;
	bool is_copied[HS_N_STRUCTS] = { 0 };
	int n = 0;

	for (size_t i = 0; i < HS_N_STRUCTS; i++) {
		is_copied[i] = is_wanted(completion, i, layout->struct_bytes[i], table->struct_bytes[i]);
		if (is_copied[i])
			layout->struct_bytes[i] = table->struct_bytes[i];
		n += is_copied[i];
	}
	for (size_t i = 0; i < HS_N_FIELDS; i++)
		if (is_copied[hs_field_names[i].structure])
			layout->fields[i] = table->fields[i];
	return n;
}

int hs_module_structs_complete(struct hs_layout *layout, const struct hs_layout *table, bool (*is_loaded)(const void *context, const char *module),
			       const void *context)
{
	const struct completion completion = { layout, table, is_loaded, context };
	int n = copy_structs(&completion);

	for (size_t id = 0; id < HS_N_MEMBERS_STRUCTS; id++) {
		if (!is_wanted(&completion, HS_N_STRUCTS + id, layout->members.structs[id].bytes, table->members.structs[id].bytes))
			continue;
		const struct hs_member *items = table->members.items.items + table->members.structs[id].first;
		/* without them, its instances are scanned */
		if (!hs_members_set(&layout->members, (enum hs_members_id)id, table->members.structs[id].bytes, items, table->members.structs[id].n))
			return -1;
		n++;
	}
	return n;
}
