/* SPDX-License-Identifier: Apache-2.0 */
/* tp_basicsize is sizeof of the struct for types without items: one word that tells whether a struct is of this release. */
#include "type_sizes.h"

#include "field_names.h"
#include "table_source.h"
#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)

/* Types by the name under which their module holds them. */
static const struct {
	enum hs_struct_id structure;
	const char *module, *type;
} rows[] = {
	{ HS_STRUCT_PyListObject, "builtins", "list" },
	{ HS_STRUCT_PyDictObject, "builtins", "dict" },
	{ HS_STRUCT_PySetObject, "builtins", "set" },
	{ HS_STRUCT_PyByteArrayObject, "builtins", "bytearray" },
	{ HS_STRUCT_PyUnicodeObject, "builtins", "str" },
	{ HS_STRUCT_PyODictObject, "_collections", "OrderedDict" },
	{ HS_STRUCT_dequeobject, "_collections", "deque" },
	{ HS_STRUCT_arrayobject, "array", "array" },
	{ HS_STRUCT_bytesio, "_io", "BytesIO" },
	{ HS_STRUCT_buffered, "_io", "BufferedReader" },
	{ HS_STRUCT_PyStructObject, "_struct", "Struct" },
	{ HS_STRUCT_PicklerObject, "_pickle", "Pickler" },
	{ HS_STRUCT_UnpicklerObject, "_pickle", "Unpickler" },
	{ HS_STRUCT_ElementObject, "_elementtree", "Element" },
	{ HS_STRUCT_PyDecObject, "_decimal", "Decimal" },
	{ HS_STRUCT_productobject, "itertools", "product" },
	{ HS_STRUCT_permutationsobject, "itertools", "permutations" },
	{ HS_STRUCT_combinationsobject, "itertools", "combinations" },
	{ HS_STRUCT_simplequeueobject, "_queue", "SimpleQueue" },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* The size that the type states; 0 when the module is not loaded. */
static uint64_t stated_size(const struct hs_live *live, size_t row)
{
	hs_addr module = hs_live_dict_get(live, hs_live_modules(live, hs_live_main_interpreter(live)), rows[row].module);
	hs_addr type = module ? hs_live_dict_get(live, hs_live_module_dict(live, module), rows[row].type) : 0;

	return type && hs_live_is_type(live, type) ? FIELD(type, PyTypeObject, tp_basicsize) : 0;
}

static bool is_unfit(const struct hs_live *live, size_t row)
{
	uint32_t bytes = live->layout->struct_bytes[rows[row].structure];
	uint64_t stated = bytes ? stated_size(live, row) : 0;

	return stated && stated != bytes;
}

static void forget(struct hs_layout *layout, enum hs_struct_id structure)
{
	layout->struct_bytes[structure] = 0;
	for (size_t i = 0; i < HS_N_FIELDS; i++)
		if (hs_field_names[i].structure == structure)
			hs_layout_move(layout, (enum hs_field_id)i, HS_ABSENT);
}

void hs_layout_mend_sizes(const struct hs_live *live, const char *without, struct hs_layout *layout)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		char name[64];

		if (!hs_struct_names[rows[i].structure].module || !is_unfit(live, i))
			continue;
		if (hs_table_replace_struct(rows[i].structure, (uint32_t)stated_size(live, i), without, layout, name)) {
			hs_layout_warn(layout, "the layout of %s.%s is from table %s, where it has the right size", rows[i].module,
				       rows[i].type, name);
			continue;
		}
		forget(layout, rows[i].structure);
		hs_layout_warn(layout, "the layout of %s.%s does not fit this release: what its instances hold is not read",
			       rows[i].module, rows[i].type);
	}
}

struct hs_error *hs_check_type_sizes(const struct hs_live *live)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (is_unfit(live, i))
			return hs_check_failed(0, "an instance of %s.%s has %" PRIu64 " bytes, its struct has %u", rows[i].module, rows[i].type,
					       stated_size(live, i), live->layout->struct_bytes[rows[i].structure]);
	return NULL;
}
