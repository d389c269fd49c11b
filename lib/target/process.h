/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc tells about a process without stopping it: identity, mappings, memory figures, the files behind its
 * mappings. A core file fills the same structure from its notes.
 */
#ifndef HS_PROCESS_H
#define HS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "array.h"
#include "container_id.h"
#include "error.h"
#include "exec_id.h"

/* One line of /proc/PID/maps. */
struct hs_mapping {
	hs_addr start;
	hs_addr end;          /* exclusive */
	uint64_t file_offset;
	uint32_t device_major, device_minor;
	uint64_t inode;       /* 0: no file */
	char permissions[5];  /* "rw-p" */
	bool is_deleted;      /* the path ended in " (deleted)"; `path` has it removed */
	char *path;           /* "" for plain anonymous memory, "[heap]", "[anon:…]", or a path in the target's root; never NULL */
};

HS_ARRAY_TYPE(hs_mappings, struct hs_mapping);

struct hs_file_finder;

struct hs_process {
	pid_t pid;
	pid_t memory_tid;       /* the thread whose /proc entries show the memory: pid, or another when the main thread has exited */
	uint64_t start_time;    /* clock ticks since boot, field 22 of /proc/PID/stat: with boot_id it names the process */
	uint64_t pid_namespace; /* inode of the namespace that `pid` is a number in: that of who reads it; 0: unknown */
	uint64_t exec_id;       /* changes when it becomes another program; 0: unknown */
	char boot_id[37];
	char container_id[HS_CONTAINER_ID_BYTES]; /* "": in none that is known */
	char comm[17];
	char state;             /* as in /proc/PID/stat: R S D T t Z X I */
	pid_t tracer_pid;       /* 0: none */
	uint64_t rss_bytes;
	uint64_t uptime_ms;     /* since its start */
	char *exe_path;         /* as the target's root names it, " (deleted)" removed */
	char *script;           /* program and script of argv ("python3 app.py"), never further arguments; for the header */
	struct hs_mappings mappings; /* by ascending address */
	uint8_t *auxv;          /* owned: what the kernel gave the program at its start, as /proc/PID/auxv has it; NULL: unknown */
	size_t auxv_bytes;
	struct hs_file_finder *files; /* of a process that was read from a file: where its own files are; owned. NULL: it is in /proc */
};

/*
 * Reads all of the above. The process is not stopped, so the parts may be of slightly different moments.
 * Errors: GONE (a zombie, too), PERMISSION (with the remedy as hint), NOT_CPYTHON for a kernel thread, 32-bit: UNSUPPORTED.
 */
struct hs_error *hs_process_read(pid_t pid, struct hs_process **ret) HS_MUST_CHECK;
/* Whether it still runs, cheaply: that PID, if it began then. What is a zombie, in all its threads, does not. */
bool hs_process_is_there(pid_t pid, uint64_t start_time);
/* NULL is legal. */
void hs_process_destroy(struct hs_process *process);

static inline void hs_cleanup_process(struct hs_process **process)
{
	hs_process_destroy(*process);
}

/* Parses the text of a maps file; `text` need not end in a NUL. Errors: BAD_DATA with the line. */
struct hs_error *hs_mappings_parse(const char *text, size_t bytes, struct hs_mappings *ret) HS_MUST_CHECK;
void hs_mappings_free(struct hs_mappings *mappings);
/* Index of the first mapping that ends above `address` (which may lie before it, too); mappings->n when there is none. */
size_t hs_mappings_find(const struct hs_mappings *mappings, hs_addr address);
/* Do two mappings, of two reads of the same process, show the same part of the same file at the same place? */
bool hs_mapping_is_same(const struct hs_mapping *a, const struct hs_mapping *b);

/*
 * Opens the file behind a mapping, read-only, close-on-exec: by /proc/PID/map_files, then its path as it is, then
 * /proc/PID/root + path; the last two only if device and inode agree. Of a process that was read from a file: by path, if the file's beginning is what was mapped.
 * The caller closes *ret_fd.
 * Errors: LOOKUP when no way leads to the very file that is mapped (deleted without CAP_CHECKPOINT_RESTORE, …).
 */
struct hs_error *hs_process_open_mapping(const struct hs_process *process, const struct hs_mapping *mapping, int *ret_fd) HS_MUST_CHECK;

/*
 * Reads memory that never changes and that an image need not hold (code, ELF headers): from a living process, else from what a core
 * has of it or from the file that was mapped there. Errors: FAULT, GONE, PERMISSION.
 */
struct hs_error *hs_process_read_constant(const struct hs_process *process, hs_addr address, void *ret, size_t bytes) HS_MUST_CHECK;

#define HS_PROCESS_ROOT_BYTES 4096
/* Where the target's root directory is to be seen from here, for files that are not mapped: to be put before a path. */
void hs_process_root(const struct hs_process *process, char ret[HS_PROCESS_ROOT_BYTES]);

/* Copies up to `bytes` from the running target (not stopped; process_vm_readv, then /proc/PID/mem). */
struct hs_error *hs_process_peek(pid_t pid, hs_addr address, void *ret, size_t bytes) HS_MUST_CHECK;

#endif
