/* SPDX-License-Identifier: Apache-2.0 */
/* Opens source files below the target's root, or where the files of a core are, and keeps the latest ones. A name is the target's: no link leads out of its root. */
#include "source_lines.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define MAX_FILE_BYTES ((off_t)8 << 20) /* more is no source that people write */
#define N_KEPT 16

/* A file as it was read; text NULL: it cannot be. */
struct kept_file {
	char *path; /* NULL: a free place */
	char *text;
	size_t bytes;
};

struct hs_source_lines {
	const struct hs_process *process;
	struct kept_file files[N_KEPT];
	unsigned next; /* place to use next */
};

struct hs_source_lines *hs_source_lines_open(const struct hs_process *process)
{
	struct hs_source_lines *lines = calloc(1, sizeof(*lines));

	if (lines)
		lines->process = process;
	return lines;
}

static void release_file(struct kept_file *file)
{
	free(file->path);
	free(file->text);
	*file = (struct kept_file){ 0 };
}

void hs_source_lines_close(struct hs_source_lines *lines)
{
	for (unsigned i = 0; lines && i < N_KEPT; i++)
		release_file(&lines->files[i]);
	free(lines);
}

static int open_directory(const struct hs_process *process, const char *name)
{
	char path[HS_PROCESS_ROOT_BYTES];

	/* of a file, the working directory is not known, and the process may be another by now */
	if (process->files && strcmp(name, "root"))
		return -1;
	if (process->files)
		hs_process_root(process, path);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)process->memory_tid, name);
	if (!path[0])
		strcpy(path, "/");
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * Links are followed as the target would, with its root as theirs. The kernel can do that for names below the root since 5.6; a relative
 * name must not leave the working directory, which it seldom does.
 */
static int open_in_target(const struct hs_process *process, const char *path)
{
	bool is_absolute = path[0] == '/';
	HS_CLOSE int directory = open_directory(process, is_absolute ? "root" : "cwd");
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = (is_absolute ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) | RESOLVE_NO_MAGICLINKS,
	};

	return directory < 0 ? -1 : (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

/* The whole of a file into *file; its text stays NULL when it is none to be read. */
static void read_file(const struct hs_process *process, const char *path, struct kept_file *file)
{
	HS_CLOSE int fd = open_in_target(process, path);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size > MAX_FILE_BYTES)
		return;
	HS_FREE char *text = malloc((size_t)status.st_size + 1);
	while (text && file->bytes < (size_t)status.st_size) {
		ssize_t n = read(fd, text + file->bytes, (size_t)status.st_size - file->bytes);
		if (n <= 0)
			break;
		file->bytes += (size_t)n;
	}
	file->text = hs_take(text);
}

static const struct kept_file *file_of(struct hs_source_lines *lines, const char *path)
{
	for (unsigned i = 0; i < N_KEPT; i++)
		if (lines->files[i].path && !strcmp(lines->files[i].path, path))
			return &lines->files[i];
	struct kept_file *file = &lines->files[lines->next];
	lines->next = (lines->next + 1) % N_KEPT;
	release_file(file);
	file->path = strdup(path);
	if (!file->path)
		return NULL;
	read_file(lines->process, path, file);
	return file;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

const char *hs_source_line(struct hs_source_lines *lines, const char *path, uint32_t number, size_t *ret_bytes)
{
	/* "<frozen importlib>", "<string>" */
	const struct kept_file *file = number && path[0] && path[0] != '<' ? file_of(lines, path) : NULL;

	if (!file || !file->text)
		return NULL;
	const char *line = file->text, *end = file->text + file->bytes;
	for (uint32_t i = 1; i < number && line; i++) {
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	if (!line || line == end)
		return NULL;
	const char *stop = memchr(line, '\n', (size_t)(end - line));
	stop = stop ? stop : end;
	while (line < stop && is_blank(*line))
		line++;
	while (stop > line && is_blank(stop[-1]))
		stop--;
	*ret_bytes = (size_t)(stop - line);
	return line;
}
