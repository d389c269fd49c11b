/* SPDX-License-Identifier: Apache-2.0 */
/* One path as an expression, for those who want nothing else of it. */
#include "path_groups.h"
#include "reach.h"

struct hs_error *hs_reach_expression(struct hs_reach *reach, hs_node node, bool hides_values, char *ret, size_t ret_bytes)
{
	struct hs_path *paths = NULL;
	struct hs_expression expression;
	struct hs_reach_step step;
	size_t n = 0;

	ret[0] = '\0';
	HS_TRY(hs_reach_find(reach, node, 1, &paths, &n));
	if (n) {
		size_t n_steps = paths[0].n - 1;
		hs_reach_begin(hs_reach_root_at(reach, paths[0].root), &expression, ret, ret_bytes);
		expression.hides_values = hides_values;
		for (size_t i = 0; i < n_steps; i++) {
			if (i == HS_PATH_SHOWN_STEPS && n_steps > 2 * HS_PATH_SHOWN_STEPS) {
				hs_expression_skip(&expression, n_steps - 2 * HS_PATH_SHOWN_STEPS);
				i = n_steps - HS_PATH_SHOWN_STEPS;
			}
			if (!hs_reach_step(reach, paths[0].nodes[i], paths[0].nodes[i + 1], &step))
				step = (struct hs_reach_step){ .expression = { .kind = HS_EDGE_SCAN } };
			step.expression.name = step.name;
			hs_expression_add(&expression, &step.expression);
		}
		hs_expression_end(&expression);
	}
	hs_path_list_free(paths, n);
	return NULL;
}
