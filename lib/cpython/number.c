/* SPDX-License-Identifier: Apache-2.0 */
/* int: the number of digits stands in ob_size, its sign being the number's (up to 3.11), or in lv_tag >> 3 (3.12+). */
#include "number.h"

#define DIGIT_BYTES 4
#define DIGIT_BITS 30
#define MAX_DIGITS ((uint64_t)1 << 40)

static uint64_t digits_of(const struct hs_cpython *py, const struct hs_object *object)
{
	if (HS_HAS(py->layout, PyLongObject, lv_tag))
		return HS_BODY(py, object, PyLongObject, lv_tag) >> 3;
	int64_t n = hs_ob_size(py, object);
	return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

static uint32_t digits_offset(const struct hs_cpython *py)
{
	const struct hs_layout *layout = py->layout;

	return (uint32_t)(HS_HAS(layout, PyLongObject, ob_digit) ? HS_OFFSET(layout, PyLongObject, ob_digit)
								  : HS_OFFSET(layout, PyLongObject, lv_digit));
}

uint64_t hs_int_size(const struct hs_cpython *py, const struct hs_object *object)
{
	const struct hs_features *features = &py->layout->features;
	uint64_t n = digits_of(py, object);

	if (n > MAX_DIGITS)
		return HS_SIZE_UNKNOWN;
	if (features->int_size_has_a_digit && n == 0)
		n = 1;
	return (features->int_size_by_basicsize ? object->type->basicsize : digits_offset(py)) + n * DIGIT_BYTES;
}

uint64_t hs_int_extent(const struct hs_cpython *py, const struct hs_object *object)
{
	uint64_t n = digits_of(py, object);

	return n > MAX_DIGITS ? HS_SIZE_UNKNOWN : digits_offset(py) + n * DIGIT_BYTES;
}

/* The sign stands in the low two bits of lv_tag: 0 positive, 1 zero, 2 negative (3.12+); earlier it is ob_size's. */
static bool is_negative(const struct hs_cpython *py, const struct hs_object *object)
{
	if (HS_HAS(py->layout, PyLongObject, lv_tag))
		return (HS_BODY(py, object, PyLongObject, lv_tag) & 3) == 2;
	return hs_ob_size(py, object) < 0;
}

bool hs_int_view(const struct hs_cpython *py, const struct hs_object *object, struct hs_int_view *ret)
{
	uint64_t n = digits_of(py, object);
	uint32_t offset = digits_offset(py);

	if (n > MAX_DIGITS || offset + n * DIGIT_BYTES > object->body_bytes)
		return false;
	*ret = (struct hs_int_view){ .digits = object->body + offset, .n_digits = n, .is_negative = is_negative(py, object) };
	while (ret->n_digits && hs_int_digit(ret, ret->n_digits - 1) == 0)
		ret->n_digits--;
	return true;
}

bool hs_int_is_redacted(const struct hs_cpython *py, const struct hs_object *object)
{
	struct hs_int_view view;

	return hs_image_is_redacted(py->image) && digits_of(py, object) && hs_int_view(py, object, &view) && !view.n_digits;
}

uint64_t hs_int_bits(const struct hs_int_view *view)
{
	if (!view->n_digits)
		return 0;
	uint32_t last = hs_int_digit(view, view->n_digits - 1);
	return (view->n_digits - 1) * HS_INT_DIGIT_BITS + (uint64_t)(32 - __builtin_clz(last));
}

bool hs_int_fits(const struct hs_int_view *view, uint64_t *ret)
{
	uint64_t value = 0;

	if (hs_int_bits(view) > 64)
		return false;
	for (uint64_t i = view->n_digits; i-- > 0;)
		value = value << HS_INT_DIGIT_BITS | hs_int_digit(view, i);
	*ret = value;
	return true;
}

/* PyLong_SHIFT bits a digit, the lowest first. The sign: of ob_size, or in the low two bits of lv_tag, 2 being below zero. */
bool hs_int_value(const struct hs_cpython *py, hs_addr address, int64_t *ret)
{
	const struct hs_layout *layout = py->layout;
	bool has_tag = HS_HAS(layout, PyLongObject, lv_tag);
	hs_addr member = address + (uint32_t)(has_tag ? HS_OFFSET(layout, PyLongObject, lv_tag) : HS_OFFSET(layout, PyVarObject, ob_size));
	uint64_t word, value = 0;
	uint32_t digits[3] = { 0 };

	if (!address || !hs_image_u64(py->image, member, &word))
		return false;
	bool is_negative = has_tag ? (word & 3) == 2 : (int64_t)word < 0;
	uint64_t n = has_tag ? word >> 3 : is_negative ? -word : word;
	if (n > 3 || !hs_image_read(py->image, address + digits_offset(py), digits, n * DIGIT_BYTES))
		return false;
	for (uint64_t i = n; i-- > 0;)
		value = value << DIGIT_BITS | digits[i];
	if (digits[2] > 3)
		return false;
	*ret = is_negative ? -(int64_t)value : (int64_t)value;
	return true;
}

void hs_leaf_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	/* an object without references or storage: float, int, bytes … */
	(void)py;
	(void)object;
	(void)visitor;
}
