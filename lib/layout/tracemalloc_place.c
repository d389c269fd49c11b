/* SPDX-License-Identifier: Apache-2.0 */
/* From names of variables and members to addresses. Reads nothing. */
#include "tracemalloc_place.h"

static struct hs_tracemalloc_place place_of_statics(const struct hs_layout *layout)
{
	return (struct hs_tracemalloc_place){
		.config = HS_ADDRESS_OF(layout, _Py_tracemalloc_config),
		.traces = HS_ADDRESS_OF(layout, tracemalloc_traces),
		.domains = HS_ADDRESS_OF(layout, tracemalloc_domains),
		.traced_memory = HS_ADDRESS_OF(layout, tracemalloc_traced_memory),
		.peak_traced_memory = HS_ADDRESS_OF(layout, tracemalloc_peak_traced_memory),
		.tables_lock = HS_ADDRESS_OF(layout, tables_lock),
	};
}

struct hs_tracemalloc_place hs_tracemalloc_place(const struct hs_layout *layout)
{
#define AT(name) (state + (hs_addr)HS_OFFSET(layout, tracemalloc_state, name))
	hs_addr state = HS_ADDRESS_OF(layout, _PyRuntime) + (hs_addr)HS_OFFSET(layout, PyRuntimeState, tracemalloc);

	if (!HS_HAS(layout, tracemalloc_state, config))
		return place_of_statics(layout);
	if (layout->tracemalloc_is_unknown)
		return (struct hs_tracemalloc_place){ 0 };
	return (struct hs_tracemalloc_place){
		.config = AT(config),
		.traces = AT(traces),
		.domains = AT(domains),
		.traced_memory = AT(traced_memory),
		.peak_traced_memory = AT(peak_traced_memory),
		.tables_lock = AT(tables_lock),
		.lock_is_mutex = layout->fields[HS_FIELD_tracemalloc_state_tables_lock].bytes == 1,
	};
#undef AT
}
