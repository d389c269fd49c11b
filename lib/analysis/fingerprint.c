/* SPDX-License-Identifier: Apache-2.0 */
/* From an object's words to its fingerprint, and what two fingerprints prove. Knows no sample. */
#include "fingerprint.h"

#include <string.h>

#include "dict.h"
#include "unicode.h"

#define MAX_THINGS 12
#define MAX_TUPLE_ITEMS 16
#define MAX_VALUE_BYTES 64
#define MAX_RAW_WORDS 8
/* What so many refer to is shared by instances: it tells none of them from the others. */
#define SHARED_REFERENCES 64

enum form { FORM_VALUE = 1, FORM_PARTS, FORM_BLANK };

#define COMMON 1u
#define FORM_SHIFT 1
#define HASH_SHIFT 3
#define N_PARTS 3
#define PART_BITS 9
#define PART_MASK ((1u << PART_BITS) - 1)

struct hs_fingerprints hs_fingerprints_of(const struct hs_process_heap *heap)
{
	struct hs_fingerprints fingerprints = { .py = heap->py, .types = heap->types, .is_redacted = hs_image_is_redacted(heap->py->image) };
	size_t n;
	const struct hs_type *const *all = hs_types_all(heap->types, &n);

	for (size_t i = 0; i < n; i++) {
		const struct hs_type *type = all[i];
		const char *kind = type->kind->tp_name;
		if (type != type->solid_base)
			continue;
		if (!strcmp(kind, "str"))
			fingerprints.str = type->address;
		else if (!strcmp(kind, "bytes"))
			fingerprints.bytes = type->address;
		else if (!strcmp(kind, "int"))
			fingerprints.int_ = type->address;
		else if (!strcmp(kind, "float"))
			fingerprints.float_ = type->address;
	}
	return fingerprints;
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t n, uint64_t seed)
{
	uint64_t hash = hs_mix(seed + n), word = 0;

	for (; n >= sizeof(word); bytes += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = hs_mix(hash ^ word);
	}
	word = 0;
	memcpy(&word, bytes, n);
	return hs_mix(hash ^ word);
}

static uint64_t hash_str(const struct hs_fingerprints *fingerprints, hs_addr address)
{
	struct hs_str_view view;

	if (!hs_str_view(fingerprints->py, address, MAX_VALUE_BYTES, &view))
		return 0;
	return hash_bytes(view.data, view.n * view.kind, view.length);
}

/* From the length on, without the cached hash between it and the text. */
static uint64_t hash_bytes_object(const struct hs_fingerprints *fingerprints, hs_addr address)
{
	uint32_t head = HS_SIZEOF(fingerprints->py->layout, PyVarObject), first = head + sizeof(uint64_t);
	uint64_t n = hs_image_word(fingerprints->py->image, address + head - sizeof(uint64_t));
	size_t n_read = n < MAX_VALUE_BYTES ? n : MAX_VALUE_BYTES;
	const uint8_t *text = hs_image_at(fingerprints->py->image, address + first, n_read);

	return text ? hash_bytes(text, n_read, n) : 0;
}

/* What an int or a float has behind its head; of an int's digits the first. */
static uint64_t hash_number(const struct hs_fingerprints *fingerprints, hs_addr address, bool is_int)
{
	size_t n = is_int ? 12 : 8;
	const uint8_t *words = hs_image_at(fingerprints->py->image, address + HS_SIZEOF(fingerprints->py->layout, PyObject), n);

	return words ? hash_bytes(words, n, is_int) : 0;
}

static bool is_simple(const struct hs_fingerprints *fingerprints, hs_addr type)
{
	return type && (type == fingerprints->str || type == fingerprints->bytes || type == fingerprints->int_ || type == fingerprints->float_);
}

/* What an immutable object of a simple type is worth; 0: it is none of these, or nobody can tell. */
static uint64_t value_of(const struct hs_fingerprints *fingerprints, hs_addr address, hs_addr type)
{
	if (!type || fingerprints->is_redacted)
		return 0;
	if (type == fingerprints->str)
		return hash_str(fingerprints, address);
	if (type == fingerprints->bytes)
		return hash_bytes_object(fingerprints, address);
	if (type == fingerprints->int_ || type == fingerprints->float_)
		return hash_number(fingerprints, address, type == fingerprints->int_);
	return 0;
}

/*
 * What a reference tells: the value of what it leads to, or where that stands. 0: nothing, because all have it (None, a shared
 * configuration), or nothing is there.
 */
static uint64_t thing_at(const struct hs_fingerprints *fingerprints, hs_addr address)
{
	const struct hs_layout *layout = fingerprints->py->layout;
	const uint8_t *head = address ? hs_image_at(fingerprints->py->image, address, HS_SIZEOF(layout, PyObject)) : NULL;
	uint64_t refcount, type;

	if (!head || address & 7)
		return 0;
	memcpy(&refcount, head + HS_OFFSET(layout, PyObject, ob_refcnt), sizeof(refcount));
	memcpy(&type, head + HS_OFFSET(layout, PyObject, ob_type), sizeof(type));
	/* also those that are immortal, by whatever rule: then the low half is negative, or far above */
	if ((uint32_t)refcount > SHARED_REFERENCES)
		return 0;
	uint64_t value = value_of(fingerprints, address, type);
	return value ? value : hs_mix(address);
}

/* The things of one object, as its visit reports them. */
struct things {
	const struct hs_fingerprints *fingerprints;
	struct hs_visitor *visitor;
	unsigned n;    /* seen, those that tell nothing included */
	unsigned n_told;
	uint64_t hashes[N_PARTS];
};

static void add_thing(struct things *things, uint64_t hash)
{
	if (hash) {
		things->hashes[things->n % N_PARTS] = hs_mix(things->hashes[things->n % N_PARTS] ^ hash);
		things->n_told++;
	}
	if (++things->n >= MAX_THINGS)
		things->visitor->is_over = true;
}

/* Up to 3.10, and later for instances whose dict was asked for: the attributes lie behind one more reference. */
static void add_attributes(struct things *things, hs_addr dict)
{
	struct hs_dict_cursor cursor = { 0 };
	hs_addr key, value;

	while (things->n < MAX_THINGS && hs_dict_next(things->fingerprints->py, dict, &cursor, &key, &value))
		add_thing(things, thing_at(things->fingerprints, value));
}

static void add_run(void *context, const struct hs_reference_run *run)
{
	struct things *things = context;
	bool is_dict = run->kind == HS_EDGE_FIELD && run->name && !strcmp(run->name, "__dict__");

	/* many instances have the same keys */
	if (run->kind == HS_EDGE_KEY || run->relation & HS_WEAK)
		return;
	for (size_t i = 0; i < run->n && things->n < MAX_THINGS; i++) {
		uint64_t word;
		memcpy(&word, (const uint8_t *)run->words + i * run->stride, sizeof(word));
		word &= ~(uint64_t)run->tag_mask;
		if (is_dict && word)
			add_attributes(things, word);
		else
			add_thing(things, thing_at(things->fingerprints, word));
	}
}

static hs_fingerprint make(enum form form, uint32_t bits)
{
	return bits << HASH_SHIFT | (uint32_t)form << FORM_SHIFT;
}

/* Never 0, which says that there is nothing. */
static uint32_t part_of(uint64_t hash)
{
	uint32_t part = (uint32_t)(hs_mix(hash) >> 32) & PART_MASK;

	return part ? part : 1;
}

/* Where one part alone has something to say it says it in all three: nine bits are alike too often by accident. */
static hs_fingerprint make_parts(const struct things *things, hs_addr type)
{
	unsigned n_told = 0, told = 0;
	uint32_t bits = 0;

	for (unsigned i = 0; i < N_PARTS; i++)
		if (things->hashes[i]) {
			told = i;
			n_told++;
		}
	if (!n_told)
		return make(FORM_BLANK, (uint32_t)(hs_mix(type) >> 40));
	for (unsigned i = 0; i < N_PARTS; i++) {
		uint64_t hash = n_told == 1 ? things->hashes[told] + (i + N_PARTS - told) % N_PARTS : things->hashes[i];
		if (things->hashes[i] || n_told == 1)
			bits |= part_of(hash ^ type) << (i * PART_BITS);
	}
	return make(FORM_PARTS, bits);
}

static hs_fingerprint make_value(uint64_t hash, hs_addr type)
{
	return make(FORM_VALUE, (uint32_t)(hs_mix(hash ^ type) >> 35));
}

/* A C object without references: what it keeps in its own words. */
static void add_raw_words(struct things *things, const struct hs_object *object)
{
	for (uint64_t offset = 2 * sizeof(uint64_t), i = 0; i < MAX_RAW_WORDS && offset + sizeof(uint64_t) <= object->body_bytes; i++) {
		uint64_t word = hs_body_u64(object, (int64_t)offset);
		add_thing(things, word ? hs_mix(word) : 0);
		offset += sizeof(uint64_t);
	}
}

static hs_fingerprint take_tuple(const struct hs_fingerprints *fingerprints, const struct hs_object *object)
{
	uint64_t offset = (uint64_t)HS_OFFSET(fingerprints->py->layout, PyTupleObject, ob_item);
	uint64_t n = (uint64_t)hs_ob_size(fingerprints->py, object), hash = hs_mix(n);

	for (uint64_t i = 0; i < n && i < MAX_TUPLE_ITEMS; i++) {
		hs_addr item = hs_body_u64(object, (int64_t)(offset + i * sizeof(uint64_t)));
		uint64_t thing = thing_at(fingerprints, item);
		hash = hs_mix(hash ^ (thing ? thing : item));
	}
	return make_value(hash, object->type->address);
}

static hs_fingerprint take_parts(const struct hs_fingerprints *fingerprints, const struct hs_object *object)
{
	struct things things = { .fingerprints = fingerprints };
	struct hs_visitor visitor = hs_visitor_of_references(add_run, &things);

	visitor.skips_classes = true;
	things.visitor = &visitor;
	hs_object_visit(fingerprints->py, object, &visitor);
	if (!things.n_told && object->type->kind == hs_kind_plain() && !object->type->is_python_class)
		add_raw_words(&things, object);
	return make_parts(&things, object->type->address);
}

/* Classes and modules are not remade in place of others: their address and type will do. */
static bool stands_for_itself(const struct hs_type *type)
{
	return type->flags & HS_TPFLAGS_TYPE_SUBCLASS || !strcmp(type->kind->tp_name, "module");
}

hs_fingerprint hs_fingerprint_take(const struct hs_fingerprints *fingerprints, const struct hs_object *object)
{
	hs_addr type = object->type->address;
	uint64_t value = value_of(fingerprints, object->address, type);

	if (value)
		return make_value(value, type);
	if (fingerprints->is_redacted && is_simple(fingerprints, type))
		return hs_fingerprint_common(make_value(hs_mix(type), type));
	if (stands_for_itself(object->type))
		return make_value(object->address, type);
	if (!strcmp(object->type->kind->tp_name, "tuple"))
		return take_tuple(fingerprints, object);
	return take_parts(fingerprints, object);
}

hs_fingerprint hs_fingerprint_common(hs_fingerprint fingerprint)
{
	return fingerprint | COMMON;
}

static enum form form_of(hs_fingerprint fingerprint)
{
	return fingerprint >> FORM_SHIFT & 3;
}

/* Most of what it had is still there: changed perhaps, but the same. Half of it may be what all of its type have. */
static enum hs_lived compare_parts(uint32_t then, uint32_t now)
{
	unsigned n = 0, n_equal = 0;

	for (unsigned i = 0; i < N_PARTS; i++) {
		uint32_t a = then >> (i * PART_BITS) & PART_MASK, b = now >> (i * PART_BITS) & PART_MASK;
		n += a || b;
		n_equal += a && a == b;
	}
	if (n_equal * 2 > n)
		return HS_LIVED;
	return n_equal ? HS_LIVED_UNKNOWN : HS_LIVED_NOT;
}

enum hs_lived hs_fingerprint_compare(hs_fingerprint then, hs_fingerprint now)
{
	enum form form = form_of(then);
	bool is_common = (then | now) & COMMON;

	if (!then || !now || form != form_of(now))
		return HS_LIVED_NOT;
	if (form == FORM_PARTS && !is_common)
		return compare_parts(then >> HASH_SHIFT, now >> HASH_SHIFT);
	if (then >> HASH_SHIFT != now >> HASH_SHIFT)
		return HS_LIVED_NOT;
	return is_common || form == FORM_BLANK ? HS_LIVED_UNKNOWN : HS_LIVED;
}
