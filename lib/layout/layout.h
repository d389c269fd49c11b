/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where CPython keeps what: the offsets, sizes and symbols of one interpreter, resolved by name and validated against
 * its live image. Everything above this folder asks for names; what differs between versions is data in fields.def,
 * version_features.c and tables/.
 *
 *     hs_addr items;
 *     hs_image_u64(image, list + HS_OFFSET(layout, PyListObject, ob_item), &items);
 */
#ifndef HS_LAYOUT_H
#define HS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "array.h"
#include "error.h"
#include "version_features.h"
#include "image.h"
#include "process.h"

/* The names of fields.def: HS_STRUCT_PyListObject, HS_FIELD_PyListObject_ob_item, HS_SYMBOL__PyRuntime. */
enum hs_struct_id {
#define HS_STRUCT(name, module, since, until, dwarf_names) HS_STRUCT_##name,
#include "fields.def"
	HS_N_STRUCTS
};

enum hs_field_id {
#define HS_FIELD(structure, name, since, until, path) HS_FIELD_##structure##_##name,
#include "fields.def"
	HS_N_FIELDS
};

enum hs_symbol_id {
#define HS_SYMBOL(name, since, until) HS_SYMBOL_##name,
#include "fields.def"
	HS_N_SYMBOLS
};

/* The names of members.def: HS_MEMBERS_chainobject. */
enum hs_members_id {
#define HS_MEMBERS(structure, module, tp_names, dwarf_names) HS_MEMBERS_##structure,
#include "members.def"
	HS_N_MEMBERS_STRUCTS
};

#define HS_ABSENT (-1)

/* A member's place in its struct. */
struct hs_field {
	int32_t offset;       /* bytes; HS_ABSENT: this version has no such member (or its module's layout is unknown) */
	uint8_t bit_offset;   /* bit-fields: least significant bit, counted within the storage unit at `offset` … */
	uint8_t bit_width;    /* … 0: not a bit-field */
	uint16_t bytes;       /* size of the member (of the storage unit for a bit-field); 0: unknown */
};

/* A part of a struct that members hold which fields.def does not name. */
struct hs_reserved {
	enum hs_struct_id structure;
	uint32_t offset, bytes;
};

HS_ARRAY_TYPE(hs_reserved_ranges, struct hs_reserved);

#define HS_MEMBER_NAME_BYTES 48

/* A member that points to a Python object; an array of such pointers is one member. */
struct hs_member {
	uint32_t offset; /* bytes from the start of the struct */
	uint16_t n;      /* pointers in a row */
	char name[HS_MEMBER_NAME_BYTES]; /* as C has it; "a.b": of a nested struct */
};

/* The members of the structs of members.def: see hs_layout_members(). */
struct hs_members {
	struct {
		uint32_t bytes;    /* sizeof; 0: the struct is unknown */
		uint32_t first, n; /* in `items` */
	} structs[HS_N_MEMBERS_STRUCTS];
	HS_ARRAY(struct hs_member) items;
};

struct hs_layout {
	uint32_t version_hex;             /* as Py_Version / PY_VERSION_HEX: 0x030b02f0 */
	unsigned major, minor, micro;
	char version[32];                 /* "3.11.2", "3.15.0b1" */
	bool is_debug_build;
	bool is_free_threaded;
	struct hs_features features;      /* what no struct tells: sizes of arenas and pools, rules for refcounts … */
	struct hs_field fields[HS_N_FIELDS];
	uint32_t struct_bytes[HS_N_STRUCTS];  /* 0: unknown */
	hs_addr symbols[HS_N_SYMBOLS];        /* address in this process; 0: unknown */
	hs_addr runtime_base;             /* load bias and extent of the binary that holds _PyRuntime */
	hs_addr runtime_start, runtime_end;
	bool tracemalloc_is_unknown;      /* what the source says of tracemalloc's place is not true, and it was found nowhere else */
	struct hs_reserved_ranges reserved;   /* owned; a field that touches one of these is wrong */
	struct hs_members members;            /* owned */
	char source[256];                 /* for the header: "DWARF", "debug file (build-id 571d98…)", "table 3.11.2 debian", … */
	HS_ARRAY(char *) warnings;        /* owned; what a user must know: nearest table, fields found by search */
};

struct hs_layout_options {
	const char *debug_dir;     /* further root of debug files; NULL: only /usr/lib/debug and the file's own folder */
	const char *text;          /* of a snapshot: what hs_layout_text() wrote, which comes first unless `debug_dir` is given; NULL: none */
	bool no_cache;
	bool no_dwarf;             /* tests: as if no debug information existed */
	const char *without_table; /* tests: ignore the shipped tables whose name fits this glob ("3.11.2-*"; leave-one-out) */
	/* Tests: called on the resolved layout before it is validated; NULL: none. */
	void (*mutate)(void *context, struct hs_layout *layout);
	void *mutate_context;
};

/*
 * Resolves and validates the layout of the CPython in `image`, a capture of `process` (its files are opened through
 * hs_process_open_mapping). The target need not be stopped. The caller owns *ret.
 * Errors: NOT_CPYTHON (no runtime found; PyPy and Python 2 are named), UNSUPPORTED (version, free-threaded or debug build:
 * which one), LOOKUP (no layout: what was tried), BAD_DATA (a check against the image failed: which one).
 */
struct hs_error *hs_layout_resolve(const struct hs_process *process, const struct hs_image *image,
				   const struct hs_layout_options *options, struct hs_layout **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_layout_destroy(struct hs_layout *layout);

/* Offset of a member, in bytes; HS_ABSENT when this version has none. */
#define HS_OFFSET(layout, structure, name) ((layout)->fields[HS_FIELD_##structure##_##name].offset)
#define HS_HAS(layout, structure, name) (HS_OFFSET(layout, structure, name) != HS_ABSENT)
#define HS_SIZEOF(layout, structure) ((layout)->struct_bytes[HS_STRUCT_##structure])
#define HS_ADDRESS_OF(layout, name) ((layout)->symbols[HS_SYMBOL_##name])

/* The members of that struct which point to objects, by ascending offset; *ret_n is 0 when it has none or is unknown. Borrowed. */
const struct hs_member *hs_layout_members(const struct hs_layout *layout, enum hs_members_id id, size_t *ret_n);

/* A bit-field's value out of its storage unit. */
static inline uint32_t hs_field_bits(struct hs_field field, uint32_t storage)
{
	return field.bit_width ? storage >> field.bit_offset & ((1u << field.bit_width) - 1) : storage;
}

#endif
