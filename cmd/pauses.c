/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of pauses, from one capture to the next. */
#include "pauses.h"

struct hs_error *hs_pauses_move(struct hs_pauses *pauses, struct hs_pauses *more)
{
	if (!hs_array_reserve(pauses, pauses->n + more->n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < more->n; i++)
		pauses->items[pauses->n++] = more->items[i];
	hs_array_free(more);
	return NULL;
}

static void add_up(struct hs_capture *capture)
{
	capture->pause_ns = 0;
	for (size_t i = 0; i < capture->pauses_ns.n; i++)
		capture->pause_ns += capture->pauses_ns.items[i];
}

struct hs_error *hs_pauses_put_before(struct hs_capture *capture, struct hs_pauses *earlier)
{
	/* a file says by itself what the sum is */
	if (!earlier->n)
		return NULL;
	HS_TRY(hs_pauses_move(earlier, &capture->pauses_ns));
	capture->pauses_ns = *earlier;
	*earlier = (struct hs_pauses){ 0 };
	add_up(capture);
	return NULL;
}

struct hs_error *hs_pauses_put_behind(struct hs_capture *capture, struct hs_pauses *later)
{
	if (!later->n)
		return NULL;
	HS_TRY(hs_pauses_move(&capture->pauses_ns, later));
	add_up(capture);
	return NULL;
}
