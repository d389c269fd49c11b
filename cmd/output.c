/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a finished result. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "new_file.h"

static struct hs_error *write_all(int fd, const char *text, size_t bytes, const char *path)
{
	while (bytes) {
		ssize_t written = write(fd, text, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return hs_error_os(errno, "cannot write %s", path);
		text += written;
		bytes -= (size_t)written;
	}
	return NULL;
}

static struct hs_error *replace_file(const char *path, const char *text, size_t bytes)
{
	HS_CLEANUP(hs_new_file_discard) struct hs_new_file file = { .fd = -1 };

	HS_TRY(hs_new_file_open(path, true, &file));
	HS_TRY(write_all(file.fd, text, bytes, path));
	return hs_new_file_commit(&file);
}

struct hs_error *hs_output_check(const char *path)
{
	struct stat status;

	if (!path)
		return NULL;
	bool is_new = stat(path, &status);
	if (!is_new && S_ISDIR(status.st_mode))
		return hs_error_os(EISDIR, "cannot write %s", path);
	if (!is_new && !S_ISREG(status.st_mode))
		return eaccess(path, W_OK) ? hs_error_os(errno, "cannot write %s", path) : NULL;
	/* a file is replaced: its own mode does not matter, that of its directory does */
	HS_FREE char *copy = strdup(path);
	if (!copy)
		return hs_error_no_memory();
	return eaccess(dirname(copy), W_OK | X_OK) ? hs_error_os(errno, "cannot write %s", path) : NULL;
}

struct hs_error *hs_output_write(const char *path, const char *text, size_t bytes)
{
	struct stat status;

	if (!path)
		return write_all(STDOUT_FILENO, text, bytes, "standard output");
	if (stat(path, &status) || S_ISREG(status.st_mode))
		return replace_file(path, text, bytes);

	HS_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return hs_error_os(errno, "cannot write %s", path);
	return write_all(fd, text, bytes, path);
}

struct hs_style hs_output_style(const struct hs_output_options *options)
{
	return hs_style_for(options->path ? NULL : stdout, options->colour);
}

struct hs_error *hs_output_render(const struct hs_output_options *options,
				  struct hs_error *(*render)(FILE *out, const struct hs_output_options *options, const void *context),
				  const void *context)
{
	HS_FREE char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return hs_error_no_memory();
	struct hs_error *error = render(out, options, context);
	if (fclose(out) && !error)
		error = hs_error_no_memory();
	return error ? error : hs_output_write(options->path, text, bytes);
}

#define STREAM_BUFFER_BYTES ((size_t)1 << 20)

/* Takes over `fd`. */
static struct hs_error *render_to(int fd, const char *path, struct hs_error *(*render)(FILE *out, const void *context), const void *context)
{
	HS_FCLOSE FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out) {
		int os_errno = errno;
		if (fd >= 0)
			close(fd);
		return hs_error_os(os_errno, "cannot write %s", path);
	}
	setvbuf(out, NULL, _IOFBF, STREAM_BUFFER_BYTES);
	HS_TRY(render(out, context));
	if (fflush(out) || ferror(out))
		return hs_error_os(errno, "cannot write %s", path);
	return NULL;
}

static struct hs_error *stream_to_new_file(const char *path, struct hs_error *(*render)(FILE *out, const void *context), const void *context)
{
	HS_CLEANUP(hs_new_file_discard) struct hs_new_file file = { .fd = -1 };

	HS_TRY(hs_new_file_open(path, true, &file));
	HS_TRY(render_to(fcntl(file.fd, F_DUPFD_CLOEXEC, 0), path, render, context));
	return hs_new_file_commit(&file);
}

struct hs_error *hs_output_stream(const struct hs_output_options *options, struct hs_error *(*render)(FILE *out, const void *context),
				  const void *context)
{
	const char *path = options->path ? options->path : "standard output";
	struct stat status;

	if (options->path && (stat(path, &status) || S_ISREG(status.st_mode)))
		return stream_to_new_file(path, render, context);
	int fd = options->path ? open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) : dup(STDOUT_FILENO);
	return render_to(fd, path, render, context);
}
