/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the few objects that prove a layout, by that very layout. The layout may be wrong and the image may be
 * hostile: everything is bounded, and whatever does not look right is "no".
 */
#ifndef HS_LIVE_H
#define HS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "image.h"
#include "layout.h"

struct hs_live {
	const struct hs_image *image;
	const struct hs_layout *layout;
};

/* Py_TPFLAGS_… (Include/object.h) */
#define HS_TPFLAG_HEAPTYPE ((uint64_t)1 << 9)
#define HS_TPFLAG_READY ((uint64_t)1 << 12)
#define HS_TPFLAG_HAVE_GC ((uint64_t)1 << 14)
#define HS_TPFLAG_TYPE_SUBCLASS ((uint64_t)1 << 31)
#define HS_TPFLAG_STATIC_BUILTIN ((uint64_t)1 << 1) /* 3.12+ */

/* The word at address + offset; 0 when it cannot be read, or the offset is negative. */
uint64_t hs_live_word(const struct hs_live *live, hs_addr address, int32_t offset);
uint32_t hs_live_u32(const struct hs_live *live, hs_addr address, int32_t offset);
uint8_t hs_live_u8(const struct hs_live *live, hs_addr address, int32_t offset);
/* Those of one member: hs_live_field(live, type, HS_FIELD_PyTypeObject_tp_base). Read at the member's own size of 1, 4 or 8 bytes. */
uint64_t hs_live_field(const struct hs_live *live, hs_addr address, enum hs_field_id field);

bool hs_live_is_type(const struct hs_live *live, hs_addr address);
/* The object's type; 0 when it has none that looks like one. */
hs_addr hs_live_type_of(const struct hs_live *live, hs_addr object);
/* True if the object's type is called `name` (tp_name, exactly). */
bool hs_live_is(const struct hs_live *live, hs_addr object, const char *name);
bool hs_live_type_is_named(const struct hs_live *live, hs_addr type, const char *name);

/* A compact ASCII str's characters; NULL when it is none, or longer than 4096. Borrowed; not NUL-terminated. */
const char *hs_live_str(const struct hs_live *live, hs_addr object, size_t *ret_bytes);
bool hs_live_str_is(const struct hs_live *live, hs_addr object, const char *text);
bool hs_live_bytes(const struct hs_live *live, hs_addr object, const uint8_t **ret, size_t *ret_bytes);
/* An int of at most 64 bits. */
bool hs_live_int(const struct hs_live *live, hs_addr object, int64_t *ret);
/* The item vector of a tuple or a list. */
bool hs_live_items(const struct hs_live *live, hs_addr object, hs_addr *ret_items, size_t *ret_n);

/* A dict's table. */
struct hs_live_dict {
	hs_addr keys, entries, values; /* values: of a split table, where the first value is; else 0 */
	size_t n_entries;              /* entries in use or dummies */
	size_t n_usable;               /* entries that may still be added */
	size_t n_slots;                /* of the hash table; entries: two thirds of it */
	size_t used;                   /* what the dict says its length is */
	size_t entry_bytes;
	int32_t key_offset, value_offset;
};

/* False when the object is no dict or its table contradicts itself. */
bool hs_live_dict(const struct hs_live *live, hs_addr object, struct hs_live_dict *ret);
/* Entry `i`; false when it holds nothing. */
bool hs_live_dict_entry(const struct hs_live *live, const struct hs_live_dict *dict, size_t i, hs_addr *ret_key, hs_addr *ret_value);
/* The value of a str key; 0 when there is none. */
hs_addr hs_live_dict_get(const struct hs_live *live, hs_addr object, const char *key);
/* The dict of a module object; 0 when there is none. */
hs_addr hs_live_module_dict(const struct hs_live *live, hs_addr module);

/* The first interpreter that was made, and its sys.modules; 0 when it cannot be read. */
hs_addr hs_live_main_interpreter(const struct hs_live *live);
hs_addr hs_live_modules(const struct hs_live *live, hs_addr interpreter);
/* Returns false when it has seen enough. */
typedef bool hs_live_visit(const struct hs_live *live, hs_addr value, void *context);
/*
 * Calls `visit` with the values in the namespaces of the main interpreter's modules, in the order in which they were
 * imported: those of the interpreter itself come first. At most a few thousand.
 */
void hs_live_each_global(const struct hs_live *live, hs_live_visit *visit, void *context);
/* sys.<name>, through interp->sysdict. */
hs_addr hs_live_sys(const struct hs_live *live, const char *name);

#endif
