/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three line tables of CPython: co_lnotab (up to 3.9, Objects/lnotab_notes.txt), co_linetable of 3.10 (PEP 626) and of
 * 3.11+ (Objects/locations.md). All are a bytes object of differences: instructions, and lines.
 */
#include "line_table.h"

#define MAX_TABLE_BYTES ((uint64_t)1 << 26)
#define CODE_UNIT_BYTES 2 /* of an instruction */

struct table {
	const uint8_t *at, *end;
};

/* Lines of a hostile table wrap around. */
static int32_t advance(int32_t line, int32_t delta)
{
	return (int32_t)((uint32_t)line + (uint32_t)delta);
}

static bool open_table(const struct hs_cpython *py, hs_addr slot, struct table *ret)
{
	uint64_t n = hs_length_at(py, slot);

	if (n > MAX_TABLE_BYTES)
		return false;
	ret->at = hs_image_at(py->image, hs_image_word(py->image, slot) + (uint32_t)HS_OFFSET(py->layout, PyBytesObject, ob_sval), n);
	ret->end = ret->at ? ret->at + n : NULL;
	return ret->at != NULL;
}

/* Pairs of bytes: instruction bytes, lines (signed). A line holds from where its pair's instruction begins. */
static int32_t line_by_lnotab(struct table table, int32_t line, int64_t offset)
{
	int64_t address = 0;

	for (; table.end - table.at >= 2; table.at += 2) {
		address += table.at[0];
		if (address > offset)
			break;
		line = advance(line, (int8_t)table.at[1]);
	}
	return line;
}

/* Pairs of bytes: of the next range, its instruction bytes and how many lines it is further on; -128: it has no line. */
static int32_t line_by_ranges(struct table table, int32_t line, int64_t offset)
{
	const int no_line = -128;
	int64_t end = 0;

	for (; table.end - table.at >= 2; table.at += 2) {
		int delta = (int8_t)table.at[1];

		end += table.at[0];
		if (delta != no_line)
			line = advance(line, delta);
		if (offset < end)
			return delta == no_line ? 0 : line;
	}
	return 0;
}

/* Six bits a byte, the lowest first; bit 6: more follow. Of the number read, the lowest bit is the sign. */
static int32_t read_signed_varint(struct table *table)
{
	uint32_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		if (table->at == table->end || shift > 30)
			return 0;
		byte = *table->at++;
		value |= (uint32_t)(byte & 63) << shift;
		shift += 6;
	} while (byte & 64);
	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/*
 *     | 1 | code: 4 bits | instructions - 1: 3 bits | bytes without the highest bit, as the code wants them
 */
static int32_t line_by_locations(struct table table, int32_t line, int64_t offset)
{
	enum { ONE_LINE_1 = 11, ONE_LINE_2 = 12, NO_COLUMNS = 13, LONG = 14, NONE = 15 };
	int64_t end = 0;

	while (table.at < table.end) {
		uint8_t first = *table.at++;
		unsigned code = first >> 3 & 15;

		end += ((first & 7) + 1) * CODE_UNIT_BYTES;
		if (code == NO_COLUMNS || code == LONG)
			line = advance(line, read_signed_varint(&table));
		else if (code == ONE_LINE_1 || code == ONE_LINE_2)
			line = advance(line, (int32_t)code - 10);
		if (offset < end)
			return code == NONE ? 0 : line;
		while (table.at < table.end && !(*table.at & 128))
			table.at++;
	}
	return 0;
}

int32_t hs_code_line(const struct hs_cpython *py, const struct hs_code *code, int32_t offset)
{
	const struct hs_layout *layout = py->layout;
	bool has_lnotab = HS_HAS(layout, PyCodeObject, co_lnotab);
	int32_t member = has_lnotab ? HS_OFFSET(layout, PyCodeObject, co_lnotab) : HS_OFFSET(layout, PyCodeObject, co_linetable);
	struct table table;

	if (offset < 0)
		return code->first_line;
	if (!open_table(py, code->address + (uint32_t)member, &table))
		return 0;
	if (has_lnotab)
		return line_by_lnotab(table, code->first_line, offset);
	/* the location table came with the names of slots in one tuple */
	return HS_HAS(layout, PyCodeObject, co_localsplusnames) ? line_by_locations(table, code->first_line, offset)
								: line_by_ranges(table, code->first_line, offset);
}
