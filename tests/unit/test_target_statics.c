/* SPDX-License-Identifier: Apache-2.0 */
/* Where static storage ends: by program headers, without them, with ones that lie. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statics.h"

#define BASE ((hs_addr)0x7f0000000000)
#define DATA (BASE + 0x3000)
#define BSS (BASE + 0x5000)
#define MIB ((hs_addr)1 << 20)

struct binary {
	uint8_t page[HS_PAGE_BYTES];
	bool is_copied;
};

static const void *at(void *context, hs_addr address, size_t bytes)
{
	struct binary *binary = context;

	if (!binary->is_copied || address < BASE || address + bytes > BASE + HS_PAGE_BYTES)
		return NULL;
	return binary->page + (address - BASE);
}

/* Two segments: text, then data whose memory goes on behind its file. */
static struct binary binary_with(uint64_t vaddr, uint64_t memory_bytes, uint16_t n_headers)
{
	struct binary binary = { .is_copied = true };
	Elf64_Ehdr header = { .e_phoff = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = n_headers };
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_LOAD, .p_vaddr = vaddr, .p_filesz = 0x2000, .p_memsz = 0x2000 },
		{ .p_type = PT_DYNAMIC, .p_vaddr = UINT64_MAX, .p_memsz = UINT64_MAX },
		{ .p_type = PT_LOAD, .p_vaddr = vaddr + 0x3e00, .p_offset = 0x2e00, .p_filesz = 0x1200, .p_memsz = memory_bytes },
	};

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	memcpy(binary.page, &header, sizeof(header));
	memcpy(binary.page + sizeof(header), segments, sizeof(segments));
	return binary;
}

static hs_addr end_of_data(struct binary *binary, hs_addr behind_bytes)
{
	struct hs_mapping items[] = {
		{ .start = BASE, .end = BASE + 0x3000, .inode = 7, .permissions = "r-xp", .path = (char *)"/lib/x.so" },
		{ .start = DATA, .end = BSS, .file_offset = 0x2000, .inode = 7, .permissions = "rw-p", .path = (char *)"/lib/x.so" },
		{ .start = BSS, .end = BSS + behind_bytes, .permissions = "rw-p", .path = (char *)"" },
	};
	const struct hs_mappings mappings = { .items = items, .n = 3, .capacity = 3 };
	const struct hs_copied_bytes copied = { at, binary };
	struct hs_image *image = NULL;
	size_t n;

	assert_null(hs_image_create(&image));
	assert_null(hs_statics_add(image, &mappings, &copied));
	assert_null(hs_image_seal(image));
	const struct hs_static_range *ranges = hs_image_static_ranges(image, &n);
	assert_true(n >= 1);
	hs_addr end = ranges[n - 1].end;
	assert_false(hs_image_is_static(image, end));
	hs_image_destroy(image);
	return end;
}

static void the_binary_says_where_its_bss_ends(void **state)
{
	(void)state;
	for (unsigned is_fixed = 0; is_fixed < 2; is_fixed++) {
		uint64_t vaddr = is_fixed ? BASE : 0;
		struct binary small = binary_with(vaddr, 0x1201, 3), large = binary_with(vaddr, 0x9000, 3), none = binary_with(vaddr, 0x1200, 3);
		assert_int_equal(end_of_data(&small, MIB), BSS + 0x1000);
		assert_int_equal(end_of_data(&large, MIB), BASE + 0xd000);
		assert_int_equal(end_of_data(&none, MIB), BSS);
		/* what it says is bounded by what is mapped */
		assert_int_equal(end_of_data(&large, 0x2000), BSS + 0x2000);
	}
}

static void without_headers_it_is_guessed(void **state)
{
	struct binary absent = { .is_copied = false }, zeros = { .is_copied = true }, many = binary_with(0, 0x1201, 1000);

	(void)state;
	assert_int_equal(end_of_data(&absent, MIB), BSS + MIB);
	assert_int_equal(end_of_data(&absent, 64 * MIB), BSS + 4 * MIB);
	assert_int_equal(end_of_data(&zeros, MIB), BSS + MIB);
	assert_int_equal(end_of_data(&many, MIB), BSS + MIB);
}

static void headers_that_lie_stay_within_the_mapping(void **state)
{
	static const uint64_t lies[] = { UINT64_MAX, (uint64_t)1 << 63, (uint64_t)1 << 46 };

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct binary binary = binary_with(0, lies[i], 3);
		hs_addr end = end_of_data(&binary, MIB);
		assert_true(end >= BSS && end <= BSS + MIB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_binary_says_where_its_bss_ends),
		cmocka_unit_test(without_headers_it_is_guessed),
		cmocka_unit_test(headers_that_lie_stay_within_the_mapping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
