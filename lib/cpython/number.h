/* SPDX-License-Identifier: Apache-2.0 */
/* Kind hooks of int (and bool); see kind.h for what they return. */
#ifndef HS_NUMBER_H
#define HS_NUMBER_H

#include "kind.h"

uint64_t hs_int_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_int_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_leaf_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#define HS_INT_DIGIT_BITS 30 /* PyLong_SHIFT of every 64-bit build */

/* The digits of an int, least significant first. */
struct hs_int_view {
	const uint8_t *digits; /* n_digits × 4 bytes; borrowed from the object's body */
	uint64_t n_digits;     /* the last one is not 0 */
	bool is_negative;
};

static inline uint32_t hs_int_digit(const struct hs_int_view *view, uint64_t i)
{
	uint32_t digit;

	memcpy(&digit, view->digits + i * 4, sizeof(digit));
	return digit & ((1u << HS_INT_DIGIT_BITS) - 1);
}

/* False when the digits are not all readable. */
bool hs_int_view(const struct hs_cpython *py, const struct hs_object *object, struct hs_int_view *ret);
/* The absolute value, if it fits. */
bool hs_int_fits(const struct hs_int_view *view, uint64_t *ret);
/* True if its digits are zeros because the image is redacted: no int other than 0 has a highest digit of 0, and 0 has none. */
bool hs_int_is_redacted(const struct hs_cpython *py, const struct hs_object *object);
/* int.bit_length() */
uint64_t hs_int_bits(const struct hs_int_view *view);
/* The value of the int object at `address`; false when it has more than 62 bits, or cannot be read. */
bool hs_int_value(const struct hs_cpython *py, hs_addr address, int64_t *ret);

#endif
