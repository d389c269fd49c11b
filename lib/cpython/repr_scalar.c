/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and text as Python's repr() writes them (Objects/longobject.c, floatobject.c, unicodeobject.c, bytesobject.c). */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "repr_internal.h"
#include "unicode.h"

#define HEX_DIGITS_SHOWN 40

/* The absolute value in 4-bit digits, least significant first, from 30-bit ones; returns how many there are. */
static size_t hex_digits(const struct hs_int_view *view, char *ret, size_t max)
{
	uint64_t pending = 0;
	unsigned n_pending = 0;
	size_t n = 0;

	for (uint64_t i = 0; i < view->n_digits || n_pending;) {
		if (n_pending < 4 && i < view->n_digits) {
			pending |= (uint64_t)hs_int_digit(view, i++) << n_pending;
			n_pending += HS_INT_DIGIT_BITS;
		}
		if (n == max)
			return max;
		ret[n++] = "0123456789abcdef"[pending & 15];
		pending >>= 4;
		n_pending = n_pending > 4 ? n_pending - 4 : 0;
	}
	while (n && ret[n - 1] == '0')
		n--;
	return n;
}

static void put_large_int(struct hs_repr *repr, const struct hs_int_view *view)
{
	char digits[HEX_DIGITS_SHOWN + 8], text[HEX_DIGITS_SHOWN + 8];
	size_t n = hex_digits(view, digits, sizeof(digits));

	if (n > HEX_DIGITS_SHOWN) {
		hs_bounded_text_printf(&repr->text, "<%sint of %llu bits>", view->is_negative ? "negative " : "",
				       (unsigned long long)hs_int_bits(view));
		repr->is_literal = false;
		return;
	}
	for (size_t i = 0; i < n; i++)
		text[i] = digits[n - 1 - i];
	text[n] = '\0';
	hs_bounded_text_printf(&repr->text, "%s0x%s", view->is_negative ? "-" : "", text);
}

/* "<int, redacted>", and how long it was where that is known. */
static void put_redacted(struct hs_repr *repr, const char *type)
{
	hs_bounded_text_printf(&repr->text, "<%s, redacted>", type);
	repr->is_literal = false;
}

static void put_redacted_length(struct hs_repr *repr, const char *type, uint64_t length)
{
	hs_bounded_text_printf(&repr->text, "<%s of %llu, redacted>", type, (unsigned long long)length);
	repr->is_literal = false;
}

void hs_repr_int(struct hs_repr *repr, const struct hs_object *object)
{
	struct hs_int_view view;
	uint64_t value;

	if (hs_int_is_redacted(repr->py, object)) {
		put_redacted(repr, "int");
	} else if (!hs_int_view(repr->py, object, &view)) {
		hs_bounded_text_put(&repr->text, "<int>");
		repr->is_literal = false;
	} else if (hs_int_fits(&view, &value)) {
		hs_bounded_text_printf(&repr->text, "%s%llu", view.is_negative ? "-" : "", (unsigned long long)value);
	} else {
		put_large_int(repr, &view);
	}
}

void hs_repr_bool(struct hs_repr *repr, const struct hs_object *object)
{
	struct hs_int_view view;
	uint64_t value = 0;

	if (hs_int_view(repr->py, object, &view))
		hs_int_fits(&view, &value);
	hs_bounded_text_put(&repr->text, value ? "True" : "False");
}

/* "1.23e+05" becomes "1.24e+05"; false when all digits are nines. */
static bool increment_digits(char *text)
{
	for (char *at = strchr(text, 'e'); at-- > text;) {
		if (*at == '.' || *at == '-')
			continue;
		if (*at != '9') {
			++*at;
			return true;
		}
		*at = '0';
	}
	return false;
}

/* The shortest digits that read back as the same value; float_repr_style "short". */
static void shortest_digits(double value, char *ret, size_t ret_bytes)
{
	/* 15 digits are always exact, so what needs fewer ends in zeros; not so where the exponent is used up */
	for (int precision = fabs(value) < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(ret, ret_bytes, "%.*e", precision, value);
		if (strtod(ret, NULL) == value)
			return;
		/* below a power of two numbers are closer together: the next digits above may read back where the nearest do not */
		if (precision == 15 && increment_digits(ret) && strtod(ret, NULL) == value)
			return;
	}
}

/* From "d.ddde±xx" to what repr() shows: plain from 1e-4 to 1e16, no zeros at the end, ".0" where nothing else says float. */
static void put_finite(struct hs_repr *repr, double value)
{
	char text[40], digits[24];
	size_t n = 0;

	shortest_digits(value, text, sizeof(text));
	int exponent = atoi(strchr(text, 'e') + 1);
	for (const char *at = text; *at != 'e'; at++)
		if (*at >= '0' && *at <= '9' && n < sizeof(digits) - 1)
			digits[n++] = *at;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	const char *sign = text[0] == '-' ? "-" : "";
	if (exponent < -4 || exponent >= 16)
		hs_bounded_text_printf(&repr->text, "%s%c%s%se%c%02d", sign, digits[0], n > 1 ? "." : "", digits + 1, exponent < 0 ? '-' : '+',
				       exponent < 0 ? -exponent : exponent);
	else if (exponent < 0)
		hs_bounded_text_printf(&repr->text, "%s0.%.*s%s", sign, -exponent - 1, "0000", digits);
	else if ((int)n <= exponent + 1)
		hs_bounded_text_printf(&repr->text, "%s%s%.*s.0", sign, digits, exponent + 1 - (int)n, "0000000000000000");
	else
		hs_bounded_text_printf(&repr->text, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
}

void hs_repr_put_double(struct hs_repr *repr, double value)
{
	if (isnan(value) || isinf(value)) {
		hs_bounded_text_put(&repr->text, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
		repr->is_literal = false;
	} else {
		put_finite(repr, value);
	}
}

static double body_double(const struct hs_object *object, size_t offset)
{
	uint64_t bits = hs_body_u64(object, (int64_t)offset);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Its only member follows the head (Include/cpython/floatobject.h); so do the two of complex. */
void hs_repr_float(struct hs_repr *repr, const struct hs_object *object)
{
	if (hs_image_is_redacted(repr->py->image)) {
		put_redacted(repr, "float");
		return;
	}
	hs_repr_put_double(repr, body_double(object, HS_SIZEOF(repr->py->layout, PyObject)));
}

/* "1.0" is "1" within a complex. */
static void put_part(struct hs_repr *repr, double value)
{
	hs_repr_put_double(repr, value);
	size_t n = repr->text.n;
	if (!repr->text.is_full && n > 2 && !strcmp(repr->text.data + n - 2, ".0")) {
		repr->text.n = n - 2;
		repr->text.data[repr->text.n] = '\0';
	}
}

void hs_repr_complex(struct hs_repr *repr, const struct hs_object *object)
{
	uint32_t head = HS_SIZEOF(repr->py->layout, PyObject);
	double real = body_double(object, head), imaginary = body_double(object, head + sizeof(double));
	bool has_real = real != 0 || signbit(real);

	if (hs_image_is_redacted(repr->py->image)) {
		put_redacted(repr, "complex");
		return;
	}
	if (has_real) {
		hs_bounded_text_put(&repr->text, "(");
		put_part(repr, real);
		if (!signbit(imaginary) || isnan(imaginary))
			hs_bounded_text_put(&repr->text, "+");
	}
	put_part(repr, imaginary);
	hs_bounded_text_put(&repr->text, has_real ? "j)" : "j");
}

/* A character of a str or byte of a bytes object inside `quote`s. */
static void put_quoted(struct hs_repr *repr, uint32_t code, char quote, bool is_byte)
{
	if (code == (uint32_t)quote || code == '\\')
		hs_bounded_text_printf(&repr->text, "\\%c", (char)code);
	else if (is_byte && code >= 0x7f)
		hs_bounded_text_printf(&repr->text, "\\x%02x", (unsigned)code);
	else
		hs_bounded_text_put_code(&repr->text, code);
}

/* Python takes double quotes when there are single ones and no double ones. */
static char choose_quote(const struct hs_str_view *view)
{
	bool has_single = false;

	for (uint64_t i = 0; i < view->n; i++) {
		uint32_t code = hs_str_code(view, i);
		if (code == '"')
			return '\'';
		has_single |= code == '\'';
	}
	return has_single ? '"' : '\'';
}

static void put_quoted_view(struct hs_repr *repr, const struct hs_str_view *view, bool is_byte)
{
	char quote = choose_quote(view);
	size_t limit = hs_bounded_text_reserve(&repr->text, 1 + strlen(HS_ELLIPSIS));

	hs_bounded_text_printf(&repr->text, "%c", quote);
	for (uint64_t i = 0; i < view->n && !repr->text.is_full; i++)
		put_quoted(repr, hs_str_code(view, i), quote, is_byte);
	hs_bounded_text_release(&repr->text, limit);
	if (repr->text.is_full || view->n < view->length)
		hs_repr_put_ellipsis(repr);
	hs_bounded_text_printf(&repr->text, "%c", quote);
}

void hs_repr_str(struct hs_repr *repr, const struct hs_object *object)
{
	struct hs_str_view view;

	if (!hs_str_view(repr->py, object->address, repr->limits.text, &view)) {
		hs_bounded_text_put(&repr->text, "<str>");
		repr->is_literal = false;
	} else if (view.is_redacted) {
		put_redacted_length(repr, "str", view.length);
	} else {
		put_quoted_view(repr, &view, false);
	}
}

static void put_bytes(struct hs_repr *repr, hs_addr data, uint64_t length)
{
	struct hs_str_view view = { .kind = 1, .n = length < repr->limits.text ? length : repr->limits.text, .length = length };

	view.data = hs_image_at(repr->py->image, data, view.n);
	if (view.n && !view.data) {
		hs_bounded_text_printf(&repr->text, "<%llu bytes>", (unsigned long long)length);
		repr->is_literal = false;
		return;
	}
	if (hs_bytes_are_redacted(repr->py, view.data, view.n)) {
		put_redacted_length(repr, "bytes", length);
		return;
	}
	hs_bounded_text_put(&repr->text, "b");
	put_quoted_view(repr, &view, true);
}

void hs_repr_bytes(struct hs_repr *repr, const struct hs_object *object)
{
	put_bytes(repr, object->address + (uint32_t)HS_OFFSET(repr->py->layout, PyBytesObject, ob_sval), (uint64_t)hs_ob_size(repr->py, object));
}

/* The bytes start behind those that were deleted at the front: ob_start, the word behind ob_bytes (Include/cpython/bytearrayobject.h). */
static hs_addr bytearray_data(const struct hs_cpython *py, const struct hs_object *object)
{
	hs_addr start = HS_BODY(py, object, PyByteArrayObject, ob_bytes);
	hs_addr data = hs_body_u64(object, (int64_t)HS_OFFSET(py->layout, PyByteArrayObject, ob_bytes) + 8);

	return data >= start && data - start <= HS_BODY(py, object, PyByteArrayObject, ob_alloc) ? data : start;
}

void hs_repr_bytearray(struct hs_repr *repr, const struct hs_object *object)
{
	size_t limit = hs_bounded_text_reserve(&repr->text, 1);

	hs_bounded_text_put(&repr->text, "bytearray(");
	put_bytes(repr, bytearray_data(repr->py, object), (uint64_t)hs_ob_size(repr->py, object));
	hs_bounded_text_release(&repr->text, limit);
	repr->text.is_full = false;
	hs_bounded_text_put(&repr->text, ")");
	repr->is_literal = false;
}
