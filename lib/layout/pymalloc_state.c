/* SPDX-License-Identifier: Apache-2.0 */
/* Reading `arenas` and `maxarenas`, wherever this version keeps them. */
#include "pymalloc_state.h"

static bool read_state(const struct hs_live *live, hs_addr arenas, hs_addr maxarenas, struct hs_pymalloc_state *ret)
{
	struct hs_pymalloc_state state;

	if (!hs_image_u64(live->image, arenas, &state.arenas) || !hs_image_u32(live->image, maxarenas, &state.maxarenas))
		return false;
	*ret = state;
	return true;
}

bool hs_pymalloc_state(const struct hs_live *live, struct hs_pymalloc_state *ret)
{
	const struct hs_layout *layout = live->layout;

	if (!HS_HAS(layout, PyInterpreterState, obmalloc)) {
		hs_addr arenas = HS_ADDRESS_OF(layout, arenas), maxarenas = HS_ADDRESS_OF(layout, maxarenas);

		return arenas && maxarenas && read_state(live, arenas, maxarenas, ret);
	}
	hs_addr state = hs_live_main_interpreter(live) + (hs_addr)HS_OFFSET(layout, PyInterpreterState, obmalloc);
	if (layout->fields[HS_FIELD_PyInterpreterState_obmalloc].bytes == 8) {
		state = hs_live_word(live, state, 0);
		/* 3.13+: made on first use. */
		if (!state) {
			*ret = (struct hs_pymalloc_state){ 0 };
			return true;
		}
	}
	return read_state(live, state + (hs_addr)HS_OFFSET(layout, obmalloc_state, arenas),
			  state + (hs_addr)HS_OFFSET(layout, obmalloc_state, maxarenas), ret);
}
