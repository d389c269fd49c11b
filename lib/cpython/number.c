/* SPDX-License-Identifier: Apache-2.0 */
/* int: the number of digits stands in ob_size, its sign being the number's (up to 3.11), or in lv_tag >> 3 (3.12+). */
#include "number.h"

#define DIGIT_BYTES 4
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

void hs_leaf_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor)
{
	/* an object without references or storage: float, int, bytes … */
	(void)py;
	(void)object;
	(void)visitor;
}
