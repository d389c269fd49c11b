/* SPDX-License-Identifier: Apache-2.0 */
/* An arbitrary file as an interpreter's binary, or as its debug file: symbols, data, dynamic section, DWARF. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dwarf_query.h"
#include "elf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static bool look_at(void *context, const char *text)
{
	return *(size_t *)context += text[0], false;
}

static void read_symbols(const struct hs_elf_file *file)
{
	const char *const names[] = { "_PyRuntime", "arenas", "sample_static", "PyType_Type" };
	hs_addr found[4] = { 0 };
	uint8_t buffer[64];
	size_t sum = 0, n;

	hs_elf_find_symbols(file, names, 4, found);
	for (size_t i = 0; i < 4; i++)
		hs_elf_read(file, found[i], buffer, sizeof(buffer));
	for (int64_t tag = 1; tag < 30; tag += 14)
		hs_elf_dynamic_strings(file, tag, look_at, &sum);
	const struct hs_elf_segment *segments = hs_elf_segments(file, &n);
	for (size_t i = 0; i < n; i++)
		hs_elf_load_bias(file, 0x1000, segments[i].file_offset, segments[i].is_executable, &found[0]);
}

static void read_dwarf(const struct hs_elf_file *file)
{
	struct hs_dwarf_member members[] = { { .path = "inner.value" }, { .path = "narrow|state.kind" }, { .path = "ob_type" } };
	struct hs_dwarf_query query = { 0 };
	struct hs_dwarf_struct *wanted = hs_array_append(&query.structs);
	struct hs_dwarf_variable *variable = hs_array_append(&query.variables);

	if (!wanted || !variable)
		abort();
	*wanted = (struct hs_dwarf_struct){ .names = "sample_outer|sample_bits|_object", .members = members, .n_members = 3 };
	variable->name = "sample_static";
	hs_error_destroy(hs_dwarf_lookup(file, NULL, &query));
	hs_array_free(&query.structs.items[0].others);
	hs_array_free(&query.structs);
	hs_array_free(&query.variables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct hs_elf_file *file = NULL;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes)
		abort();
	struct hs_error *error = hs_elf_open(fd, "fuzz", &file);
	close(fd);
	if (error) {
		hs_error_destroy(error);
		return 0;
	}
	read_symbols(file);
	read_dwarf(file);
	hs_elf_close(file);
	return 0;
}
