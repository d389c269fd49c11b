/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between CPython versions and stands in no struct: macro constants and the rules of the memory model.
 * One row a minor version, in version_features.c.
 */
#ifndef HS_VERSION_FEATURES_H
#define HS_VERSION_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/* Which ob_refcnt values a live object can have. */
enum hs_refcount_rule {
	HS_REFCOUNT_PLAIN,       /* 3.8–3.11: a positive Py_ssize_t */
	HS_REFCOUNT_IMMORTAL_32, /* 3.12, 3.13: as before, 0xffffffff in the low half means immortal */
	HS_REFCOUNT_SPLIT,       /* 3.14+: u32 count, u16 overflow, u16 flags; immortal when bit 31 of the count is set */
};

/* Where the 16 bytes before the GC head go. */
enum hs_preheader_rule {
	HS_PREHEADER_NONE,         /* up to 3.10 */
	HS_PREHEADER_VALUES_DICT,  /* 3.11: values*, dict*; with Py_TPFLAGS_MANAGED_DICT */
	HS_PREHEADER_WEAK_TAGGED,  /* 3.12: weaklist*, dict* or values* - 1 when odd; MANAGED_DICT or MANAGED_WEAKREF */
	HS_PREHEADER_WEAK_DICT,    /* 3.13+: weaklist*, dict*; inline values lie behind the object */
};

/* How an array of attribute values outside its dict or instance is laid out. */
enum hs_values_rule {
	HS_VALUES_BARE,     /* up to 3.10: PyObject *[n] */
	HS_VALUES_PREFIXED, /* 3.11, 3.12: insertion order and sizes before the array; the byte at -1 is the prefix's length */
	HS_VALUES_HEADED,   /* 3.13+: capacity, size, embedded, valid; then the array; then the insertion order */
};

struct hs_features {
	uint32_t arena_bytes, pool_bytes;    /* pymalloc: Objects/obmalloc.c, Include/internal/pycore_obmalloc.h */
	uint32_t small_request_bytes;        /* largest request that pymalloc serves */
	enum hs_refcount_rule refcount;
	enum hs_preheader_rule preheader;
	enum hs_values_rule values;
	uint64_t preheader_flags;            /* tp_flags that give a type the pre-header: any of them */
	bool int_size_has_a_digit;           /* int.__sizeof__ counts one digit for 0 */
	bool int_size_by_basicsize;          /* int.__sizeof__ starts from tp_basicsize, else from offsetof(ob_digit) */
	bool getsizeof_counts_preheader;     /* sys.getsizeof adds it (Python/sysmodule.c) */
	bool obmalloc_is_pointer;            /* interp.obmalloc points to the state; else it is the state */
	bool getsizeof_static_types_have_gc; /* sys.getsizeof adds a GC head to static types, which have none */
	bool has_inline_values;              /* Py_TPFLAGS_INLINE_VALUES (bit 2) */
	bool heap_types_are_visited;         /* instances of C heap types visit their type (bpo-40217) */
	bool lru_links_visit_class;          /* functools.lru_cache: links are of a heap type, which it visits */
	bool pickle_memo_is_visited;         /* by the tp_traverse of Pickler and Unpickler */
	/*
	 * Values inside an instance that has a dict: the dict reports them and the instance its dict, or else the instance
	 * reports them and leaves out the dict.
	 */
	bool dicts_visit_inline_values;
	bool static_types_own_object;        /* as their base, where none was named */
	/*
	 * 3.11: parts of frozen modules' code lie in static objects, whose references nobody counted (Tools/scripts/deepfreeze.py).
	 * Later what they refer to is immortal as well.
	 */
	bool frozen_objects_own_nothing;
	bool has_static_builtin_state;       /* tp_dict and others of static builtin types live in the interpreter */
	bool has_incremental_collector;      /* 3.14.0–.4: one young and one old generation, the old one collected piece by piece */
	bool trace_names_are_c_strings;      /* tracemalloc keeps file names as UTF-8, lone surrogates included, NUL-terminated (gh-155725) */
	bool ended_generators_visit_code;    /* gen_traverse reports the code of a generator that has ended (Objects/genobject.c) */
	bool static_variables_borrow_types;  /* PyExc_… do not count in the exception types that they name (Objects/exceptions.c) */
	int8_t frame_executing;              /* gi_frame_state of a running generator (pycore_frame.h); one that has ended has more */
	/*
	 * How a suspended generator is known that waits for another (yield from, await), which is then on top of its stack, or below
	 * some words (Objects/genobject.c _PyGen_yf): by gi_frame_state; or by the instruction that it goes on with, and that one's
	 * least argument.
	 */
	uint8_t words_above_awaited;
	int8_t frame_waiting;
	uint8_t waiting_opcodes[2];          /* 0: none */
	uint8_t waiting_argument;
	/* Instructions that store an item, X[…] = y, and those that store a name, x.X = y or a global's: specialised ones included; 0: no more. */
	uint8_t store_item_opcodes[4];
	uint8_t store_name_opcodes[6];
	/* Those that make the object of x += y or x |= y, where that may be x itself: with an argument from the least one on (opcode.h, NB_INPLACE_…). */
	uint8_t inplace_opcodes[3];
	uint8_t inplace_argument;
	int8_t frame_cleared;                /* … of one whose frame is gone; one that was closed before it began keeps it */
};

/* What changed within a minor version, or by a distributor's patch: sets those features of a layout whose members are known. */
struct hs_layout;
void hs_features_refine(struct hs_layout *layout);

/* The row of 3.`minor`, or NULL when this heapspy does not know that version. */
const struct hs_features *hs_features_of(unsigned major, unsigned minor);

#endif
