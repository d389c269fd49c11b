/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code objects (Objects/codeobject.c). Up to 3.10 the variables of a frame are named by three tuples; from 3.11 by one,
 * beside which a bytes object tells what each is. How lines are found is line_table.c's affair.
 */
#include "code.h"

#include "exact_type.h"

#define WORD 8

/* pycore_code.h, 3.11+: what a slot may hold; a parameter that a closure uses is local and cell at once. */
enum {
	CO_FAST_CELL = 0x40,
	CO_FAST_FREE = 0x80,
};

static uint32_t code_u32(const struct hs_cpython *py, hs_addr code, int32_t offset)
{
	uint32_t value = 0;

	if (offset != HS_ABSENT)
		hs_image_u32(py->image, code + (uint32_t)offset, &value);
	return value;
}

#define CODE_U32(py, code, member) code_u32((py), (code), HS_OFFSET((py)->layout, PyCodeObject, member))
#define CODE_SLOT(py, code, member) ((code) + (uint32_t)HS_OFFSET((py)->layout, PyCodeObject, member))

uint64_t hs_length_at(const struct hs_cpython *py, hs_addr slot)
{
	uint64_t object = 0, n = 0;

	if (hs_image_u64(py->image, slot, &object) && object)
		hs_image_u64(py->image, object + (uint32_t)HS_OFFSET(py->layout, PyVarObject, ob_size), &n);
	return n;
}

uint64_t hs_code_frame_words(const struct hs_cpython *py, hs_addr address)
{
	uint64_t n = CODE_U32(py, address, co_stacksize);

	if (HS_HAS(py->layout, PyCodeObject, co_nlocalsplus))
		n += CODE_U32(py, address, co_nlocalsplus);
	else
		n += CODE_U32(py, address, co_nlocals) + hs_length_at(py, CODE_SLOT(py, address, co_cellvars)) +
		     hs_length_at(py, CODE_SLOT(py, address, co_freevars));
	return n;
}

/* The items of the tuple whose address stands at `slot`; they must be `n`, or any number when n is UINT32_MAX. */
static bool read_names(const struct hs_cpython *py, hs_addr slot, uint32_t n, unsigned part, struct hs_code *code)
{
	uint64_t length = hs_length_at(py, slot);

	if (length > HS_CODE_MAX_SLOTS || (n != UINT32_MAX && length != n))
		return false;
	code->names[part] = hs_image_at(py->image, hs_image_word(py->image, slot) + (uint32_t)HS_OFFSET(py->layout, PyTupleObject, ob_item),
					length * WORD);
	code->n_names[part] = (uint32_t)length;
	code->n_slots += (uint32_t)length;
	return code->names[part] != NULL;
}

static bool read_variables(const struct hs_cpython *py, hs_addr address, struct hs_code *code)
{
	const struct hs_layout *layout = py->layout;

	if (!HS_HAS(layout, PyCodeObject, co_nlocalsplus))
		return read_names(py, CODE_SLOT(py, address, co_varnames), CODE_U32(py, address, co_nlocals), 0, code) &&
		       read_names(py, CODE_SLOT(py, address, co_cellvars), UINT32_MAX, 1, code) &&
		       read_names(py, CODE_SLOT(py, address, co_freevars), UINT32_MAX, 2, code);
	uint32_t n = CODE_U32(py, address, co_nlocalsplus);
	hs_addr kinds = CODE_SLOT(py, address, co_localspluskinds);
	if (hs_length_at(py, kinds) != n || !read_names(py, CODE_SLOT(py, address, co_localsplusnames), n, 0, code))
		return false;
	code->kinds = hs_image_at(py->image, hs_image_word(py->image, kinds) + (uint32_t)HS_OFFSET(layout, PyBytesObject, ob_sval), n);
	code->instructions = CODE_SLOT(py, address, co_code_adaptive);
	return code->kinds != NULL;
}

bool hs_code_read(const struct hs_cpython *py, hs_addr address, struct hs_code *ret)
{
	const struct hs_layout *layout = py->layout;
	struct hs_code code = { .address = address };

	if (!address || !hs_is_exactly(py, address, "code"))
		return false;
	code.n_stack = CODE_U32(py, address, co_stacksize);
	code.first_line = (int32_t)CODE_U32(py, address, co_firstlineno);
	code.filename = hs_image_word(py->image, CODE_SLOT(py, address, co_filename));
	code.name = hs_image_word(py->image, HS_HAS(layout, PyCodeObject, co_qualname) ? CODE_SLOT(py, address, co_qualname)
										      : CODE_SLOT(py, address, co_name));
	if (code.n_stack > HS_CODE_MAX_SLOTS || !read_variables(py, address, &code))
		return false;
	*ret = code;
	return true;
}

static bool next_part(const struct hs_code *code, struct hs_slot_run *run, uint32_t from)
{
	uint32_t start = 0;

	for (unsigned part = 0; part < 3; part++) {
		if (code->n_names[part] && start >= from) {
			*run = (struct hs_slot_run){ start, code->n_names[part], part ? HS_EDGE_CELL : HS_EDGE_LOCAL, code->names[part] };
			return true;
		}
		start += code->n_names[part];
	}
	return false;
}

static uint8_t slot_kind(const struct hs_code *code, uint32_t slot)
{
	return code->kinds[slot] & (CO_FAST_CELL | CO_FAST_FREE) ? HS_EDGE_CELL : HS_EDGE_LOCAL;
}

bool hs_code_next_slots(const struct hs_code *code, struct hs_slot_run *run)
{
	uint32_t first = run->first + run->n, end = first;

	if (!code->kinds)
		return next_part(code, run, first);
	while (end < code->n_slots && slot_kind(code, end) == slot_kind(code, first))
		end++;
	if (end == first)
		return false;
	*run = (struct hs_slot_run){ first, end - first, slot_kind(code, first), code->names[0] + (size_t)first * WORD };
	return true;
}

uint64_t hs_code_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_layout *layout = py->layout;
	uint64_t size = object->type->basicsize, extra_size = 0;
	hs_addr extra = HS_BODY(py, object, PyCodeObject, co_extra);

	if (object->type->itemsize)
		size = (hs_code_extent(py, object) + WORD - 1) / WORD * WORD;
	if (HS_BODY(py, object, PyCodeObject, co_cell2arg))
		size += hs_length_at(py, CODE_SLOT(py, object->address, co_cellvars)) * WORD;
	/* _PyCodeObjectExtra: ce_size, then as many pointers */
	if (extra && hs_image_u64(py->image, extra, &extra_size))
		size = extra_size > HS_CODE_MAX_SLOTS ? HS_SIZE_UNKNOWN : size + WORD + extra_size * WORD;
	if (HS_BODY(py, object, PyCodeObject, co_opcache)) {
		/* co_opcache_map: a byte an instruction of two; then the caches */
		uint64_t code_bytes = hs_length_at(py, CODE_SLOT(py, object->address, co_code));
		uint32_t n_caches = hs_body_u32(object, HS_OFFSET(layout, PyCodeObject, co_opcache_size)) & 0xff;
		size += code_bytes / 2 + n_caches * HS_SIZEOF(layout, PyOpcache);
	}
	return size;
}

uint64_t hs_code_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n = object->type->itemsize ? (uint64_t)hs_ob_size(py, object) : 0;

	return n > (uint64_t)1 << 32 ? HS_SIZE_UNKNOWN : object->type->basicsize + n * object->type->itemsize;
}
