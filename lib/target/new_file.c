/* SPDX-License-Identifier: Apache-2.0 */
/* New files, whole or not at all. Knows nothing about what is in them. */
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define OWNER_ONLY 0600
#define MAX_NAMES 100

static struct hs_error *cannot_write(const char *path, int os_errno)
{
	struct hs_error *error = hs_error_os(os_errno, "cannot write %s", path);

	return os_errno == EEXIST ? hs_error_hint(error, "it is there already; name another file, or remove it first") : error;
}

void hs_new_file_discard(struct hs_new_file *file)
{
	if (file->beside)
		unlink(file->beside);
	if (file->fd >= 0)
		close(file->fd);
	free(file->beside);
	free(file->path);
	*file = (struct hs_new_file){ .fd = -1 };
}

/* The folder of a path, owned; NULL when memory is out. */
static char *folder_of(const char *path)
{
	HS_FREE char *copy = strdup(path);

	return copy ? strdup(dirname(copy)) : NULL;
}

static struct hs_error *open_beside(struct hs_new_file *file)
{
	if (asprintf(&file->beside, "%s.XXXXXX", file->path) < 0) {
		file->beside = NULL;
		return hs_error_no_memory();
	}
	file->fd = mkostemp(file->beside, O_CLOEXEC); /* mode 0600 */
	if (file->fd >= 0)
		return NULL;
	int os_errno = errno;
	free(hs_take(file->beside));
	return cannot_write(file->path, os_errno);
}

struct hs_error *hs_new_file_open(const char *path, bool is_replacing, struct hs_new_file *ret)
{
	HS_CLEANUP(hs_new_file_discard) struct hs_new_file file = { .fd = -1, .path = strdup(path), .is_replacing = is_replacing };
	HS_FREE char *folder = folder_of(path);
	struct stat status;

	if (!file.path || !folder)
		return hs_error_no_memory();
	if (!is_replacing && !lstat(path, &status))
		return cannot_write(path, EEXIST);
	file.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, OWNER_ONLY);
	/* whatever is wrong with the folder itself, the other way says it as well */
	if (file.fd < 0)
		HS_TRY(open_beside(&file));
	*ret = file;
	file = (struct hs_new_file){ .fd = -1 };
	return NULL;
}

/* Gives a file without a name this one; an errno or 0. */
static int link_fd(int fd, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) ? errno : 0;
}

/* Gives a file without a name one beside its path. */
static struct hs_error *link_beside(struct hs_new_file *file)
{
	int failure = EEXIST;

	for (unsigned i = 0; i < MAX_NAMES && failure == EEXIST; i++) {
		uint32_t number = i;
		HS_FREE char *name = NULL;
		if (getrandom(&number, sizeof(number), 0) < 0)
			number = i;
		if (asprintf(&name, "%s.%08x", file->path, number) < 0) {
			name = NULL;
			return hs_error_no_memory();
		}
		failure = link_fd(file->fd, name);
		if (!failure)
			file->beside = hs_take(name);
	}
	return failure ? cannot_write(file->path, failure) : NULL;
}

/* Not every file system can rename without replacing; each can link. */
static int rename_to_free_name(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (link(from, to))
		return errno;
	unlink(from);
	return 0;
}

static struct hs_error *name_file(struct hs_new_file *file)
{
	int failure;

	if (!file->beside && file->is_replacing)
		HS_TRY(link_beside(file));
	if (!file->beside)
		failure = link_fd(file->fd, file->path);
	else if (file->is_replacing)
		failure = rename(file->beside, file->path) ? errno : 0;
	else
		failure = rename_to_free_name(file->beside, file->path);
	if (failure)
		return cannot_write(file->path, failure);
	free(hs_take(file->beside));
	return NULL;
}

/* A name lasts over a crash only once its folder is on the disk. */
static void sync_folder(const char *path)
{
	HS_FREE char *folder = folder_of(path);
	HS_CLOSE int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		fsync(fd);
}

struct hs_error *hs_new_file_commit(struct hs_new_file *file)
{
	HS_CLEANUP(hs_new_file_discard) struct hs_new_file mine = *file;

	*file = (struct hs_new_file){ .fd = -1 };
	if (fsync(mine.fd))
		return cannot_write(mine.path, errno);
	HS_TRY(name_file(&mine));
	sync_folder(mine.path);
	return NULL;
}
