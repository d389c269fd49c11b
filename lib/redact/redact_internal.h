/* SPDX-License-Identifier: Apache-2.0 */
/* What the passes of a redaction share, and their order (redact.c). Private to lib/redact. */
#ifndef HS_REDACT_INTERNAL_H
#define HS_REDACT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "blank_image.h"
#include "heap_internal.h"
#include "known_words.h"
#include "redact.h"
#include "rules.h"

/* A range of memory that belongs to an object, in no pool and no chunk that malloc's headers prove: what stands in it is kept, or not,
 * as its object's. */
struct owned_range {
	hs_addr start, end;
};

HS_ARRAY_TYPE(owned_ranges, struct owned_range);

/* One for each worker of a walk. */
struct redact_worker {
	_Alignas(WORKER_ALIGNMENT) struct redaction *redaction;
	const struct hs_heap_item *item; /* being redacted */
	struct owned_ranges owned;
	bool out_of_memory;
	struct visit_budget budget;
	struct hs_visitor visitor;
};

struct redaction {
	const struct hs_heap *heap;
	const struct hs_cpython *py;
	const struct hs_layout *layout;
	const struct hs_capture *capture;
	enum hs_redaction what;
	struct blank_image blank;
	struct address_marks names;   /* str objects whose text is a name */
	struct address_marks paths;   /* … is a path of a source file */
	struct address_marks seen;    /* dicts and tuples whose names were marked */
	struct address_marks numbers; /* int objects that decoders count with */
	_Atomic uint64_t n_words_left; /* that may be gone through beside the visitors, whose budget is their own: see redact_take() */
	pthread_mutex_t strings_lock; /* C strings may be parts of each other */
	struct type_rules rules;
	struct redact_worker *workers;
	struct owned_ranges owned;    /* of all workers, by address */
};

/*
 * True if `bytes` more may be gone through. An honest heap's tables and texts belong to one object each; where thousands claim the same
 * one, each in full would take for ever. What is left out stays zero.
 */
static inline bool redact_take(struct redaction *redaction, uint64_t bytes)
{
	uint64_t n = bytes / sizeof(uint64_t) + 1, left = atomic_load_explicit(&redaction->n_words_left, memory_order_relaxed);

	do {
		if (left < n)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&redaction->n_words_left, &left, left - n, memory_order_relaxed, memory_order_relaxed));
	return true;
}

/* A member of a struct at an address, as the layout has it. */
#define KEEP_FIELD(redaction, address, structure, member) \
	keep_field((redaction), (address), HS_FIELD_##structure##_##member)

#define MAX_FIELD_BYTES 8

/* Copies one member; larger ones, which are structs of their own, in part. Nothing if this version has none. */
static inline void keep_field(struct redaction *redaction, hs_addr address, enum hs_field_id id)
{
	const struct hs_field *field = &redaction->layout->fields[id];
	size_t bytes = field->bytes < MAX_FIELD_BYTES ? field->bytes : MAX_FIELD_BYTES;

	if (field->offset != HS_ABSENT)
		blank_keep(&redaction->blank, address + (uint32_t)field->offset, bytes);
}

static inline hs_addr redact_word(const struct redaction *redaction, hs_addr address, enum hs_field_id id)
{
	int32_t offset = redaction->layout->fields[id].offset;

	return offset == HS_ABSENT ? 0 : hs_image_word(redaction->py->image, address + (uint32_t)offset);
}

#define REDACT_WORD(redaction, address, structure, member) \
	redact_word((redaction), (address), HS_FIELD_##structure##_##member)

/* Pass 1: which texts and numbers may stay (names.c). */
struct hs_error *redact_find_names(struct redaction *redaction) HS_MUST_CHECK;
/* Marks the str at an address, if there is one. */
void redact_mark_name(struct redaction *redaction, hs_addr str);
void redact_mark_path(struct redaction *redaction, hs_addr str);
/* … of objects of these types. */
void redact_code_names(struct redaction *redaction, const struct hs_object *object);
void redact_function_names(struct redaction *redaction, const struct hs_object *object);
void redact_generator_names(struct redaction *redaction, const struct hs_object *object);
void redact_module_names(struct redaction *redaction, const struct hs_object *object);
void redact_type_names(struct redaction *redaction, const struct hs_object *object);

/* Pass 2: every object with what it owns (redact_objects.c). */
struct hs_error *redact_objects(struct redaction *redaction) HS_MUST_CHECK;
/* What the kind of an object needs besides its members; the visitor has reported its references. */
void redact_storage_of(struct redaction *redaction, const struct hs_object *object);
/* A block of an object's storage: the geometry in it. */
void redact_block_of(struct redaction *redaction, const struct hs_object *object, hs_addr start, uint64_t bytes);
/* The header of a dict's table of keys. */
void redact_keys(struct redaction *redaction, hs_addr keys);
/*
 * What stands before an array of values of their own, of a split dict or an instance (3.11+): up to 3.12 a byte that says where its block
 * starts, later how many there are and whether they are valid. 0 is legal.
 */
void redact_values(struct redaction *redaction, hs_addr values);
void redact_type_object(struct redaction *redaction, const struct hs_object *object);
void redact_str(struct redaction *redaction, const struct hs_object *object);
void redact_int(struct redaction *redaction, const struct hs_object *object);
void redact_code(struct redaction *redaction, const struct hs_object *object);
void redact_frame_object(struct redaction *redaction, const struct hs_object *object);
void redact_generator(struct redaction *redaction, const struct hs_object *object);
/* The C string of a name; with HS_REDACT_ALL only its length. */
void redact_name_string(struct redaction *redaction, hs_addr string);
/* Characters that say nothing, as many as the C string has: where decoders ask for its length. */
void redact_blank_string(struct redaction *redaction, hs_addr string);
/* True if decoders look for an attribute, module or type of that name. */
bool redact_is_asked_for(const char *name, size_t bytes);

/* Pass 3: what is no object's. */
void redact_runtime(struct redaction *redaction);
void redact_frame(struct redaction *redaction, hs_addr address);
void redact_traces(struct redaction *redaction);
/* Reports the file names of tracemalloc's frames, as they stand there. */
void redact_each_trace_name(struct redaction *redaction, void (*each)(struct redaction *redaction, hs_addr name));
/* A path that is a C string. */
void redact_path_string(struct redaction *redaction, hs_addr string);
struct hs_error *redact_allocators(struct redaction *redaction) HS_MUST_CHECK;
struct hs_error *redact_native(struct redaction *redaction) HS_MUST_CHECK;

/* The capture around the image: identity, mappings, threads. */
struct hs_error *redact_capture(struct redaction *redaction, struct hs_capture *ret) HS_MUST_CHECK;

#endif
