/* SPDX-License-Identifier: Apache-2.0 */
/* Where static data ends, by the binary's own header: what was joined to it is none, and a header that lies is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "static_data.h"

#define BASE 0x7f0000000000
#define CODE_BYTES 0x2000
#define DATA_BYTES 0x5000 /* of the mapping; the binary has less */

struct binary {
	struct hs_image *image;
	uint8_t code[CODE_BYTES], data[DATA_BYTES];
};

static struct binary binary;

static void put_header(uint64_t data_memsz, uint64_t phoff, uint16_t phnum)
{
	const Elf64_Phdr programs[] = {
		{ .p_type = PT_LOAD, .p_vaddr = 0x400000, .p_memsz = CODE_BYTES },
		{ .p_type = PT_LOAD, .p_vaddr = 0x400000 + CODE_BYTES + 0x10, .p_memsz = data_memsz, .p_flags = PF_W },
	};
	Elf64_Ehdr header = { .e_phoff = phoff, .e_phnum = phnum, .e_phentsize = sizeof(programs[0]) };

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	memset(binary.code, 0, sizeof(binary.code));
	memcpy(binary.code, &header, sizeof(header));
	memcpy(binary.code + 64, programs, sizeof(programs));
}

static void add_segment(hs_addr start, const void *data, size_t bytes, bool is_writable)
{
	const struct hs_segment segment = { .start = start, .end = start + bytes, .data = data, .is_writable = is_writable };

	assert_null(hs_image_add_segment(binary.image, &segment, NULL, NULL));
	assert_null(hs_image_add_static(binary.image, start, start + bytes));
}

static int open_image(void **state)
{
	(void)state;
	assert_null(hs_image_create(&binary.image));
	add_segment(BASE, binary.code, CODE_BYTES, false);
	add_segment(BASE + CODE_BYTES, binary.data, DATA_BYTES, true);
	assert_null(hs_image_seal(binary.image));
	return 0;
}

static int close_image(void **state)
{
	(void)state;
	hs_image_destroy(binary.image);
	return 0;
}

static bool take_end(void *context, hs_addr start, hs_addr end)
{
	hs_addr *ret = context;

	assert_int_equal(start, BASE + CODE_BYTES);
	*ret = end;
	return true;
}

static hs_addr end_of_data(void)
{
	hs_addr end = 0;

	hs_static_data_each(binary.image, take_end, &end);
	return end;
}

static void data_ends_where_the_binary_does(void **state)
{
	(void)state;
	put_header(0x1234, 64, 2);
	assert_int_equal(end_of_data(), BASE + CODE_BYTES + 0x10 + 0x1234);
}

static void what_makes_no_sense_is_not_believed(void **state)
{
	const hs_addr whole = BASE + CODE_BYTES + DATA_BYTES;

	(void)state;
	memset(binary.code, 0, sizeof(binary.code));
	assert_int_equal(end_of_data(), whole);
	put_header(UINT64_MAX - 0x400000, 64, 2);
	assert_int_equal(end_of_data(), whole);
	put_header(0x1234, UINT64_MAX - 8, 2);
	assert_int_equal(end_of_data(), whole);
	put_header(0x1234, CODE_BYTES + DATA_BYTES - 8, 2);
	assert_int_equal(end_of_data(), whole);
	put_header(0x1234, 64, 65535);
	assert_int_equal(end_of_data(), whole);
	put_header(0x1234, 64, 0);
	assert_int_equal(end_of_data(), whole);
	/* larger than the mapping: the mapping counts */
	put_header(0x100000, 64, 2);
	assert_int_equal(end_of_data(), whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(data_ends_where_the_binary_does, open_image, close_image),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_not_believed, open_image, close_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
