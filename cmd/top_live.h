/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between samples: how many objects of a type there may be by now, told by the lengths of the containers that are watched and by what came
 * with their last items. An estimate, which only the history of a type shows.
 */
#ifndef HS_TOP_LIVE_H
#define HS_TOP_LIVE_H

#include "data.h"
#include "top_pages.h"
#include "watch.h"

/* A type that comes with the items of a container. */
struct hs_top_tracked {
	hs_addr container;
	uint64_t length; /* of the container, at the sample */
	uint64_t key;    /* of the type's row */
	uint64_t count;  /* of its objects, at the sample */
	double per_item;
};

HS_ARRAY_TYPE(hs_top_tracked_list, struct hs_top_tracked);

/* Of the containers watched since the last sample of the source, whose heap is open. Replaces what *ret had. Errors: NO_MEMORY. */
struct hs_error *hs_top_live_track(const struct hs_top_source *source, const struct hs_watch_targets *targets, struct hs_top_tracked_list *ret) HS_MUST_CHECK;
/* A row for each type of the list, as many as there is room for. */
size_t hs_top_live_read(struct hs_watch *watch, const struct hs_top_tracked_list *tracked, struct hs_live_row *ret, size_t room);

#endif
