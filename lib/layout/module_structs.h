/* SPDX-License-Identifier: Apache-2.0 */
/* What debug information lacks of extension modules, which have files of their own, and debug files of their own. */
#ifndef HS_MODULE_STRUCTS_H
#define HS_MODULE_STRUCTS_H

#include "layout.h"

/*
 * Copies the structs of extension modules, and the members of their types, that `layout` does not know from `table`, a layout of the same
 * version that has them. Only those of modules of which `is_loaded` is true: of others the process has no objects. Returns how many were
 * copied; -1: memory is out, and `layout` is as good as before.
 */
int hs_module_structs_complete(struct hs_layout *layout, const struct hs_layout *table, bool (*is_loaded)(const void *context, const char *module),
			       const void *context);

#endif
