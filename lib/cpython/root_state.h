/* SPDX-License-Identifier: Apache-2.0 */
/* Roots in the runtime's own structs: the runtime, interpreters, thread states; and in static data. */
#ifndef HS_ROOT_STATE_H
#define HS_ROOT_STATE_H

#include "root.h"

/* One call of hs_roots_visit. */
struct hs_root_visit {
	const struct hs_cpython *py;
	struct hs_types *types;
	hs_root_callback *callback;
	void *context;
};

void hs_root_visit_interpreter(const struct hs_root_visit *visit, hs_addr interpreter);
void hs_root_visit_runtime(const struct hs_root_visit *visit);
void hs_root_visit_thread(const struct hs_root_visit *visit, const struct hs_thread_state *thread);
/* False when memory is out. */
bool hs_root_visit_static_objects(const struct hs_root_visit *visit);

#endif
