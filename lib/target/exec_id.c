/* SPDX-License-Identifier: Apache-2.0 */
/* Reading AT_RANDOM of a process. */
#include "exec_id.h"

#include <elf.h>
#include <string.h>

#include "cleanup.h"
#include "process.h"
#include "proc_file.h"

uint64_t hs_auxv_random(const void *auxv, size_t bytes)
{
	Elf64_auxv_t entry;

	for (size_t at = 0; bytes - at >= sizeof(entry); at += sizeof(entry)) {
		memcpy(&entry, (const uint8_t *)auxv + at, sizeof(entry));
		if (entry.a_type == AT_RANDOM)
			return entry.a_un.a_val;
	}
	return 0;
}

uint64_t hs_exec_id_of(const uint64_t words[2])
{
	return words[0] ^ (words[1] << 1 | words[1] >> 63);
}

uint64_t hs_exec_id_read(pid_t tid)
{
	HS_FREE char *auxv = NULL;
	size_t bytes = 0;
	uint64_t words[2] = { 0 };
	struct hs_error *error = hs_proc_read(tid, "auxv", &auxv, &bytes);
	hs_addr address = error ? 0 : hs_auxv_random(auxv, bytes);

	if (address)
		error = hs_process_peek(tid, address, words, sizeof(words));
	hs_error_destroy(error);
	return hs_exec_id_of(words);
}
