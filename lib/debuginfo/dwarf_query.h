/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs, members and variables by name out of DWARF. All questions are answered in one linear pass over the
 * top-level entries of all compilation units; no index is built, and nothing is kept afterwards.
 */
#ifndef HS_DWARF_QUERY_H
#define HS_DWARF_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "array.h"
#include "elf_file.h"
#include "error.h"

/* A member wanted of a struct. */
struct hs_dwarf_member {
	/*
	 * "a.b" goes through nested structs; anonymous structs and unions are looked through by themselves; "x|a.b" are
	 * alternatives, the first that exists counts. Borrowed.
	 */
	const char *path;
	bool is_found;
	uint8_t bit_offset; /* of a bit-field: its least significant bit in the storage unit at `offset` */
	uint8_t bit_width;  /* 0: no bit-field */
	uint32_t offset;    /* bytes from the start of the struct */
	uint32_t bytes;     /* size of the member or of the bit-field's storage unit; 0: open-ended array */
};

/* A part of a struct. */
struct hs_dwarf_range {
	uint32_t offset, bytes;
};

HS_ARRAY_TYPE(hs_dwarf_ranges, struct hs_dwarf_range);

#define HS_DWARF_OBJECT_NAME_BYTES 48

/* A member that points to a Python object; an array of such pointers is one member. */
struct hs_dwarf_object_member {
	uint32_t offset; /* bytes from the start of the struct */
	uint16_t n;      /* pointers in a row */
	char name[HS_DWARF_OBJECT_NAME_BYTES]; /* "a.b": of a nested struct */
};

HS_ARRAY_TYPE(hs_dwarf_object_members, struct hs_dwarf_object_member);

/* A struct wanted, by tag or typedef. */
struct hs_dwarf_struct {
	const char *names; /* "a|b": the first that is found counts. Borrowed. */
	struct hs_dwarf_member *members;
	size_t n_members;
	bool is_found;
	uint32_t bytes;
	struct hs_dwarf_ranges others; /* where members lie that were not asked for; by ascending offset, freed by the caller */
	/*
	 * Asks for all members that point to objects instead of the `others`; a struct that is no object's is then not the
	 * one wanted.
	 */
	bool wants_objects;
	struct hs_dwarf_object_members objects; /* by ascending offset, freed by the caller */
	unsigned rank;     /* used during the pass: which of the names, then how many members are missing */
};

/* A variable of static storage wanted. */
struct hs_dwarf_variable {
	const char *name;  /* borrowed */
	bool is_found;
	hs_addr vaddr;
};

struct hs_dwarf_query {
	HS_ARRAY(struct hs_dwarf_struct) structs;
	HS_ARRAY(struct hs_dwarf_variable) variables;
};

/*
 * Fills in what `file` knows (members that no candidate has stay not found). `alternate` is the file that
 * .gnu_debugaltlink names, or NULL. Where several definitions share a name, the one with most of the members wanted
 * counts. Errors: BAD_DATA when the file's DWARF cannot be read at all, NO_MEMORY.
 */
struct hs_error *hs_dwarf_lookup(const struct hs_elf_file *file, const struct hs_elf_file *alternate,
				 struct hs_dwarf_query *query) HS_MUST_CHECK;

#endif
