/* SPDX-License-Identifier: Apache-2.0 */
/* The proof that a layout is true for an image: nothing above trusts offsets that have not passed it. */
#ifndef HS_VALIDATE_H
#define HS_VALIDATE_H

#include "error.h"
#include "image.h"
#include "layout.h"
#include "live.h"

/* Errors: BAD_DATA, with the name of the check that failed, the address and what was wrong there. */
struct hs_error *hs_layout_validate(const struct hs_image *image, const struct hs_layout *layout) HS_MUST_CHECK;

/* One check. Errors: BAD_DATA with what was wrong; the caller adds which check it was. */
typedef struct hs_error *hs_check(const struct hs_live *live);

/* By subject, each in its own file. */
hs_check hs_check_geometry;        /* members within their struct, behind its base, not over each other */
hs_check hs_check_type;            /* PyType_Type is its own type, and describes itself */
hs_check hs_check_none;
hs_check hs_check_type_members;    /* type.__basicsize__ and others tell where they are */
hs_check hs_check_type_slots;
hs_check hs_check_heap_types;
hs_check hs_check_static_types;
hs_check hs_check_version;
hs_check hs_check_interpreters;
hs_check hs_check_threads;
hs_check hs_check_namespaces;      /* sys.modules, sys, builtins */
hs_check hs_check_generations;
hs_check hs_check_collector;
hs_check hs_check_arenas;
hs_check hs_check_pools;
hs_check hs_check_dicts;
hs_check hs_check_type_sizes;
hs_check hs_check_general_dicts;
hs_check hs_check_integers;
hs_check hs_check_sequences;
hs_check hs_check_sets;
hs_check hs_check_bytes;
hs_check hs_check_code;
hs_check hs_check_debug_offsets;
hs_check hs_check_tracemalloc;
/* The same, and that the tables are known at all while it is tracing. */
hs_check hs_check_tracemalloc_found;

/* How many ends of the list at `head` link back to it: 2 for a list head, 1 for one that is being changed. */
unsigned hs_generation_links(const struct hs_live *live, hs_addr head);

/* True if a struct _Py_hashtable_t is at `table`, and one whose entries are traces: either may be half-changed. */
bool hs_is_hashtable(const struct hs_live *live, hs_addr table);
bool hs_is_table_of_traces(const struct hs_live *live, hs_addr table);
bool hs_is_tracing(const struct hs_live *live);

struct hs_error *hs_check_failed(hs_addr address, const char *format, ...) HS_PRINTF(2, 3) HS_MUST_CHECK;

#endif
