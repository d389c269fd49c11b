/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a type as Python gives it: type.__module__ and type.__qualname__ (Objects/typeobject.c type_module,
 * type_qualname). Heap types keep both as objects; static ones have one C string, "module.name" or "name".
 */
#include <stdio.h>
#include <string.h>

#include "dict.h"
#include "type.h"
#include "unicode.h"

#define MAX_NAME_PART 512

static void static_name(const struct hs_cpython *py, const struct hs_type *type, char *ret, size_t ret_bytes)
{
	size_t bytes = 0;
	const char *name = hs_image_string(py->image, hs_image_word(py->image, type->address + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_name)),
					   MAX_NAME_PART, &bytes);

	if (!name)
		snprintf(ret, ret_bytes, "?");
	else
		snprintf(ret, ret_bytes, "%s%.*s", memchr(name, '.', bytes) ? "" : "builtins.", (int)bytes, name);
}

void hs_type_name(const struct hs_cpython *py, const struct hs_type *type, char *ret, size_t ret_bytes)
{
	const struct hs_layout *layout = py->layout;
	char module[MAX_NAME_PART], qualname[MAX_NAME_PART];

	if (!(type->flags & HS_TPFLAGS_HEAPTYPE)) {
		static_name(py, type, ret, ret_bytes);
		return;
	}
	hs_addr dict = hs_image_word(py->image, type->address + (uint32_t)HS_OFFSET(layout, PyTypeObject, tp_dict));
	hs_addr module_str = hs_dict_find(py, dict, "__module__");
	hs_addr qualname_str = hs_image_word(py->image, type->address + (uint32_t)HS_OFFSET(layout, PyHeapTypeObject, ht_qualname));
	if (!module_str || !hs_str_read(py, module_str, module, sizeof(module)))
		strcpy(module, "?");
	if (!hs_str_read(py, qualname_str, qualname, sizeof(qualname)))
		strcpy(qualname, "?");
	snprintf(ret, ret_bytes, "%s.%s", module, qualname);
}

const char *hs_type_short_name(const char *full_name)
{
	const char *prefix = "builtins.";
	size_t bytes = strlen(prefix);

	return strncmp(full_name, prefix, bytes) || !full_name[bytes] ? full_name : full_name + bytes;
}
