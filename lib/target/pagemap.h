/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages of a live process exist, out of /proc/PID/pagemap. Private to lib/target. */
#ifndef HS_PAGEMAP_H
#define HS_PAGEMAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "plan.h"

struct hs_pagemap {
	int fd;        /* -1: this kernel shows none; then every page of a mapping counts as present */
	bool can_scan; /* until PAGEMAP_SCAN fails once */
};

/* `tid`: see hs_process.memory_tid. Open it anew under the stop: after an exec the old one shows the old memory. */
struct hs_error *hs_pagemap_open(pid_t tid, struct hs_pagemap *ret) HS_MUST_CHECK;
void hs_pagemap_close(struct hs_pagemap *pagemap);
/* The page source over it; borrows `pagemap`. */
struct hs_page_source hs_pagemap_source(struct hs_pagemap *pagemap);

#endif
