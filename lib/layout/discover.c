/* SPDX-License-Identifier: Apache-2.0 */
#include "discover.h"

#include "debug_offsets.h"

struct hs_error *hs_layout_discover(const struct hs_image *image, struct hs_layout *layout)
{
	hs_debug_offsets_apply(image, layout);
	return NULL;
}
