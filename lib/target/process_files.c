/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the very file that a mapping maps, whatever became of its path: another mount namespace, a chroot, an upgrade that
 * replaced it. A file is accepted by device and inode, never by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "file_finder.h"
#include "process.h"

/*
 * The device number in maps is the superblock's. On overlayfs and btrfs stat() shows another one for the same file, so a
 * different device is forgiven when the way led through the target's own root and the inode agrees.
 */
static int open_if_same(const char *path, const struct hs_mapping *mapping, bool check_device)
{
	HS_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_ino != mapping->inode)
		return -1;
	if (check_device && (major(status.st_dev) != mapping->device_major || minor(status.st_dev) != mapping->device_minor))
		return -1;
	int opened = fd;
	fd = -1;
	return opened;
}

static int open_map_file(const struct hs_process *process, const struct hs_mapping *mapping)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" HS_PRI_ADDR "-%" HS_PRI_ADDR, (int)process->memory_tid,
		 mapping->start, mapping->end);
	return open(path, O_RDONLY | O_CLOEXEC);
}

struct hs_error *hs_process_open_mapping(const struct hs_process *process, const struct hs_mapping *mapping, int *ret_fd)
{
	char path[PATH_MAX + 32];

	if (process->files)
		return hs_file_finder_open(process, mapping, ret_fd);
	if (!mapping->inode || mapping->path[0] != '/')
		return hs_error_new(HS_ERROR_LOOKUP, "no file behind the mapping at 0x%" HS_PRI_ADDR, mapping->start);
	int fd = open_map_file(process, mapping);
	int why = errno;
	/* With nothing but the right to trace it, the executable can be opened, deleted or not. */
	if (fd < 0 && !strcmp(mapping->path, process->exe_path)) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)process->memory_tid);
		fd = open_if_same(path, mapping, false);
	}
	if (fd < 0)
		fd = open_if_same(mapping->path, mapping, true);
	if (fd < 0) {
		snprintf(path, sizeof(path), "/proc/%d/root%s", (int)process->memory_tid, mapping->path);
		fd = open_if_same(path, mapping, false);
	}
	if (fd < 0)
		return hs_error_hint(hs_error_new(HS_ERROR_LOOKUP, "%s: the file that is mapped cannot be opened%s (map_files: %s)",
						  mapping->path, mapping->is_deleted ? ", it was deleted" : "", strerror(why)),
				     "with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN (root) it can be read through /proc/PID/map_files");
	*ret_fd = fd;
	return NULL;
}

void hs_process_root(const struct hs_process *process, char ret[HS_PROCESS_ROOT_BYTES])
{
	if (process->files)
		snprintf(ret, HS_PROCESS_ROOT_BYTES, "%s", hs_file_finder_root(process->files));
	else
		snprintf(ret, HS_PROCESS_ROOT_BYTES, "/proc/%d/root", (int)process->memory_tid);
}
