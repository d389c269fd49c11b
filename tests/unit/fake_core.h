/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small core file as the kernel would write it:
 *
 *   0x400000       r--  page 0 of FAKE_CORE_EXE: ELF header, build-id
 *   0x401000       r-x  page 1 of it, not in the file
 *   0x402000       rw-  page 2 of it
 *   0x403000       rw-  .bss
 *   0x600000       rw-  the heap: a page with a pattern, a page of zeros
 *   0x7f0000000000 rw-  three pages, of which the file has two
 *   0x7f0000010000 r--  page 0 of FAKE_CORE_LIBRARY, which was deleted; a page that only NT_FILE tells of follows it
 *   0x7ffc00000000 rw-  the stack
 *   vsyscall
 */
#ifndef FAKE_CORE_H
#define FAKE_CORE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_CORE_EXE "/usr/bin/fake-python3.11"
#define FAKE_CORE_LIBRARY "/usr/lib/fake.so"
#define FAKE_CORE_PID 4242
#define FAKE_CORE_HEAP 0x600000u
#define FAKE_CORE_ANONYMOUS 0x7f0000000000u
#define FAKE_CORE_STACK 0x7ffc00000000u

enum { FAKE_CORE_MAX_HEADERS = 12 };

struct fake_core {
	uint8_t *bytes;
	size_t n_bytes;
	/* Places in `bytes`, to be changed by tests; good as long as `bytes` is. */
	Elf64_Ehdr *header;
	Elf64_Phdr *program_headers; /* the first is the notes' */
	size_t n_headers;
	size_t notes_offset, notes_bytes, files_offset; /* of the descriptor of NT_FILE */
};

void fake_core_make(struct fake_core *core);
/* With the number of program headers in the first section's header. */
void fake_core_make_extended(struct fake_core *core);
void fake_core_free(struct fake_core *core);
/* The program header of the segment at that address. */
Elf64_Phdr *fake_core_segment(const struct fake_core *core, uint64_t address);

/* The page of the executable at `index`, as its file would have it. */
void fake_core_exe_page(unsigned index, uint8_t ret[4096]);

#endif
