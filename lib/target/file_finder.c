/* SPDX-License-Identifier: Apache-2.0 */
/* Opens files by the names that a core has for them, and compares them with what the core holds of them. */
#include "file_finder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "elf_identity.h"
#include "file_source_ops.h"

#define MAX_PARTS 64 /* that a file is mapped in: a loader maps five or so */

struct hs_file_finder {
	struct hs_core_file *core;
	char *exe;
	char *root; /* without a slash at its end; "": the host's own */
};

void hs_file_finder_destroy(struct hs_file_finder *finder)
{
	if (!finder)
		return;
	hs_core_file_close(finder->core);
	free(finder->exe);
	free(finder->root);
	free(finder);
}

struct hs_error *hs_file_finder_create(struct hs_core_file *core, const char *exe, const char *root, struct hs_file_finder **ret)
{
	struct hs_file_finder *finder = calloc(1, sizeof(*finder));

	if (!finder) {
		hs_core_file_close(core);
		return hs_error_no_memory();
	}
	finder->core = core;
	finder->exe = exe ? strdup(exe) : NULL;
	finder->root = strdup(root ? root : "");
	if ((exe && !finder->exe) || !finder->root) {
		hs_file_finder_destroy(finder);
		return hs_error_no_memory();
	}
	for (size_t n = strlen(finder->root); n && finder->root[n - 1] == '/'; n--)
		finder->root[n - 1] = '\0';
	*ret = finder;
	return NULL;
}

const char *hs_file_finder_root(const struct hs_file_finder *finder)
{
	return finder->root;
}

const struct hs_core_file *hs_file_finder_core(const struct hs_file_finder *finder)
{
	return finder->core;
}

/* The first bytes of a file as they were mapped. */
struct mapped_start {
	const struct hs_core_file *core;
	hs_addr start;
};

static bool read_mapped(void *context, uint64_t offset, void *ret, size_t bytes)
{
	const struct mapped_start *mapped = context;

	return offset <= UINT32_MAX && hs_core_file_memory(mapped->core, mapped->start + offset, ret, bytes);
}

static bool read_file(void *context, uint64_t offset, void *ret, size_t bytes)
{
	size_t n = 0;
	struct hs_error *error = hs_file_read_at(*(int *)context, offset, ret, bytes, &n);

	hs_error_destroy(error);
	return !error && n == bytes;
}

/* The mapping of the same file's first byte at or before `mapping`; the nearest, for files that are mapped twice. NULL: none. */
static const struct hs_mapping *first_of_file(const struct hs_process *process, const struct hs_mapping *mapping)
{
	const struct hs_mapping *first = process->mappings.items;

	for (const struct hs_mapping *at = mapping; at >= first && mapping - at < MAX_PARTS; at--)
		if (at->inode == mapping->inode && at->device_major == mapping->device_major && at->device_minor == mapping->device_minor &&
		    !at->file_offset)
			return at;
	return NULL;
}

enum likeness {
	SAME,
	DIFFERENT,
	UNKNOWN, /* the core does not hold how it began */
};

static enum likeness compare(const struct hs_process *process, const struct hs_mapping *mapping, int fd)
{
	const struct hs_mapping *first = first_of_file(process, mapping);
	struct mapped_start mapped = { process->files->core, first ? first->start : 0 };
	struct hs_elf_identity its, ours;
	char byte;

	if (!first || !read_mapped(&mapped, 0, &byte, 1) || !hs_elf_identity_read(read_mapped, &mapped, &its))
		return UNKNOWN;
	return hs_elf_identity_read(read_file, &fd, &ours) && hs_elf_identity_is_same(&its, &ours) ? SAME : DIFFERENT;
}

struct hs_error *hs_file_finder_check_exe(const struct hs_process *process)
{
	const char *exe = process->files->exe;
	HS_CLOSE int fd = exe ? open(exe, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

	if (exe && fd < 0)
		return hs_error_os(errno, "%s", exe);
	for (size_t i = 0; exe && i < process->mappings.n; i++) {
		const struct hs_mapping *mapping = &process->mappings.items[i];
		if (mapping->inode && !strcmp(mapping->path, process->exe_path) && compare(process, mapping, fd) == DIFFERENT)
			return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "%s is not the executable of the core: its build-id is another", exe),
					     "the core was made of %s", mapping->path);
	}
	return NULL;
}

/* How far a search came: what to tell when it finds nothing. */
struct search {
	const struct hs_process *process;
	const struct hs_mapping *mapping;
	bool has_different; /* a file is there, and is another one */
	bool has_unproven;  /* a file is there, and nothing to compare it with */
};

static int open_at(struct search *search, bool is_named_by_user, const char *root, const char *path)
{
	char name[PATH_MAX];
	int n = snprintf(name, sizeof(name), "%s%s", root, path);
	HS_CLOSE int fd = n > 0 && (size_t)n < sizeof(name) ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode))
		return -1;
	enum likeness likeness = compare(search->process, search->mapping, fd);
	search->has_different |= likeness == DIFFERENT;
	search->has_unproven |= likeness == UNKNOWN && !is_named_by_user;
	if (likeness == DIFFERENT || (likeness == UNKNOWN && !is_named_by_user))
		return -1;
	int opened = fd;
	fd = -1;
	return opened;
}

static int open_anywhere(struct search *search)
{
	const struct hs_file_finder *finder = search->process->files;
	const char *path = search->mapping->path, *slash = strrchr(path, '/');
	bool is_exe = search->process->exe_path && !strcmp(path, search->process->exe_path);
	int fd = -1;

	if (is_exe && finder->exe)
		fd = open_at(search, true, "", finder->exe);
	if (fd < 0 && finder->root[0])
		fd = open_at(search, true, finder->root, path);
	if (fd < 0 && finder->root[0] && slash)
		fd = open_at(search, true, finder->root, slash);
	return fd >= 0 ? fd : open_at(search, false, "", path);
}

struct hs_error *hs_file_finder_open(const struct hs_process *process, const struct hs_mapping *mapping, int *ret_fd)
{
	struct search search = { .process = process, .mapping = mapping };

	if (!mapping->inode || mapping->path[0] != '/')
		return hs_error_new(HS_ERROR_LOOKUP, "no file behind the mapping at 0x%" HS_PRI_ADDR, mapping->start);
	int fd = open_anywhere(&search);
	if (fd < 0)
		return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "%s: %s", mapping->path,
						  search.has_different ? "the file here is another one than that of the core" :
						  search.has_unproven  ? "the core does not hold how that file began: it cannot be told whether this is it" :
									 "there is no such file here"),
				     "name the executable behind the core (CORE:EXE), or with --lib-search-root where the files of its host are");
	*ret_fd = fd;
	return NULL;
}
