/* SPDX-License-Identifier: Apache-2.0 */
/* What is suspected from one sample alone, by what it is and how much it holds: growth was not observed. */
#include "suspect_internal.h"

struct hs_error *suspect_find_static(struct suspect_search *search, struct hs_suspects *ret)
{
	(void)search;
	(void)ret;
	return NULL;
}
