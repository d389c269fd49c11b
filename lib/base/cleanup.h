/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope guards: a variable declared with one of these is released when its scope ends.
 * `hs_take(p)` moves a guarded pointer out of its guard (returns it and leaves NULL behind).
 */
#ifndef HS_CLEANUP_H
#define HS_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HS_CLEANUP(function) __attribute__((cleanup(function)))

static inline void hs_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void hs_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void hs_cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define HS_FREE HS_CLEANUP(hs_cleanup_free)
#define HS_CLOSE HS_CLEANUP(hs_cleanup_close)
#define HS_FCLOSE HS_CLEANUP(hs_cleanup_fclose)

#define hs_take(pointer)                              \
	({                                            \
		__typeof__(pointer) hs_taken = (pointer); \
		(pointer) = NULL;                     \
		hs_taken;                             \
	})

#endif
