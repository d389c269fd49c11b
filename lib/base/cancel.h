/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wish that long work ends early. Any thread may utter it; whoever works asks now and then, and gives up with CANCELLED. It stays until
 * it is taken back, so that what one pass left undone is never gone on from.
 */
#ifndef HS_CANCEL_H
#define HS_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct hs_cancel {
	atomic_bool is_wanted;
};

/* `cancel` NULL: nobody can wish that. Thread-safe, and cheap enough for every few thousand steps of a loop. */
static inline bool hs_is_cancelled(const struct hs_cancel *cancel)
{
	return cancel && atomic_load_explicit(&cancel->is_wanted, memory_order_relaxed);
}

/* The same as an error, for HS_TRY between the passes of some work. */
static inline struct hs_error *hs_check_cancelled(const struct hs_cancel *cancel)
{
	return hs_is_cancelled(cancel) ? hs_error_new(HS_ERROR_CANCELLED, "given up") : NULL;
}

#endif
